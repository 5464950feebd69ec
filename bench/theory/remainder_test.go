package theory

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The share of a known remainder comes back without bias, within the standard error that comes with it.
func TestShareOfARemainder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const draws, pairs = 2000, 6
	var mean, square, claimed float64
	for range draws {
		var left Remainder
		for range pairs {
			v := []float64{0.6, 0.8, 0} // of length 1, where all is of length 4
			for i := range v {
				v[i] += 0.2 * r.NormFloat64()
			}
			left = append(left, v)
		}
		share, deviation := left.Explained(16)
		mean, square, claimed = mean+share/draws, square+(share-0.75)*(share-0.75)/draws, claimed+deviation*deviation/draws
	}
	// The standard deviation is 0.2/√6/4 = 0.0204; that of the mean 0.0005.
	if math.Abs(mean-0.75) > 0.002 || math.Abs(math.Sqrt(square)-0.0204) > 0.002 || math.Abs(math.Sqrt(claimed)-0.0204) > 0.003 {
		t.Errorf("mean %v, deviation %v, claimed %v", mean, math.Sqrt(square), math.Sqrt(claimed))
	}
	if share, deviation := (Remainder{{1, 0}, {1, 0}}).Explained(4); share != 0.5 || !math.IsNaN(deviation) {
		t.Errorf("two pairs: %v ± %v", share, deviation)
	}
}
