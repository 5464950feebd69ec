package theory

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"
)

// beyond checks the expansion to second order in the noise at one learning rate, where it claims all orders in η: the noise of
// batches is amplified around the mean gradient, which leaves full-batch descent where it is, and what the prediction leaves of
// ⟨SGD⟩ − GD must fall with the fourth power of the amplitude. Opposite amplitudes are averaged: that takes odd powers out.
func (l *lab) beyond() []Check {
	single, double := l.few[:min(5, len(l.few))], l.few[:min(6, len(l.few))]
	var checks []Check
	check := func(name string, d Descent) {
		checks = append(checks, l.amplified(name, d, single, len(single)), l.amplified(name, d, double, len(double)/2))
	}
	check("SGD", Descent{})
	for _, d := range l.descents() {
		check(d.describe(), d)
	}
	check("a constant diagonal M", Descent{Matrix: l.diagonal()})
	checks = append(checks, l.around(single), l.copied())
	checks = append(checks, l.probed(single)...)
	return append(checks, l.mistaken(single)...)
}

// amplitude is the largest of the noise beside that of batches; the checks take it from a sixty-fourth of this down.
const amplitude = 4

// amplified checks the prediction for m batches of some examples.
func (l *lab) amplified(name string, d Descent, examples []int, m int) Check {
	d.Rate = l.perStep(d, m)
	both := l.predict(l.claims.beyond, d, examples, m).Both()
	return noisy(fmt.Sprintf("%s, %d batches of %d at one η: ⟨SGD⟩ − GD is propagated drift and diffusion, to fourth order in the noise",
		name, m, len(examples)/m), l.amplify(d, examples, m, squared(both)))
}

// squared is a prediction that grows with the square of the noise's amplitude.
func squared(v []float64) func(amplitude float64) []float64 {
	return func(amplitude float64) []float64 { return times(amplitude*amplitude, v) }
}

// around checks the expansion around SGD's own mean.
func (l *lab) around(examples []int) Check {
	m := len(examples)
	d := Descent{Rate: l.perStep(Descent{}, m)}
	full := l.Full(d, examples, m)
	readings := l.amplify(d, examples, m, func(amplitude float64) []float64 { return minus(l.AroundMean(d, examples, m, amplitude), full) })
	return noisy(fmt.Sprintf("around its own mean, SGD in %d batches of 1: the same where drift and diffusion move the path on which they are taken", m), readings)
}

// perStep is a learning rate at which m steps reach as far as m of plain descent that curvature turns by a fifth each.
func (l *lab) perStep(d Descent, m int) float64 { return l.reach * float64(m) / d.Updates(m) }

// amplify measures the mean over all splits at amplitudes of the noise a factor 2 apart, beside a prediction. Amplitudes at which a unit
// changes its side of a kink, on whichever split for whichever example, do not count: expansions hold on either side.
func (l *lab) amplify(d Descent, examples []int, m int, predict func(amplitude float64) []float64) []reading {
	full := l.Full(d, examples, m)
	crossed := map[float64]bool{}
	readings := l.ladder(amplitude, steady, func(amplitude float64) []pair {
		defer l.noticeCrossings(examples, func() { crossed[amplitude] = true })()
		mean := make([]float64, len(full))
		for _, sign := range []float64{1, -1} {
			d.Whole, d.Amplitude = examples, sign*amplitude
			floats.AddScaled(mean, 0.5, l.OverSplits(d, examples, m))
		}
		return []pair{{predict(amplitude), minus(mean, full)}}
	})[0]
	for k := range readings {
		readings[k].crossed = crossed[readings[k].rate]
	}
	return readings
}

// noticeCrossings watches where descents take gradients, and calls back where a unit is on another side of its kink for one of the
// examples than at θ₀, once. What it returns ends that.
func (w *World) noticeCrossings(examples []int, found func()) (done func()) {
	w.visit = func(u []float64) {
		if share := w.crossed(examples, u); !(share <= 0) {
			w.visit = nil // found, or the network has no kinks
			if share > 0 {
				found()
			}
		}
	}
	return func() { w.visit = nil }
}

// noisy judges the error's order in the amplitude of the noise.
func noisy(name string, readings []reading) Check {
	c := order("(13) ◆", name, 4, readings)
	c.Amplitude = true
	return c
}

// mistaken are wrong predictions for batches of one example.
func (l *lab) mistaken(examples []int) []Check {
	n := len(examples)
	d := Descent{Rate: l.perStep(Descent{}, n)}
	right := l.predict(l.claims.beyond, d, examples, n)
	readings := l.amplify(d, examples, n, squared(right.Both()))
	var checks []Check
	for _, wrong := range []struct {
		name string
		prediction
	}{
		{"without propagation", prediction{population: 1, third: 1}},
		{"without diffusion", prediction{curvature: 1, population: 1}},
		{"with 1/N² for 1/(N(N−1))", prediction{curvature: 1, third: 1, population: 1 - 1/float64(n)}},
	} {
		both := l.predict(wrong.prediction, d, examples, n).Both()
		if floats.Distance(both, right.Both(), 2) < leastDifference*floats.Norm(right.Both(), 2) {
			continue // of a quadratic loss there is no diffusion
		}
		other := claim(readings, func(r reading) []float64 { return squared(both)(r.rate) })
		checks = append(checks, control(fmt.Sprintf("control: the same %s", wrong.name), noisy("", other)))
	}
	return checks
}

// leastDifference is how far a wrong prediction must be off for the amplitudes taken to show it.
const leastDifference = 1e-4

// copied checks the same for real batches, whose size b grows with copies of both of two examples: that too leaves full-batch descent
// where it is, while the noise's variance falls as 1/b, in the limit of large b.
func (l *lab) copied() Check {
	const m, sizes = 3, leastRates
	d, pair := Descent{Rate: l.perStep(Descent{}, m)}, l.few[:2]
	full := l.Full(d, pair, m)
	var readings []reading
	for k := range sizes {
		batch := 4 << k
		readings = append(readings, reading{
			rate:      1 / math.Sqrt(float64(batch)),
			predicted: l.predictCopies(l.claims.beyond, d, pair, m*batch/2, m).Both(),
			measured:  minus(l.overCopies(d, pair, batch, m), full),
			rounding:  roundedProbabilities * floats.Norm(full, 2),
		})
	}
	return noisy(fmt.Sprintf("%d batches of b = 4, 8, 16, … over copies of two examples: the same, with noise that falls as 1/√b", m), readings)
}

// roundedProbabilities bounds the relative error of a mean over batches with probabilities that are rounded some ten times.
const roundedProbabilities = 1e-14

// overCopies is OverSplits for m batches of a size over copies of a pair of examples: batches are told apart only by how many they
// hold of each.
func (w *World) overCopies(d Descent, pair []int, size, m int) []float64 {
	mean, whole := make([]float64, w.Parameters()), 0.0
	motions := make([]motion, m+1)
	for k := range motions {
		motions[k] = w.rest()
	}
	var deal func(k, first, second int, ways float64)
	deal = func(k, first, second int, ways float64) {
		if k == m {
			floats.AddScaled(mean, ways, motions[m].u)
			whole += ways
			return
		}
		all := combin.LogGeneralizedBinomial(float64(first+second), float64(size))
		own := [][]float64{w.Gradient(pair[:1], motions[k].u), w.Gradient(pair[1:], motions[k].u)}
		for c := max(0, size-second); c <= min(size, first); c++ {
			these := combin.LogGeneralizedBinomial(float64(first), float64(c)) + combin.LogGeneralizedBinomial(float64(second), float64(size-c))
			copy(motions[k+1].u, motions[k].u)
			copy(motions[k+1].v, motions[k].v)
			d.push(motions[k+1], times(1/float64(size), plus(times(float64(c), own[0]), float64(size-c), own[1])))
			deal(k+1, first-c, second-size+c, ways*math.Exp(these-all))
		}
	}
	deal(0, m*size/2, m*size/2, 1)
	return times(1/whole, mean)
}
