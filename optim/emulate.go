package optim

import (
	"fmt"
	"math"
)

// Emulation tells how strongly full-batch descent must be regularized to follow, in the mean over shuffles, stochastic descent
// in batches of Batch among Examples: by the gradient of λ tr Σ, with λ = Coefficient(η).
type Emulation struct {
	Examples, Batch int
	Mu              float64 // momentum
	Nesterov        bool
}

// Coefficient is λ for learning rate η. Without momentum λ = ((m−1)/4)·η/N for an epoch of m = ⌈N/B⌉ batches (Roberts 2021,
// equation 13, continued to m batches), which is (η/4)(1/B − 1/N) where B divides N. A short last batch changes nothing: any two
// examples are as likely to meet in an earlier and a later batch, whatever the sizes of these. With momentum λ = ηK / (2N Σ_t a_{m−t}) with K = Σ_{s<t} a_{m−t} a_{t−s} over 0 ≤ s < t < m, where a_k is the weight that a
// gradient has in the parameters k steps later: a_k = (1−μᵏ)/(1−μ), and with Nesterov's rule a_k = (1−μᵏ⁺¹)/(1−μ).
func (e Emulation) Coefficient(rate float64) float64 {
	n, m := float64(e.Examples), (e.Examples+e.Batch-1)/e.Batch
	weight := e.Weights(m)
	var pairs, single, before float64 // before is Σ_{s<t} a_{t−s}
	for t := range m {
		pairs += weight[m-t] * before
		single += weight[m-t]
		before += weight[t+1]
	}
	return rate * pairs / (2 * n * single)
}

// Weights are a_0 … a_m: a_k is how many times its learning rate a gradient has moved the parameters after k steps.
func (e Emulation) Weights(m int) []float64 {
	weight := make([]float64, m+1)
	for k := 1; k <= m; k++ {
		power := float64(k)
		if e.Nesterov {
			power++
		}
		weight[k] = (1 - math.Pow(e.Mu, power)) / (1 - e.Mu)
	}
	return weight
}

// Check reports a batch that cannot be emulated.
func (e Emulation) Check() error {
	if e.Batch < 1 || e.Batch > e.Examples {
		return fmt.Errorf("emulating batches of %d among %d examples: give 1 to %d", e.Batch, e.Examples, e.Examples)
	}
	return nil
}
