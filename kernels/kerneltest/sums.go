package kerneltest

import (
	"math"

	"drift/kernels"
)

// identity is a reduction of an input as it is.
func identity(a, b, c int, largest bool) kernels.Reduce {
	n := a * b * c
	return kernels.Reduce{A: a, B: b, C: c, Max: largest, Map: kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}}
}

// sumUnits is what a sum may be off, in half ulps of Σ|e|, however many terms it has.
const sumUnits = 16

func testReduce(s *suite) {
	shapes := [][3]int{{0, 3, 4}, {3, 0, 4}, {3, 4, 0}, {1, 1, 1}, {1, 5, 1}, {5, 1, 1}, {1, 1, 5}, {2, 3, 4},
		{512, 10, 1}, {7, 1023, 1}, {7, 1025, 1},
		{2, 40000, 1}, {1, 512, 10}, {1, 3000, 33}, {1, 128, 1024}, {1, 40, 5000}, {3, 50, 1023}, {17, 9, 121}, {300, 3, 2}, {1, 100000, 2}}
	for _, shape := range shapes {
		for _, largest := range []bool{false, true} {
			a, b, c := shape[0], shape[1], shape[2]
			n := a * b * c
			s.check(identity(a, b, c, largest), sumUnits, s.normal(n))
			if n == 0 {
				continue
			}
			access := accessesOf(a, b, c)[s.rng.IntN(11)]
			p := kernels.Reduce{A: a, B: b, C: c, Max: largest, Map: kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}, access},
				Code:    []kernels.Instr{{Fn: kernels.FnSub, X: 0, Y: 1}, {Fn: kernels.FnTanh, X: 2}, {Fn: kernels.FnMul, X: 3, Y: 0}},
				Results: []uint8{4}}}
			s.check(p, sumUnits, s.normal(n), s.normal(access.Len(n)))
			for _, results := range [][]uint8{{4, 4}, {4, 3, 2}, {2, 4, 2}, {0, 4}, {3, 0}} { // what is stored is the sum's terms, and is not
				p.Map.Results = results
				s.check(p, sumUnits, s.normal(n), s.normal(access.Len(n)))
			}
		}
	}
	for _, shape := range [][3]int{{4, 10, 1}, {4, 3000, 1}, {2, 50, 7}} { // one NaN among many
		n := shape[0] * shape[1] * shape[2]
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x := s.normal(n)
			x[s.rng.IntN(n)] = v
			x[s.rng.IntN(n)] = math.Inf(1)
			s.check(identity(shape[0], shape[1], shape[2], true), 0, x)
			s.check(identity(shape[0], shape[1], shape[2], false), sumUnits, x)
		}
	}
}

// testLongSums adds numbers whose naive sum in float32 loses several digits.
func testLongSums(s *suite) {
	const n = 1 << 19
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(0.1 + 1e-3*float64(i%7)))
	}
	s.check(identity(1, n, 1, false), sumUnits, x)
	s.check(identity(1, n/2, 2, false), sumUnits, x)
	s.check(identity(1, n/128, 128, false), sumUnits, x)
	s.check(identity(2, n/4096, 2048, false), sumUnits, x)
	s.check(identity(64, n/64, 1, false), sumUnits, x)
}
