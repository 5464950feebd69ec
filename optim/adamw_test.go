package optim

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/optim/options"
)

// adamW is torch.optim.AdamW in plain numbers, in PyTorch's order: the decay first, then the moments, then the step.
type adamW struct {
	AdamW
	steps int
	m, v  []float64
}

func (a *adamW) step(theta, g []float64, rate float64) {
	a.steps++
	correction1, correction2 := 1-math.Pow(a.Beta1, float64(a.steps)), 1-math.Pow(a.Beta2, float64(a.steps))
	for i := range theta {
		theta[i] *= 1 - rate*a.WeightDecay
		a.m[i] += (1 - a.Beta1) * (g[i] - a.m[i])
		a.v[i] = a.Beta2*a.v[i] + (1-a.Beta2)*g[i]*g[i]
		theta[i] -= rate / correction1 * a.m[i] / (math.Sqrt(a.v[i])/math.Sqrt(correction2) + a.Eps)
	}
}

// Steps are of size η, so that the tolerances are some roundings of numbers near 1 for each of twenty steps, the first of which
// would lose digits to a power of β₂ taken from 1.
func TestAdamWIsPyTorchs(t *testing.T) {
	const n, steps = 41, 20
	for _, o := range []AdamW{
		DefaultAdamW,
		{Rate: DefaultAdamW.Rate, Moments: Moments{0, 0.99, 1e-3}},
		{Rate: DefaultAdamW.Rate, Moments: Moments{0.5, 0.9, 1e-8}, Decoupled: Decoupled{WeightDecay: 0.1, Clip: 0.5}},
	} {
		for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-14, kernels.Float32: 2e-6} {
			r := rand.New(rand.NewPCG(3, 1))
			theta := normal(r, n)
			b := newBench(t, o.Transform(), dtype, theta)
			reference := adamW{AdamW: o, m: make([]float64, n), v: make([]float64, n)}
			for k := range steps {
				g, rate := normal(r, n), 0.1/float64(k+1)
				got, own := b.step(t, rate, g), g
				if o.Clip > 0 {
					own = clipped(o.Clip, g)
				}
				reference.step(theta, own, rate)
				for i := range got {
					if math.Abs(got[i]-theta[i]) > tolerance {
						t.Fatalf("%+v, %v, step %d: θ[%d] = %v, want %v", o, dtype, k, i, got[i], theta[i])
					}
				}
			}
			if vectors := b.update.vectors(n); vectors != 2 {
				t.Errorf("%+v keeps %d vectors, want 2", o, vectors)
			}
		}
	}
}

// vectors is the number of states of a length.
func (u *Update) vectors(n int) (count int) {
	for _, b := range u.state {
		if b.Len() == n {
			count++
		}
	}
	return count
}

func TestAdamWChecksItsOptions(t *testing.T) {
	for name, text := range map[string]string{"beta1": "1", "beta2": "-0.1", "eps": "0", "weight_decay": "-1", "clip": "nan"} {
		if _, err := options.Set(DefaultAdamW, name, text); err == nil {
			t.Errorf("%s = %s was accepted", name, text)
		}
	}
}
