package compare

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/combin"

	"drift/graph/nn"
	"drift/optim"
)

// Over all orders of one training set the control variates add up to zero, whatever the momentum and where the last batch is
// shorter too; each of them is far from it.
func TestControlsHaveMeanZero(t *testing.T) {
	f, end, err := opener("glyphs,train=5,test=0,size=8", nn.CrossEntropy{})(1)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	for name, s := range map[string]optim.SGD{
		"plain":    sgd(0.1, 2),
		"momentum": momentum(sgd(0.1, 1), 0.9, false),
		"nesterov": momentum(sgd(0.1, 2), 0.5, true),
	} {
		x, err := newExpansion(f, s)
		if err != nil {
			t.Fatal(err)
		}
		n := f.Parameters().Len()
		sum, size := [2][]float64{make([]float64, n), make([]float64, n)}, [2]float64{}
		for _, order := range combin.Permutations(5, 5) {
			one := [2][]float64{make([]float64, n), make([]float64, n)}
			if err := x.controls(split(order, s.Batch), one); err != nil {
				t.Fatal(err)
			}
			for k := range one {
				for i, v := range one[k] {
					sum[k][i] += v / 120
					size[k] = math.Max(size[k], math.Abs(v))
				}
			}
		}
		x.close()
		for k := range sum {
			for i, v := range sum[k] {
				if math.Abs(v) > 1e-12*size[k] {
					t.Fatalf("%s: term %d has mean %v at element %d, its largest value is %v", name, k+1, v, i, size[k])
				}
			}
		}
	}
}

// Vectors that are a truth plus multiples of two controls have the truth as their mean, without variance.
func TestControlledMean(t *testing.T) {
	c := newControlled(2)
	for _, z := range [][2]float64{{1, 2}, {-3, 1}, {2, -0.5}, {0.25, 1}} {
		c.add([]float64{5 + 2*z[0] - z[1], 7 + 4*z[0] - 3*z[1]}, [2][]float64{{z[0], 2 * z[0]}, {z[1], 3 * z[1]}})
	}
	got := c.cloud([]float64{1, 1})
	if math.Abs(got.mean[0]-6) > 1e-6 || math.Abs(got.mean[1]-8) > 1e-6 || math.Abs(got.variance) > 1e-6 {
		t.Errorf("mean %v with variance %v, want 6, 8 and 0", got.mean, got.variance)
	}
	c = newControlled(1)
	for _, d := range []float64{1, 2, 3} {
		c.add([]float64{d}, [2][]float64{{0}, {0}}) // controls that never vary
	}
	if got := c.cloud([]float64{0}); got.mean[0] != 2 || math.Abs(got.variance-1./3) > 1e-12 {
		t.Errorf("without controls: %+v", got)
	}
}
