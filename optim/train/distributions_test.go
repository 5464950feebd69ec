package train

import (
	"math"
	"testing"
)

// Quantiles of values in any order; of many they are those of a part, which lie near.
func TestQuantiles(t *testing.T) {
	values := make([]float64, 101)
	for i := range values {
		values[i] = float64((i * 37) % 101)
	}
	for i, want := range []float64{5, 25, 50, 75, 95} {
		if got := quantiles(values)[i]; math.Abs(got-want) > 1 { // between two values
			t.Errorf("%g, want %g", got, want)
		}
	}
	many := make([]float64, 50000)
	for i := range many {
		many[i] = float64((i*7919)%50000) / 50000
	}
	for i, want := range Quantiles {
		if got := quantiles(many)[i]; math.Abs(got-want) > 0.03 { // √(q(1−q)/4096) is below 0.008
			t.Errorf("%g, want %g", got, want)
		}
	}
	if len(quantiles(nil)) != 0 {
		t.Error("quantiles of nothing")
	}
}
