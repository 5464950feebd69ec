package compare

import (
	"math"
	"testing"

	"drift/bench/theory"
)

// Shares of vectors that are known: D is (3, 4, 0), of squared length 25, of which noise in the mean over shuffles is 1; crossed kinks are
// its second element, and with units held 0.3 of the other is left.
func TestSharesOfKnownVectors(t *testing.T) {
	alike := func(v ...float64) theory.Remainder { return theory.Remainder{v, v, v} }
	zero := []float64{0, 0, 0}
	expansion := theory.Expansion{Noise: zero, SecondOrder: theory.SecondOrder{Drift: []float64{3, 1, 0}, Diffusion: []float64{0, 1, 0}}}
	full := []float64{1, 1, 1}
	e := expanded{
		ends: [][]float64{{4, 5, 1}, {4, 5, 1}, {4, 5, 1}}, full: full, found: []theory.Expansion{expansion, expansion, expansion},
		centre: []float64{4, 4, 1}, around: []theory.Expansion{{Noise: zero, SecondOrder: theory.SecondOrder{Drift: zero, Diffusion: zero}},
			{Noise: zero, SecondOrder: theory.SecondOrder{Drift: zero, Diffusion: zero}}, {Noise: zero, SecondOrder: theory.SecondOrder{Drift: zero, Diffusion: zero}}},
		parts: theory.Dissection{Odd: alike(0, 0, 1), Even: alike(0, 2, 0), Crossed: alike(0, 4, 0), Held: alike(0.3, 0, 0)},
	}
	got := e.judge([]float64{4, 5, 1}, 1).Shares
	d := math.Sqrt(24)
	for name, c := range map[string][2]float64{
		"drift": {float64(got.Drift), 1 - 3/d}, "diffusion": {float64(got.Diffusion), 1 - math.Sqrt(18)/d}, "both": {float64(got.Both), 1 - 2/d},
		"around": {float64(got.AroundMean), 1 - 1/d}, "odd": {float64(got.LeftOdd), 1 / d}, "even": {float64(got.LeftEven), 2 / d},
		"kinks": {float64(got.Kinks), 4 / d}, "held": {float64(got.HeldBoth), 1 - 0.3/math.Sqrt(24-2*16+16)},
	} {
		if !(math.Abs(c[0]-c[1]) < 1e-12) {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	if math.Abs(e.whole-24) > 1e-12 {
		t.Errorf("‖D‖² = %v", e.whole)
	}
}
