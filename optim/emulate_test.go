package optim

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
)

// examples are losses ℓ_n(θ) = ½a(θ−b)² + ⅙c θ³ of one parameter: gradient and Hessian in closed form.
type example struct{ a, b, c float64 }

func (e example) gradient(x float64) float64 { return e.a*(x-e.b) + e.c*x*x/2 }
func (e example) hessian(x float64) float64  { return e.a + e.c*x }

var fourExamples = []example{{1, 0.3, 0.2}, {0.5, -1, -0.4}, {2, 0.1, 0.1}, {0.2, 2, 0.7}}

// descend takes one epoch in the given order and returns the last θ.
func descend(order []int, e Emulation, rate float64, penalty float64) float64 {
	x, v := 0.7, 0.0
	for t := 0; t < len(order); t += e.Batch {
		g := penalty * traceGradient(x)
		batch := order[t:min(t+e.Batch, len(order))]
		if penalty != 0 {
			batch = order
		}
		for _, n := range batch {
			g += fourExamples[n].gradient(x) / float64(len(batch))
		}
		v = e.Mu*v + g
		step := v
		if e.Nesterov {
			step = g + e.Mu*v
		}
		x -= rate * step
	}
	return x
}

// traceGradient is ∂tr Σ = (2/(N−1)) Σ_n h_n (g_n − ḡ).
func traceGradient(x float64) float64 {
	var mean, sum float64
	for _, e := range fourExamples {
		mean += e.gradient(x) / 4
	}
	for _, e := range fourExamples {
		sum += e.hessian(x) * (e.gradient(x) - mean)
	}
	return sum * 2 / 3
}

// Regularized descent arrives where stochastic descent arrives in the mean over all 24 orders, up to O(η³): halving η
// divides the distance by eight, where without the regularizer it is divided by four.
func TestCoefficientMakesDescentFollowStochasticDescent(t *testing.T) {
	for _, e := range []Emulation{{4, 1, MomentumWeights{0, false}}, {4, 2, MomentumWeights{0, false}},
		{4, 1, MomentumWeights{0.9, false}}, {4, 2, MomentumWeights{0.5, false}}, {4, 1, MomentumWeights{0.9, true}}, {4, 2, MomentumWeights{0.5, true}},
		{4, 3, MomentumWeights{0, false}}, {4, 3, MomentumWeights{0.9, false}}, {4, 3, MomentumWeights{0.5, true}}} { // a last batch of one example
		distance := func(rate, factor float64) float64 {
			var mean float64
			orders := combin.Permutations(4, 4)
			for _, order := range orders {
				mean += descend(order, e, rate, 0) / float64(len(orders))
			}
			return descend([]int{0, 1, 2, 3}, e, rate, factor*e.Coefficient(rate)) - mean
		}
		if e.Coefficient(1) <= 0 {
			t.Errorf("%+v: coefficient %v", e, e.Coefficient(1))
		}
		const rate = 1e-3
		// The share of the mean displacement that is left over is of order η.
		if slope := math.Log2(math.Abs(distance(rate, 1) / distance(rate/2, 1))); math.Abs(slope-3) > 0.05 {
			t.Errorf("%+v: with the coefficient the distance is of order %.3f in η, want 3", e, slope)
		}
		for _, wrong := range []float64{0.95, 1.05} {
			if slope := math.Log2(math.Abs(distance(rate/4, wrong) / distance(rate/8, wrong))); math.Abs(slope-2) > 0.2 {
				t.Errorf("%+v: with %v times the coefficient the distance is of order %.3f in η, want 2", e, wrong, slope)
			}
		}
	}
}

func TestEmulationChecksItsBatch(t *testing.T) {
	for _, e := range []Emulation{{10, 0, MomentumWeights{0, false}}, {10, 11, MomentumWeights{0.9, false}}} {
		if e.Check() == nil {
			t.Errorf("%+v was accepted", e)
		}
	}
	for _, e := range []Emulation{{10, 3, MomentumWeights{0, false}}, {10, 10, MomentumWeights{0.9, false}}, {10, 3, MomentumWeights{0.9, true}}} {
		if err := e.Check(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
