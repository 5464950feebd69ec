package theory

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"

	"drift/optim"
)

// modified checks the modified loss for an epoch: full-batch descent on ℓ + λ tr Σ, with the λ that training uses to emulate batches,
// arrives where SGD does in the mean over shuffles. Both are taken relative to plain descent, so that the leading terms are compared.
func (l *lab) modified(e epoch) []Check {
	n, m := len(l.few), e.m
	coefficient := emulation(e.Descent, n, m).Coefficient
	follow := func(c float64) []reading {
		all := make([]reading, len(e.drift))
		for k, r := range e.drift {
			d := e.Descent
			d.Rate = r.rate
			plain := l.Full(d, l.few, m)
			d.Lambda = c * l.claims.drift * coefficient(r.rate)
			all[k] = reading{r.rate, minus(l.Full(d, l.few, m), plain), times(-1, r.measured), r.rounding, r.spare, r.crossed}
		}
		return all
	}
	switch {
	case e.Mu != 0:
		name := fmt.Sprintf("%s, %d batches: GD on ℓ + λ tr Σ with λ = ηK/(2N Σ a) follows SGD in the mean, to O(η³)", e.describe(), m)
		return []Check{order("(13) ◆", name, 3, follow(1))}
	case m != 2:
		name := fmt.Sprintf("%d GD updates on ℓ + (%d/4) η tr Σ/N follow SGD in %d batches in the mean, to O(η³)", m, m-1, m)
		return []Check{order("(13) ◆", name, 3, follow(1))}
	}
	return []Check{
		order("(13)", "two GD updates on ℓ + ¼⟨δε⟩ follow SGD in two halves in the mean, to O(η³)", 3, follow(1)),
		control(fmt.Sprintf("control: two GD updates with the regularizer times %v", mutation), order("(13)", "", 3, follow(mutation))),
	}
}

// emulation is what training uses to follow m batches of n examples.
func emulation(d Descent, n, m int) optim.Emulation {
	return optim.Emulation{Examples: n, Batch: n / m, MomentumWeights: d.MomentumWeights}
}

// withinEpochs checks the form that Smith, Dherin, Barrett and De (2021) give the regularizer, over all subsets of each batch size:
// every batch of a shuffle is any of them with equal probability.
func (l *lab) withinEpochs() []Check {
	n := len(l.few)
	trace, _ := l.sigma(l.few)
	var theirs, ours []float64
	for _, m := range l.Batches {
		subsets := combin.Combinations(n, n/m)
		spread := 0.0
		for _, places := range subsets {
			d := minus(meanOf(l.rows, places), l.mean)
			spread += floats.Dot(d, d) / float64(len(subsets))
		}
		theirs = append(theirs, spread/4)
		ours = append(ours, float64(m-1)/4*trace/float64(n))
	}
	name := "(1/4m) Σ_k ‖ĝ_k − ḡ‖² over the batches of an epoch is in the mean ((m−1)/4) tr Σ/N (Smith et al. 2021)"
	return []Check{equal("(13) ◆", name, ours, theirs)}
}
