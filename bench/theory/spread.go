package theory

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// spreadSize is the size of the training and of the test set whose gap is seen to spread.
const spreadSize = 64

// gapSpread checks whether δε self-averages: its variance over data sets from the population.
func (l *lab) gapSpread() []Check {
	all := l.population()
	rows := l.Each(all, nil)
	losses, rate, r := l.Losses(all, nil), l.slow(1), l.random("spread of the gap")
	gaps := make([]float64, l.Draws)
	for k := range gaps {
		places := sample(r, upTo(len(all)), 2*spreadSize)
		after := l.Losses(pick(all, places), times(-rate, meanOf(rows, places[:spreadSize])))
		floats.Sub(after, choose(losses, places))
		gaps[k] = (mean(after[spreadSize:]) - mean(after[:spreadSize])) / rate
	}
	exact, gaussian := gapVariance(rows, spreadSize)
	v := variance(gaps)
	v.error *= exact / v.mean // what it would be if the prediction were true: by itself it is small where the variance is
	c := average("§4 ◆", fmt.Sprintf("spread of the gap's drift over data sets of %d: Var δε/η² from the moments of g", spreadSize), exact, v)
	ratio := math.Sqrt(c.Measured) / math.Abs(stat.Mean(gaps, nil))
	c.Note = fmt.Sprintf("one δε strays from the mean by %.2g times the mean; Gaussian gradients would have a variance of %.4g", ratio, gaussian)
	return []Check{c}
}

// gapVariance is Var δε/η² for training and test sets of n examples. With g^B = G + s and g^A = G + t, δε/η = (G + s)·(s − t), so that with
// e = g_n − G, and Σ over N,
//
//	Var = 2 GᵀΣG/n + 2(n−1)tr(Σ²)/n³ + Var‖e‖²/n³ + tr(Σ²)/n² + 2⟨G·e ‖e‖²⟩/n²,
//
// which for Gaussian gradients is 2 GᵀΣG/n + 3 tr(Σ²)/n².
func gapVariance(rows [][]float64, n float64) (exact, gaussian float64) {
	count := float64(len(rows))
	g := meanOf(rows, upTo(len(rows)))
	centred, gram := gramMatrix(rows, g)
	var along, trace, fourth, third float64
	for _, e := range centred {
		x, square := floats.Dot(e, g), floats.Dot(e, e)
		along += x * x / count
		trace += square / count
		fourth += square * square / count
		third += x * square / count
	}
	squares := math.Pow(mat.Norm(gram, 2)/count, 2)
	gaussian = 2*along/n + 3*squares/(n*n)
	return gaussian - 2*squares/(n*n*n) + (fourth-trace*trace)/(n*n*n) + 2*third/(n*n), gaussian
}

// variance is the sample variance with its standard error √((m₄ − s⁴)/n).
func variance(x []float64) estimate {
	m, v := stat.MeanVariance(x, nil)
	fourth := 0.0
	for _, y := range x {
		fourth += math.Pow(y-m, 4) / float64(len(x))
	}
	return estimate{v, math.Sqrt((fourth - v*v) / float64(len(x)))}
}

// splitSize is the size of the training set whose splits show how δg spreads, splitDraws the most splits that are taken.
const (
	splitSize  = 16
	splitDraws = 1000
)

// driftSpread checks whether δg self-averages. With s = (g^B − g^C)/2 and k = (h^B − h^C)/2, (12) is δg = −η[k s + k ḡ − H s]. The last two
// terms change sign with B ↔ C, and so do not correlate with the first; k s has the mean ∂tr Σ/2N.
func (l *lab) driftSpread() []Check {
	all := l.Train[:min(splitSize, len(l.Train)/2*2)]
	d := Descent{Rate: l.slow(2)}
	full, r, square := l.Full(d, all, 2), l.random("spread of the drift"), d.Rate*d.Rate
	_, gradient := l.sigma(all)
	signal := times(1/float64(2*len(all)), gradient)
	var odd, even tally
	for range min(l.Draws, splitDraws) {
		deal := shuffled(r, all, 2)
		there, back := minus(full, l.Follow(d, deal)), minus(full, l.Follow(d, reversed(deal)))
		x, y := times(0.5/square, minus(there, back)), plus(times(0.5/square, plus(there, 1, back)), -1, signal)
		odd.add(floats.Dot(x, x))
		even.add(floats.Dot(y, y))
	}
	linear, quadratic, gaussian := l.driftScales(all)
	spread := fmt.Sprintf("spread of δg/η over splits of %d examples, part ", len(all))
	c := average("§4 ◆", spread+"odd in B ↔ C: tr Cov(h_n ḡ − H g_n)/N", linear, odd.estimate())
	c.Note = fmt.Sprintf("one split's δg strays from the mean by %.2g times the mean's length, and by %.2g times with B ↔ C averaged out",
		math.Sqrt(odd.mean+even.mean)/floats.Norm(signal, 2), math.Sqrt(even.mean)/floats.Norm(signal, 2))
	e := average("§4 ◆", spread+"even in B ↔ C: that of k s", quadratic, even.estimate())
	e.Note = fmt.Sprintf("Gaussian k and s would have %.3g", gaussian)
	return []Check{c, e}
}

// driftScales is the variances of the two parts of δg/η over equal splits of N examples. With signs σ_n = ±1 for B and C,
// s = Σσ_n g_n/N and k = Σσ_n h_n/N, and the odd part is Σσ_n z_n/N for z_n = h_n ḡ − H g_n, of variance tr Cov(z)/N. For
// w_ab = (h_a − H)(g_b − ḡ), k s = Σσ_aσ_b w_ab/N²;
// with e₂ = ⟨σ_aσ_b⟩ = −1/(N−1) and e₄ = 3/((N−1)(N−3)), and because Σ_a w_ab = Σ_b w_ab = 0,
//
//	N⁴ Var(k s) = (1−2e₂+e₄)(‖D‖² + S₁ + S₂) − (2+6e₄−8e₂) S₀ − (1−e₂)²‖D‖²,
//
// D = Σw_aa, S₀ = Σ‖w_aa‖², S₁ = Σ‖w_ab‖², S₂ = Σw_ab·w_ba. For large N, and for Gaussian k and s, it is S₁ + S₂.
func (l *lab) driftScales(all []int) (odd, even, gaussian float64) {
	n := float64(len(all))
	rows := l.Each(all, nil)
	g := meanOf(rows, upTo(len(all)))
	w := make([][][]float64, len(all))
	var diagonal = make([]float64, l.Parameters())
	hessian := l.HVP(all, nil, g)
	for b := range all {
		v := minus(rows[b], g)
		h := l.HVP(all, nil, v)
		for a := range all {
			w[a] = append(w[a], minus(l.HVP(all[a:a+1], nil, v), h))
		}
		z := minus(minus(l.HVP(all[b:b+1], nil, g), hessian), h)
		odd += floats.Dot(z, z) / (n * (n - 1))
		floats.Add(diagonal, w[b][b])
	}
	var s0, s1, s2 float64
	for a := range all {
		s0 += floats.Dot(w[a][a], w[a][a])
		for b := range all {
			s1 += floats.Dot(w[a][b], w[a][b])
			s2 += floats.Dot(w[a][b], w[b][a])
		}
	}
	d, e2, e4 := floats.Dot(diagonal, diagonal), -1/(n-1), 3/((n-1)*(n-3))
	even = (1-2*e2+e4)*(d+s1+s2) - (2+6*e4-8*e2)*s0 - (1-e2)*(1-e2)*d
	return odd, even / math.Pow(n, 4), (s1 + s2) / (n * n * (n - 1) * (n - 1))
}
