package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// baselines are optimizers whose direction is the gradient, with the arithmetic that PyTorch or the paper publishes, written out
// for one parameter: a step from θ by gradient g at rate η with whatever it keeps.
var baselines = map[string]struct {
	optimizer Optimizer
	reference func() func(theta, g, rate float64) float64
}{
	"adam": {Adam{Moments: Moments{0.8, 0.95, 1e-6}, Coupled: Coupled{WeightDecay: 0.1}}, func() func(theta, g, rate float64) float64 {
		var t, m, v float64
		return func(theta, g, rate float64) float64 {
			g += 0.1 * theta
			t++
			m += (1 - 0.8) * (g - m)
			v = 0.95*v + (1-0.95)*g*g
			return theta - rate/(1-math.Pow(0.8, t))*m/(math.Sqrt(v)/math.Sqrt(1-math.Pow(0.95, t))+1e-6)
		}
	}},
	"nadam": {NAdam{Moments: Moments{0.8, 0.95, 1e-6}, MomentumDecay: 0.3, Coupled: Coupled{WeightDecay: 0.1}}, func() func(theta, g, rate float64) float64 {
		t, product, m, v := 0., 1., 0., 0.
		return func(theta, g, rate float64) float64 {
			g += 0.1 * theta
			t++
			mu := 0.8 * (1 - 0.5*math.Pow(0.96, t*0.3))
			next := 0.8 * (1 - 0.5*math.Pow(0.96, (t+1)*0.3))
			product *= mu
			m += (1 - 0.8) * (g - m)
			v = 0.95*v + (1-0.95)*g*g
			denominator := math.Sqrt(v/(1-math.Pow(0.95, t))) + 1e-6
			theta -= rate * (1 - mu) / (1 - product) * g / denominator
			return theta - rate*next/(1-product*next)*m/denominator
		}
	}},
	"rmsprop": {RMSProp{Alpha: 0.9, Eps: 1e-6, Momentum: 0.5, Coupled: Coupled{WeightDecay: 0.1}}, func() func(theta, g, rate float64) float64 {
		var v, b float64
		return func(theta, g, rate float64) float64 {
			g += 0.1 * theta
			v = 0.9*v + (1-0.9)*g*g
			b = 0.5*b + g/(math.Sqrt(v)+1e-6)
			return theta - rate*b
		}
	}},
	"adagrad": {Adagrad{Eps: 1e-6, Coupled: Coupled{WeightDecay: 0.1}}, func() func(theta, g, rate float64) float64 {
		var sum float64
		return func(theta, g, rate float64) float64 {
			g += 0.1 * theta
			sum += g * g
			return theta - rate*g/(math.Sqrt(sum)+1e-6)
		}
	}},
	"lion": {Lion{Beta1: 0.8, Beta2: 0.95, Decoupled: Decoupled{WeightDecay: 0.1}}, func() func(theta, g, rate float64) float64 {
		var m float64
		return func(theta, g, rate float64) float64 {
			c := 0.8*m + (1-0.8)*g
			m = 0.95*m + (1-0.95)*g
			return theta - rate*(math.Copysign(1, c)+0.1*theta)
		}
	}},
}

// The tolerances are some roundings of numbers near 1 for each of twenty steps.
func TestBaselinesFollowTheirPublishedRules(t *testing.T) {
	const n, steps = 37, 20
	for name, c := range baselines {
		for dtype, tolerance := range map[kernels.DType]float64{kernels.Float64: 1e-13, kernels.Float32: 1e-5} {
			t.Run(fmt.Sprint(name, " ", dtype), func(t *testing.T) {
				r := rand.New(rand.NewPCG(5, 1))
				theta := normal(r, n)
				b := newBench(t, c.optimizer.Transform(), dtype, theta)
				var rules []func(theta, g, rate float64) float64
				for range n {
					rules = append(rules, c.reference())
				}
				for k := range steps {
					g, rate := normal(r, n), 0.1/float64(k+1)
					got := b.step(t, rate, g)
					for i := range theta {
						theta[i] = rules[i](theta[i], g[i], rate)
						if math.Abs(got[i]-theta[i]) > tolerance {
							t.Fatalf("step %d: θ[%d] = %v, want %v", k, i, got[i], theta[i])
						}
					}
				}
			})
		}
	}
}
