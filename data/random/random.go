// Package random is where every random choice of drift comes from: streams named by a seed, a purpose and an index, so that what is
// drawn is a function of the three alone. There is no global generator.
package random

import "math/rand/v2"

// Stream is a source of random numbers that can be rewound to any index of its seed and purpose.
type Stream struct {
	pcg rand.PCG
	*rand.Rand
	key uint64
}

// New is the stream of a seed and a purpose, at index 0. Streams of other seeds or purposes are unrelated, however near the seeds.
func New(seed uint64, purpose string) *Stream {
	s := &Stream{key: mix(seed)}
	for _, c := range []byte(purpose) {
		s.key = mix(s.key ^ uint64(c))
	}
	s.Rand = rand.New(&s.pcg)
	return s.At(0)
}

// At rewinds s to the numbers that belong to an index.
func (s *Stream) At(index uint64) *Stream {
	k := mix(s.key ^ mix(index))
	s.pcg.Seed(k, mix(k))
	return s
}

// Seed is a seed for another stream, of a purpose of its own.
func Seed(seed uint64, purpose string) uint64 { return New(seed, purpose).Uint64() }

// mix is the output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection that spreads nearby numbers.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Between draws uniformly from [low, high).
func (s *Stream) Between(low, high float64) float64 { return low + (high-low)*s.Float64() }
