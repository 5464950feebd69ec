package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/graph/nn"
	"drift/optim"
)

// At a learning rate where leading order leaves a good part of what separates SGD from GD, drift and diffusion together leave little;
// few pairs of shuffles tell.
func TestSecondOrderExplainsMoreThanTheRegularizer(t *testing.T) {
	for name, base := range map[string]optim.SGD{
		"plain":    sgd(0.04, 8),
		"momentum": momentum(sgd(0.015, 8), 0.9, false),
		"nesterov": momentum(sgd(0.015, 8), 0.9, true),
	} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(base, 2, "sgd", "gd", "gd-reg"), Seeds: []uint64{1, 2, 3}, Pairs: 48, Paths: 8}
		o := compared(t, e)
		s, reg := o.SecondOrder, o.Rows[2].DriftExplained
		if s == nil || s.Both.Mean < 0.9 || s.Both.Mean > 1 || s.Both.Mean < reg.Mean || s.Both.Mean < s.Drift.Mean || s.Both.Mean < s.Diffusion.Mean {
			t.Errorf("%s: explained by the regularizer %v, to second order %+v", name, reg, s)
			continue
		}
		if deviation := float64(s.StandardErrors.Both); !(deviation > 0 && deviation < 0.05) || s.Pairs != 8 {
			t.Errorf("%s: standard error %v from %d pairs", name, deviation, s.Pairs)
		}
	}
}

// The share of a known remainder comes back without bias, within the standard error that comes with it.
func TestShareOfARemainder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const draws, pairs = 2000, 6
	var mean, square, claimed float64
	for range draws {
		var left remainder
		for range pairs {
			v := []float64{0.6, 0.8, 0} // of length 1, where all is of length 4
			for i := range v {
				v[i] += 0.2 * r.NormFloat64()
			}
			left = append(left, v)
		}
		share, deviation := left.explained(16)
		mean, square, claimed = mean+share/draws, square+(share-0.75)*(share-0.75)/draws, claimed+deviation*deviation/draws
	}
	// The standard deviation is 0.2/√6/4 = 0.0204; that of the mean 0.0005.
	if math.Abs(mean-0.75) > 0.002 || math.Abs(math.Sqrt(square)-0.0204) > 0.002 || math.Abs(math.Sqrt(claimed)-0.0204) > 0.003 {
		t.Errorf("mean %v, deviation %v, claimed %v", mean, math.Sqrt(square), math.Sqrt(claimed))
	}
	if share, deviation := (remainder{{1, 0}, {1, 0}}).explained(4); share != 0.5 || !math.IsNaN(deviation) {
		t.Errorf("two pairs: %v ± %v", share, deviation)
	}
}

// Where gradients are clipped or batches are drawn with replacement there is no expansion.
func TestNoExpansionWhereNoneHolds(t *testing.T) {
	clipped, replaced := sgd(0.01, 8), sgd(0.01, 8)
	clipped.Clip, replaced.Sampling = 1, "replacement"
	for name, base := range map[string]optim.SGD{"clipped": clipped, "with replacement": replaced} {
		e := Experiment{Open: opener(glyphs, nn.CrossEntropy{}), Entries: entries(base, 2, "sgd", "gd"), Seeds: []uint64{1}, Pairs: 2, Paths: 2}
		if o := compared(t, e); o.SecondOrder != nil {
			t.Errorf("%s: %+v", name, o.SecondOrder)
		}
	}
}
