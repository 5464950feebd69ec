package kerneltest

import (
	"math"

	"drift/kernels"
)

// philoxBlocks are known answers of the generator's authors (Random123, kat_vectors).
var philoxBlocks = []struct {
	counter [4]uint32
	key     [2]uint32
	block   [4]uint32
}{
	{block: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
	{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
		[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
	{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
		[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
}

// testUniform: the generator gives the known answers, and a device every number of it to the bit, whatever rows lie beside each other.
func testUniform(s *suite) {
	for _, k := range philoxBlocks {
		if got := kernels.Philox(k.counter, k.key); got != k.block {
			s.Fatalf("Philox of %x and %x is %x, want %x", k.counter, k.key, got, k.block)
		}
	}
	known := s.compute(kernels.Uniform{Rows: 1, Width: 4}, [][]float64{make([]float64, 4)}, [][]float64{{0, 0}, {0}})[0]
	for c, w := range philoxBlocks[0].block {
		if want := (float64(w>>9) + 0.5) / (1 << 23); known[c] != want {
			s.Fatalf("number %d of the first block is %v, want %v", c, known[c], want)
		}
	}
	for _, z := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {5, 3}, {2, 4}, {7, 130}, {300, 17}, {2, 70001}} {
		for _, stream := range []uint32{0, 1, math.MaxUint32} {
			key := []float64{float64(int32(s.rng.Uint32())), float64(int32(s.rng.Uint32()))}
			rows := s.indices(z[0], math.MinInt32, math.MaxInt32)
			s.check(kernels.Uniform{Rows: z[0], Width: z[1], Stream: stream}, 0, key, rows)
		}
	}
	s.uniformMoments()
}

// uniformMoments: the mean and the second moment of many numbers are ½ and ⅓, within five of their standard errors.
func (s *suite) uniformMoments() {
	const rows, width = 500, 400
	op := kernels.Uniform{Rows: rows, Width: width, Stream: 7}
	mean, square := 0.0, 0.0
	for _, u := range s.compute(op, s.zeros(op), [][]float64{{1, 2}, s.indices(rows, 0, 1<<30)})[0] {
		if !(u > 0 && u < 1) {
			s.Fatalf("%v is not between 0 and 1", u)
		}
		mean, square = mean+u, square+u*u
	}
	n := float64(rows * width)
	if d := mean/n - 0.5; math.Abs(d) > 5*math.Sqrt(1/(12*n)) {
		s.Errorf("the mean is off by %v", d)
	}
	if d := square/n - 1.0/3; math.Abs(d) > 5*math.Sqrt(4/(45*n)) {
		s.Errorf("the second moment is off by %v", d)
	}
}

func refUniform(p kernels.Uniform, out, key, rows []float64) {
	word := func(v float64) uint32 { return uint32(int32(v)) }
	for i := range out {
		r, c := i/p.Width, i%p.Width
		block := kernels.Philox([4]uint32{uint32(c / 4), word(rows[r]), p.Stream, 0}, [2]uint32{word(key[0]), word(key[1])})
		out[i] = (float64(block[c%4]>>9) + 0.5) / (1 << 23)
	}
}
