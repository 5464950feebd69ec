package data

import "math/rand/v2"

// stream is a source of random numbers that is rewound to a place named by seed, purpose and index: what is drawn there
// is a function of the three alone.
type stream struct {
	pcg rand.PCG
	*rand.Rand
	key uint64
}

func newStream(seed uint64, purpose string) *stream {
	s := &stream{key: mix(seed)}
	for _, c := range []byte(purpose) {
		s.key = mix(s.key ^ uint64(c))
	}
	s.Rand = rand.New(&s.pcg)
	s.at(0)
	return s
}

// at rewinds s to the numbers that belong to index.
func (s *stream) at(index uint64) *stream {
	k := mix(s.key ^ mix(index))
	s.pcg.Seed(k, mix(k))
	return s
}

// between draws uniformly from [low, high).
func (s *stream) between(low, high float64) float64 { return low + (high-low)*s.Float64() }

// mix is the output function of SplitMix64 (Steele, Lea, Flood 2014): a bijection that spreads nearby numbers.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
