package nn

import (
	"math"
	"math/rand/v2"

	"drift/graph/objective"
)

// uniformBound is the half-width of the initial distribution of a weight with fanIn inputs: gain √(2/(1+5)) times √(3/fanIn).
func uniformBound(fanIn int) float64 { return 1 / math.Sqrt(float64(fanIn)) }

// Init is PyTorch's default initialisation as a flat vector: weights and biases of linear and conv2d from
// U(±1/√fan_in), norms at one and zero. Each tensor is a pure function of the seed and of its index among the parameters.
func (m *Model) Init(seed uint64) []float64 { return objective.Initial(m.params, seed) }

// uniform draws from U(±bound).
func uniform(bound float64) func(*rand.Rand, []float64) {
	return func(r *rand.Rand, into []float64) {
		for i := range into {
			into[i] = bound * (2*r.Float64() - 1)
		}
	}
}

// constant is the same value everywhere.
func constant(value float64) func(*rand.Rand, []float64) {
	return func(_ *rand.Rand, into []float64) {
		for i := range into {
			into[i] = value
		}
	}
}
