package theory

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"

	"drift/graph/nn"
	"drift/optim"
)

// Sixteen sets of signs of which any two columns are orthogonal, as those of Hadamard's matrix are, have the moments of all signs: over
// them the probes have exactly the mean that the recursion predicts. A wrong constant in either shows.
func TestProbesAreUnbiased(t *testing.T) {
	const n, m = 4, 4
	design := orthogonal(n, m)
	for _, model := range []string{"mlp:3,act=tanh", groupnorm("4", "2")} {
		w := open(t, model, nn.CrossEntropy{}, "glyphs,size=8,train=8,test=8")
		examples := w.Train[:n]
		for name, d := range map[string]Descent{
			"plain":       {Rate: 0.3},
			"momentum":    {Rate: 0.05, MomentumWeights: optim.MomentumWeights{Mu: 0.9}},
			"nesterov":    {Rate: 0.05, MomentumWeights: optim.MomentumWeights{Mu: 0.5, Nesterov: true}},
			"conditioned": {Rate: 0.3, Matrix: halved},
		} {
			found := averaged(w.probe(propagated, d, examples, m, design))
			apart := func(p prediction) float64 {
				want := w.predict(p, d, examples, m)
				return max(floats.Distance(found.Drift, want.Drift, 2)/floats.Norm(want.Drift, 2), floats.Distance(found.Diffusion, want.Diffusion, 2)/floats.Norm(want.Diffusion, 2))
			}
			if e := apart(propagated); !(e < 1e-10) {
				t.Errorf("%s, %s: probes are off by %v", model, name, e)
			}
			for _, wrong := range []prediction{{0.9, 1, 1}, {1, 0.9, 1}, {1, 1, 0.9}} {
				if e := apart(wrong); e < 1e-4 {
					t.Errorf("%s, %s: %+v is not told apart", model, name, wrong)
				}
			}
		}
		must(t, w.Err())
	}
}

// halved is a diagonal matrix times a vector: every second element by a half.
func halved(v []float64) []float64 {
	w := append([]float64(nil), v...)
	for i := 0; i < len(w); i += 2 {
		w[i] /= 2
	}
	return w
}

// As many estimates as are needed have the standard error that was asked for.
func TestProbesNeeded(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) (some Remainder) {
		for range n {
			some = append(some, []float64{3 + 2*r.NormFloat64(), 4 + 2*r.NormFloat64()})
		}
		return some
	}
	// One estimate has variance 8; a tenth of the length 5 is met by 8/0.25 = 32 of them.
	if n := draw(4000).Needed(0.1); math.Abs(float64(n)-32) > 3 {
		t.Errorf("%d are needed, want 32", n)
	}
	if n := (Remainder{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}).Needed(0.1); n != 0 {
		t.Errorf("noise alone: %d", n)
	}
}
