package theory

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// signs are those of a probe: ε_n for each example [N], and fresh ones for each step [m,N]. True stands for 1, false for −1.
type signs struct {
	lasting []bool
	fresh   [][]bool
}

// drawSigns draws those of a probe for n examples and m steps.
func drawSigns(r *rand.Rand, n, m int) signs {
	draw := func() []bool {
		all := make([]bool, n)
		for k := range all {
			all[k] = r.IntN(2) == 1
		}
		return all
	}
	s := signs{lasting: draw()}
	for range m {
		s.fresh = append(s.fresh, draw())
	}
	return s
}

// probe is two sums of responses on their way, Σ_n ε_n q_n and one with fresh signs at each step, and the parts of the estimate.
type probe struct {
	signs
	lasting, fresh, drift, diffusion motion
}

// Probes estimates SecondOrder without bias and independently count times, by random signs (package doc, "Beyond leading order"): with
// E ε_n ε_k = δ_nk a sum over examples that is quadratic in their responses is the mean of the same of one signed sum. A probe keeps a few
// vectors, and takes at each step two gradients and a Hessian product over half the examples, four Hessian products over all of them
// and two third derivatives.
func (w *World) Probes(d Descent, examples []int, m, count int, r *rand.Rand) []SecondOrder {
	all := make([]signs, count)
	for k := range all {
		all[k] = drawSigns(r, len(examples), m)
	}
	return w.probe(propagated, d, examples, m, all)
}

func (w *World) probe(p prediction, d Descent, examples []int, m int, all []signs) []SecondOrder {
	path, probes, found := w.rest(), make([]probe, len(all)), make([]SecondOrder, len(all))
	for k, s := range all {
		probes[k] = probe{s, w.rest(), w.rest(), w.rest(), w.rest()}
	}
	for t := range m {
		mean := w.Gradient(examples, path.u)
		for k := range probes {
			probes[k].step(w, p, d, examples, m, t, path.u, mean)
		}
		d.push(path, mean)
	}
	for k, x := range probes {
		found[k] = SecondOrder{x.drift.u, x.diffusion.u}
	}
	return found
}

// step moves a probe on at step t, where the path is at u and mean is ḡ there.
func (x *probe) step(w *World, p prediction, d Descent, examples []int, m, t int, u, mean []float64) {
	n := float64(len(examples))
	second, third := w.Curvature(examples, u, x.lasting.u)
	met := signed(examples, x.signs.lasting, second, func(half []int) []float64 { return w.HVP(half, u, x.lasting.u) })
	met = times(-p.population/(n*(n-1)), met)
	freshSecond, freshThird := w.Curvature(examples, u, x.fresh.u)
	spread := times(p.third*float64(m)/(2*n*(n-1)), freshThird)
	floats.AddScaled(spread, -p.population*p.third/(2*n*(n-1)), third)

	d.push(x.drift, plus(met, p.curvature, w.HVP(examples, u, x.drift.u)))
	d.push(x.diffusion, plus(spread, p.curvature, w.HVP(examples, u, x.diffusion.u)))
	gradient := func(half []int) []float64 { return w.Gradient(half, u) }
	d.push(x.lasting, plus(signed(examples, x.signs.lasting, mean, gradient), p.curvature, second))
	d.push(x.fresh, plus(signed(examples, x.signs.fresh[t], mean, gradient), p.curvature, freshSecond))
}

// signed is Σ_n ε_n (f_n − f̄), for f̄ over all examples and a function that returns the mean of f_n over some. The deviations of the
// two halves are opposite, so that one is enough: 2 Σ_{ε_n = 1} (f_n − f̄).
func signed(examples []int, positive []bool, mean []float64, over func(half []int) []float64) []float64 {
	var half []int
	for k, n := range examples {
		if positive[k] {
			half = append(half, n)
		}
	}
	if len(half) == 0 || len(half) == len(examples) {
		return make([]float64, len(mean))
	}
	return times(2*float64(len(half)), minus(over(half), mean))
}

// orthogonal is signs for n examples and m steps of which any two that meet are orthogonal over all of them, the columns of Hadamard's matrix: they
// have the second moments of random ones, so that the mean over them is what random signs have on average.
func orthogonal(n, m int) (all []signs) {
	rows := 1
	for rows < n*m {
		rows *= 2
	}
	for row := range rows {
		var s signs
		for step := range m {
			fresh := make([]bool, n)
			for k := range fresh {
				fresh[k] = bits.OnesCount(uint(row&(step*n+k)))%2 == 0
			}
			s.fresh = append(s.fresh, fresh)
		}
		s.lasting = s.fresh[0]
		all = append(all, s)
	}
	return all
}

// averaged is the mean of some estimates.
func averaged(found []SecondOrder) SecondOrder {
	mean := SecondOrder{make([]float64, len(found[0].Drift)), make([]float64, len(found[0].Drift))}
	for _, x := range found {
		floats.AddScaled(mean.Drift, 1/float64(len(found)), x.Drift)
		floats.AddScaled(mean.Diffusion, 1/float64(len(found)), x.Diffusion)
	}
	return mean
}

// joined is both parts, one after the other.
func (s SecondOrder) joined() []float64 {
	return append(append([]float64(nil), s.Drift...), s.Diffusion...)
}

// probed checks what random signs say of the prediction, exactly over orthogonal ones, and of what it leaves.
func (l *lab) probed(examples []int) []Check {
	m := len(examples)
	d := Descent{Rate: l.perStep(Descent{}, m)}
	right := l.predict(l.claims.beyond, d, examples, m)
	design := orthogonal(len(examples), m)
	found := l.probe(propagated, d, examples, m, design)
	got := averaged(found).joined()
	checks := []Check{equal("(13) ◆", fmt.Sprintf("signs, %d batches of 1: over %d orthogonal ones they have the drift and the diffusion of the recursion", m, len(design)),
		right.joined(), got)}
	wrong := func(name string, predicted, measured []float64) {
		if floats.Distance(predicted, measured, 2) > leastDifference*floats.Norm(right.joined(), 2) { // of a quadratic loss there is no diffusion
			checks = append(checks, control("control: the same "+name, equal("(13) ◆", "", predicted, measured)))
		}
	}
	wrong("with 1/N² for 1/(N(N−1))", l.predict(prediction{1, 1 - 1/float64(len(examples)), 1}, d, examples, m).joined(), got)
	wrong("without diffusion", l.predict(prediction{1, 1, 0}, d, examples, m).joined(), got)
	for k := range design {
		for step := range design[k].fresh {
			design[k].fresh[step] = design[k].lasting
		}
	}
	wrong("with the signs of the first step at all", right.joined(), averaged(l.probe(propagated, d, examples, m, design)).joined())
	return append(checks, l.products(d, examples, m, right.Both(), found)...)
}

// products checks what independent probes say of what the prediction leaves; and that single ones, here those found over orthogonal signs,
// count their noise as left.
func (l *lab) products(d Descent, examples []int, m int, both []float64, found []SecondOrder) []Check {
	const probes, precision = 60, 0.05
	apart := minus(l.OverSplits(d, examples, m), l.Full(d, examples, m))
	whole := floats.Dot(apart, apart)
	share := func(left, other []float64) float64 { return 1 - floats.Dot(left, other)/whole }
	explained, alone := share(minus(apart, both), minus(apart, both)), 0.0
	for _, x := range found {
		left := minus(apart, x.Both())
		alone += share(left, left) / float64(len(found))
	}
	var product tally
	var all Remainder
	for k, x := range l.Probes(d, examples, m, probes, l.random("probes")) {
		if all = append(all, x.Both()); k%2 == 1 {
			product.add(share(minus(apart, all[k-1]), minus(apart, all[k])))
		}
	}
	c := average("(13) ◆", "1 − ⟨D − δ₁, D − δ₂⟩/‖D‖² of independent probes is without bias what the prediction explains of ‖D‖², D = ⟨SGD⟩ − GD",
		explained, product.estimate())
	if needed := all.Needed(precision); needed > 0 {
		c.Note = fmt.Sprintf("random signs: a standard error of %.0f %% of drift and diffusion takes %d probes", 100*precision, needed)
	}
	return []Check{c, control("control: 1 − ‖D − δ‖²/‖D‖² of single probes is the same", equal("(13) ◆", "", []float64{explained}, []float64{alone}))}
}

// Needed is how many estimates have a mean whose standard error is a share of the vector's length, or 0 where these estimates are
// too few to tell the vector from noise.
func (r Remainder) Needed(share float64) int {
	n := float64(len(r))
	if n < 2 {
		return 0
	}
	mean, squares := make([]float64, len(r[0])), 0.0
	for _, v := range r {
		floats.AddScaled(mean, 1/n, v)
		squares += floats.Dot(v, v)
	}
	variance := (squares - n*floats.Dot(mean, mean)) / (n - 1) // of one estimate
	length := floats.Dot(mean, mean) - variance/n              // as products of different estimates have it
	if !(length > variance/n) {
		return 0
	}
	return max(1, int(math.Ceil(variance/(length*share*share))))
}
