package theory

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Remainder is estimates of one vector, independent of each other: what a prediction leaves of where SGD goes in the mean.
type Remainder [][]float64

// Remainders is what drift, diffusion and both leave of where groups of shuffles lead: ends are displacements, full is that of full-batch
// descent, and found is the expansion of the same groups. What is linear in the noise is taken off, so that both leave little noise.
func Remainders(ends [][]float64, full []float64, found []Expansion) (drift, diffusion, both Remainder) {
	for k, x := range found {
		apart := minus(minus(ends[k], full), x.Noise)
		drift = append(drift, minus(apart, x.Drift))
		diffusion = append(diffusion, minus(apart, x.Diffusion))
		both = append(both, minus(apart, x.Both()))
	}
	return drift, diffusion, both
}

// Explained is 1 − ‖mean‖/√whole, the share of a vector of squared length whole that a prediction explains, and its standard error (NaN for
// two estimates). Both are NaN where noise exceeds what is left, so that Square is not positive.
func (r Remainder) Explained(whole float64) (share, deviation float64) {
	square, of := r.Square()
	if !(square > 0 && whole > 0) {
		return math.NaN(), math.NaN()
	}
	length := math.Sqrt(square / whole)
	return 1 - length, of / whole / (2 * length)
}

// Square is the squared length of the mean as products of different estimates have it, which noise does not lengthen but can make negative;
// with its standard error by the jackknife, NaN for two estimates. It is 0 of none.
func (r Remainder) Square() (square, deviation float64) {
	n := len(r)
	if n < 2 {
		return 0, math.NaN()
	}
	own := r.products()
	sum := floats.Sum(own)
	square = sum / float64(n*(n-1))
	if n < 3 {
		return square, math.NaN()
	}
	without := make([]float64, n)
	for j := range without {
		without[j] = (sum - 2*own[j]) / float64((n-1)*(n-2))
	}
	mean := stat.Mean(without, nil)
	for _, x := range without {
		deviation += (x - mean) * (x - mean) * float64(n-1) / float64(n)
	}
	return square, math.Sqrt(deviation)
}

// products are those of each estimate with all others.
func (r Remainder) products() []float64 {
	own := make([]float64, len(r))
	for j := range r {
		for k := range r {
			if k != j {
				own[j] += floats.Dot(r[j], r[k])
			}
		}
	}
	return own
}
