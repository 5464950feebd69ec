package nn

import (
	"math"
	"math/rand/v2"
)

// uniformBound is the half-width of the initial distribution of a weight with fanIn inputs: gain √(2/(1+5)) times √(3/fanIn).
func uniformBound(fanIn int) float64 { return 1 / math.Sqrt(float64(fanIn)) }

// initPurpose keeps the random numbers of initialisation apart from those of other uses of the same seed.
const initPurpose = 0x696e6974 << 32

// Init is PyTorch's default initialisation as a flat vector: weights and biases of linear and conv2d from
// U(±1/√fan_in), norms at one and zero. Each tensor is a pure function of the seed and of its index among the parameters.
func (m *Model) Init(seed uint64) []float64 {
	theta := make([]float64, m.NumParams)
	for i, p := range m.Params {
		values := theta[p.Offset : p.Offset+p.Len]
		source := rand.New(rand.NewPCG(scramble(seed), scramble(initPurpose+uint64(i))))
		for k := range values {
			values[k] = p.fill
			if p.bound > 0 {
				values[k] = p.bound * (2*source.Float64() - 1)
			}
		}
	}
	return theta
}

// scramble is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): seeds that differ by one start unrelated streams.
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
