package nn

import (
	"math"
	"math/rand/v2"

	"drift/graph/objective"
)

// Init draws the initial values of a parameter.
type Init = func(r *rand.Rand, into []float64)

// Constant is the same value everywhere.
func Constant(value float64) Init {
	return func(_ *rand.Rand, into []float64) {
		for i := range into {
			into[i] = value
		}
	}
}

// Uniform draws from U(−bound, bound).
func Uniform(bound float64) Init {
	return func(r *rand.Rand, into []float64) {
		for i := range into {
			into[i] = bound * (2*r.Float64() - 1)
		}
	}
}

// Normal draws from N(0, deviation²).
func Normal(deviation float64) Init {
	return func(r *rand.Rand, into []float64) {
		for i := range into {
			into[i] = deviation * r.NormFloat64()
		}
	}
}

// uniformBound is the half-width of the initial distribution of a weight with fanIn inputs: gain √(2/(1+5)) times √(3/fanIn).
func uniformBound(fanIn int) float64 { return 1 / math.Sqrt(float64(fanIn)) }

// Init is θ as the layers' own distributions draw it, those of PyTorch: weights and biases of linear and conv2d from
// U(±1/√fan_in), norms at one and zero. Each tensor is a function of the seed and of its index among the parameters.
func (m *Model) Init(seed uint64) []float64 { return objective.Initial(m.params, seed) }
