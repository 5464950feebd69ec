package compare

import (
	"math"
	"testing"

	"drift/bench/theory"
)

// What is left of vectors that are known: D is (3, 4, 0), of squared length 25, of which noise in the mean over shuffles is 1; crossed kinks are
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
	got := e.judge([]float64{4, 5, 1}, 1).Squares
	for name, c := range map[string][2]float64{
		"drift": {float64(got.Drift), 9. / 24}, "diffusion": {float64(got.Diffusion), 18. / 24}, "both": {float64(got.Both), 4. / 24},
		"around": {float64(got.AroundMean), 1. / 24}, "odd": {float64(got.LeftOdd), 1. / 24}, "even": {float64(got.LeftEven), 4. / 24},
		"kinks": {float64(got.Kinks), 16. / 24}, "held": {float64(got.HeldBoth), 0.09 / (24 - 2*16 + 16)},
	} {
		if !(math.Abs(c[0]-c[1]) < 1e-12) {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	if math.Abs(e.whole-24) > 1e-12 {
		t.Errorf("‖D‖² = %v", e.whole)
	}
}
