package theory

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"
)

// changes is what an update on half of the few, averaged over all halves, does to losses: of the half itself, of the other half, and
// of the same number of test examples.
type changes struct{ inside, outside, away float64 }

func (l *lab) changes(rate float64, m Preconditioner) changes {
	var c changes
	everything := append(append([]int(nil), l.few...), l.away...)
	before := l.Losses(everything, nil)
	halves := combin.Combinations(len(l.few), len(l.few)/2)
	weight := 1 / float64(len(halves))
	for _, places := range halves {
		after := l.Losses(everything, times(-rate, m.times(meanOf(l.rows, places))))
		floats.Sub(after, before)
		_, others := part(l.places(), places)
		c.inside += weight * mean(choose(after, places))
		c.outside += weight * mean(choose(after, others))
		c.away += weight * mean(after[len(l.few):])
	}
	return c
}

// places is 0 … N−1.
func (l *lab) places() []int {
	all := make([]int, len(l.few))
	for k := range all {
		all[k] = k
	}
	return all
}

// constant is a vector of n equal elements.
func constant(n int, x float64) []float64 {
	v := make([]float64, n)
	floats.AddConst(x, v)
	return v
}

func mean(x []float64) float64 { return floats.Sum(x) / float64(len(x)) }

// halves checks (7), (8), (9) and §4 in the mean over all choices of half of a fixed set as the training set B, where
// Cov(g^A, g^B) = (|A∩B|/|A||B| − 1/N) Σ: what overlaps are worth, and the gap to the other half and to test examples.
func (l *lab) halves() []Check {
	h := halves{lab: l, n: float64(len(l.few)), half: float64(len(l.few) / 2), square: floats.Dot(l.mean, l.mean), curvature: l.curvatureOfGap()}
	h.trace, _ = l.sigma(l.few)
	h.apart = h.square - floats.Dot(l.mean, l.Gradient(l.away, nil))
	readings, next := l.ladder(l.reach, steady, h.measure), l.ladder(l.reach, proportional, h.next)[0]
	apart := claim(readings[0], func(r reading) []float64 { return constant(len(r.predicted), -r.rate*h.square) })
	return append([]Check{
		order("(7) ◆", "the loss of A changes by −η[‖ḡ‖² + (|A∩B|/|A||B| − 1/N) tr Σ] in the mean over subsets, to O(η²)", 2, readings[0]),
		control("control: the same without what A∩B adds", order("(7) ◆", "", 2, apart)),
		order("(8) ◆", "held out: the loss of the other half changes by −η[‖ḡ‖² − tr Σ/N] in the mean, to O(η²)", 2, readings[1]),
		order("(8) ◆", "in training: the loss of the half changes by −η[‖ḡ‖² + tr Σ/N] in the mean, to O(η²)", 2, readings[2]),
		order("(9)", "the gap drifts by η tr Σ/|B| in the mean over training sets B, to O(η²)", 2, readings[3]),
		order("(9) ◆", "to the next order it drifts by −(η²/2)⟨g^B·(h^B − h^A) g^B⟩ more, to O(η³)", 3, next),
	}, h.sign(readings[4])...)
}

// halves is what predictions for the mean over halves are made of.
type halves struct {
	*lab
	n, half   float64
	square    float64 // ‖ḡ‖²
	trace     float64 // tr Σ
	curvature float64 // −½⟨g^B·(h^B − h^A) g^B⟩
	apart     float64 // ḡ·(ḡ − G_test)
}

// measure is the statements of halves, and that of §4, at one rate.
func (h halves) measure(rate float64) []pair {
	c := h.changes(rate, nil)
	var overlap pair
	for o := 0.0; o <= h.half; o++ {
		overlap.predicted = append(overlap.predicted, -rate*(h.square+(o/(h.half*h.half)-1/h.n)*h.trace))
		overlap.measured = append(overlap.measured, o/h.half*c.inside+(1-o/h.half)*c.outside)
	}
	last, drift := len(overlap.predicted)-1, rate*h.trace/h.half
	return []pair{
		overlap,
		{overlap.predicted[:1], overlap.measured[:1]},
		{overlap.predicted[last:], overlap.measured[last:]},
		{[]float64{drift}, []float64{c.outside - c.inside}},
		{[]float64{drift - rate*h.trace/h.n + h.claims.divergence*rate*h.apart}, []float64{c.away - c.inside}},
	}
}

// next is the drift of the gap to order η², at one rate.
func (h halves) next(rate float64) []pair {
	gap := 0.0
	all := combin.Combinations(len(h.few), len(h.few)/2)
	for _, places := range all {
		b, a := part(h.few, places)
		u := times(-rate, meanOf(h.rows, places))
		gap += (h.Change(a, u) - h.Change(b, u)) / float64(len(all))
	}
	return []pair{{[]float64{rate*h.trace/h.half + rate*rate*h.curvature}, []float64{gap}}}
}

// sign checks which sign G_train·(G_train − G_test) has in the drift of the gap to other data, and says so.
func (h halves) sign(readings []reading) []Check {
	opposite := claim(readings, func(r reading) []float64 {
		return []float64{r.predicted[0] - 2*h.claims.divergence*r.rate*h.apart}
	})
	derived := order("§4", "where test gradients differ, the gap drifts by η tr Σ/N + η G_train·(G_train − G_test), to O(η²)", 2, readings)
	printed := control("control: the second term with the sign that the paper prints, η G_train·(G_test − G_train)", order("§4", "", 2, opposite))
	if derived.Pass && printed.Pass {
		printed.Note = "the measurement supports + η G_train·(G_train − G_test), which follows from (9), and not the printed sign"
	}
	return []Check{derived, printed}
}

// curvatureOfGap is −½⟨g^B·(h^B − h^A) g^B⟩ over all halves B with A the other half.
func (l *lab) curvatureOfGap() float64 {
	sum := 0.0
	halves := combin.Combinations(len(l.few), len(l.few)/2)
	for _, places := range halves {
		g := meanOf(l.rows, places)
		b, a := part(l.few, places)
		sum += floats.Dot(g, l.HVP(b, nil, g)) - floats.Dot(g, l.HVP(a, nil, g))
	}
	return -sum / 2 / float64(len(halves))
}

// single checks (9) and its next order for one training and one test set.
func (l *lab) single() []Check {
	g, away := l.mean, l.Gradient(l.away, nil)
	first := floats.Dot(g, minus(g, away))
	second := -(floats.Dot(g, l.HVP(l.few, nil, g)) - floats.Dot(g, l.HVP(l.away, nil, g))) / 2
	reach, err := l.within([][]float64{g})
	if err != nil {
		l.fail(err)
		return nil
	}
	readings := l.ladder(reach, steady, func(rate float64) []pair {
		u := times(-rate, g)
		return []pair{{[]float64{rate * first}, []float64{l.Loss(l.away, u) - l.Loss(l.away, nil) - l.Loss(l.few, u) + l.Loss(l.few, nil)}}}
	})
	next := l.ladder(reach, proportional, func(rate float64) []pair {
		u := times(-rate, g)
		return []pair{{[]float64{rate*first + rate*rate*second}, []float64{l.Change(l.away, u) - l.Change(l.few, u)}}}
	})
	return []Check{
		order("(9)", "after an update on B the gap to A has changed by η g^B·(g^B − g^A), to O(η²)", 2, readings[0]),
		order("(9) ◆", "its next order is −(η²/2) g^B·(h^B − h^A) g^B, to O(η³)", 3, next[0]),
	}
}
