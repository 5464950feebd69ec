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

// Where noise is longer than what is left, its square comes out negative half of the time: it is kept as measured, and no share is made of it.
func TestRemainderBelowNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const draws = 2000
	var mean, square, claimed float64
	negative := 0
	for range draws {
		var left Remainder
		for range 6 {
			left = append(left, []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()})
		}
		x, deviation := left.Square()
		mean, square, claimed = mean+x/draws, square+x*x/draws, claimed+deviation*deviation/draws
		share, of := left.Explained(4)
		if x <= 0 {
			negative++
		}
		if known := !math.IsNaN(share) && !math.IsNaN(of); known != (x > 0) {
			t.Fatalf("a square of %v: %v ± %v", x, share, of)
		}
	}
	// Of products of 6 independent vectors with 3 elements of variance 1 the mean has a standard deviation of √(3·2/(6·5)) = 0.447; that of all draws 0.01.
	// The jackknife of products of pairs is on the safe side where noise is all there is: √(5/2) times that.
	if math.Abs(mean) > 0.04 || math.Abs(math.Sqrt(square)-0.447) > 0.03 || math.Abs(math.Sqrt(claimed)-0.707) > 0.05 || negative < draws/2 {
		t.Errorf("mean %v, deviation %v, claimed %v, %d of %d not positive", mean, math.Sqrt(square), math.Sqrt(claimed), negative, draws)
	}
}
