package optim

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// MomentumWeights is a rule of momentum as what it makes of one gradient over the steps that follow.
type MomentumWeights struct {
	Mu       float64 // 0: none
	Nesterov bool
}

// Weights are a_0 … a_m: a_k is how many times its learning rate a gradient has moved the parameters after k steps,
// (1−μᵏ)/(1−μ), and with Nesterov's rule (1−μᵏ⁺¹)/(1−μ).
func (i MomentumWeights) Weights(m int) []float64 {
	weight := make([]float64, m+1)
	for k := 1; k <= m; k++ {
		power := float64(k)
		if i.Nesterov {
			power++
		}
		weight[k] = (1 - math.Pow(i.Mu, power)) / (1 - i.Mu)
	}
	return weight
}

// Updates is Σ_t a_{m−t} over 0 ≤ t < m: how many times its learning rate an epoch of m steps along one gradient moves the
// parameters, m without momentum.
func (i MomentumWeights) Updates(m int) float64 { return floats.Sum(i.Weights(m)) }

// Pairs is K = Σ_{s<t} a_{m−t} a_{t−s} over 0 ≤ s < t < m: what the drift of an epoch of m batches is proportional to,
// m(m−1)/2 without momentum.
func (i MomentumWeights) Pairs(m int) float64 {
	weight := i.Weights(m)
	var pairs, before float64 // before is Σ_{s<t} a_{t−s}
	for t := range m {
		pairs += weight[m-t] * before
		before += weight[t+1]
	}
	return pairs
}

// Emulation tells how strongly full-batch descent must be regularized to follow, in the mean over shuffles, stochastic descent
// in batches of Batch among Examples: by the gradient of λ tr Σ, with λ = Coefficient(η).
type Emulation struct {
	Examples, Batch int
	MomentumWeights
}

// Coefficient is λ = ηK / (2N Σ_t a_{m−t}) for learning rate η and an epoch of m = ⌈N/B⌉ batches: see MomentumWeights. Without momentum it is
// ((m−1)/4)·η/N (Roberts 2021, equation 13, continued to m batches), which is (η/4)(1/B − 1/N) where B divides N. A short
// last batch changes nothing: any two examples are as likely to meet in an earlier and a later batch, whatever their sizes.
func (e Emulation) Coefficient(rate float64) float64 {
	m := (e.Examples + e.Batch - 1) / e.Batch
	return rate * e.Pairs(m) / (2 * float64(e.Examples) * e.Updates(m))
}

// Check reports a batch that cannot be emulated.
func (e Emulation) Check() error {
	if e.Batch < 1 || e.Batch > e.Examples {
		return fmt.Errorf("emulating batches of %d among %d examples: give 1 to %d", e.Batch, e.Examples, e.Examples)
	}
	return nil
}
