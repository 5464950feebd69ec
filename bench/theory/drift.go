package theory

import (
	"fmt"

	"drift/optim"
)

// two checks (10) to (12) for some ways to split the few into two batches.
func (l *lab) two() []Check {
	const splits = 3
	r := l.random("(12)")
	deals := make([][][]int, splits)
	for k := range deals {
		deals[k] = shuffled(r, l.few, 2)
	}
	readings := l.ladder(l.reach/2, proportional, func(rate float64) []pair {
		var moved, differ pair
		for _, s := range deals {
			b, c := l.Gradient(s[0], nil), l.Gradient(s[1], nil)
			bc, cb := l.HVP(s[0], nil, c), l.HVP(s[1], nil, b) // h^B g^C, h^C g^B
			u := l.Follow(Descent{Rate: rate}, s)
			moved.predicted = append(moved.predicted, plus(times(-rate, plus(b, 1, c)), rate*rate, cb)...)
			moved.measured = append(moved.measured, u...)
			d := minus(b, c)
			bracket := plus(times(2, minus(l.HVP(s[0], nil, d), l.HVP(s[1], nil, d))), l.claims.antisymmetric, minus(bc, cb))
			differ.predicted = append(differ.predicted, times(rate*rate/8, bracket)...)
			differ.measured = append(differ.measured, minus(l.Full(Descent{Rate: rate}, l.few, 2), u)...)
		}
		return []pair{moved, differ}
	})
	return []Check{
		order("(10)–(11)", "two updates lead to −η(g^B + g^C) + η² h^C g^B, to O(η³)", 3, readings[0]),
		order("(12)", "GD and SGD differ in gradient by −(η/8)[∂‖g^B − g^C‖² + 4(h^B g^C − h^C g^B)], to O(η²)", 2, perUpdate(readings[1])),
	}
}

// epoch is the drift GD_m − ⟨SGD_m⟩ over shuffles of the few into m batches (World.toSecondOrder), by learning rate.
type epoch struct {
	Descent
	m     int
	drift []reading // beside K (η²/2N) M ∂tr(MΣ)
}

// epoch measures one beside ∂tr(MΣ), with updates that together reach as far as one at a learning rate below top.
func (l *lab) epoch(d Descent, m int, top float64, gradient []float64) epoch {
	e := epoch{Descent: d, m: m}
	c := l.claims.drift * d.Pairs(m) / float64(2*len(l.few))
	e.drift = l.ladder(top/d.Updates(m), proportional, func(rate float64) []pair {
		d.Rate = rate
		full := l.Full(d, l.few, m)
		return []pair{{times(c*rate*rate, d.Matrix.times(gradient)), minus(full, l.toSecondOrder(d, l.few, m))}}
	})[0]
	return e
}

// perUpdate is differences of displacements as differences in gradient, δg = −(GD − SGD)/η.
func perUpdate(drift []reading) []reading {
	all := make([]reading, len(drift))
	for k, r := range drift {
		all[k] = reading{r.rate, times(-1/r.rate, r.predicted), times(-1/r.rate, r.measured), r.rounding / r.rate, r.spare, r.crossed}
	}
	return all
}

// regularized checks (13) and what continues it: epochs of m batches and momentum, the drift itself and the modified loss that
// makes full-batch descent follow.
func (l *lab) regularized() []Check {
	var checks []Check
	_, gradient := l.sigma(l.few)
	last := l.Batches[len(l.Batches)-1]
	for _, m := range l.Batches {
		e := l.epoch(Descent{}, m, l.reach, gradient)
		if m == 2 {
			name := "GD and SGD in two halves differ in gradient by −½ ∂⟨δε⟩ = −(η/2N) ∂tr Σ in the mean over shuffles of one set, to O(η²)"
			checks = append(checks, order("(13)", name, 2, perUpdate(e.drift)))
		} else {
			name := fmt.Sprintf("%d batches an epoch: GD − ⟨SGD⟩ = (η²/2N)(%d) ∂tr Σ, to O(η³)", m, m*(m-1)/2)
			checks = append(checks, order("(13) ◆", name, 3, e.drift))
		}
		if m == last {
			large, biased := scaled(e.drift, mutation), scaled(e.drift, 1-1/float64(len(l.few)))
			checks = append(checks,
				control(fmt.Sprintf("control: %d batches with the coefficient times %v", m, mutation), order("(13) ◆", "", 3, large)),
				control(fmt.Sprintf("control: %d batches with Σ over N for N−1", m), order("(13) ◆", "", 3, biased)))
		}
		checks = append(checks, l.modified(e)...)
	}
	for _, d := range l.descents() {
		for _, m := range l.Batches[len(l.Batches)/2:] {
			e := l.epoch(d, m, l.reach, gradient)
			name := fmt.Sprintf("%s, %d batches: the factor is K = %.4g, to O(η³)", d.describe(), m, d.Pairs(m))
			checks = append(checks, order("(13) ◆", name, 3, e.drift))
			checks = append(checks, l.modified(e)...)
		}
	}
	return append(checks, l.withinEpochs()...)
}

// descents are the rules with momentum.
func (l *lab) descents() []Descent {
	var all []Descent
	for k, mu := range l.Momenta {
		all = append(all, Descent{MomentumWeights: optim.MomentumWeights{Mu: mu}})
		if k == len(l.Momenta)-1 && mu > 0 {
			all = append(all, Descent{MomentumWeights: optim.MomentumWeights{Mu: mu, Nesterov: true}})
		}
	}
	return all
}

func (d Descent) describe() string {
	if d.Nesterov {
		return fmt.Sprintf("Nesterov momentum %v", d.Mu)
	}
	return fmt.Sprintf("momentum %v", d.Mu)
}
