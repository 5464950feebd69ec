package kerneltest

import (
	"math"

	"drift/kernels"
)

var rowSizes = [][2]int{{0, 5}, {3, 1}, {1, 3}, {7, 10}, {512, 10}, {5, 33}, {3, 1000}, {2, 5001}}

func testRows(s *suite) {
	for _, z := range rowSizes {
		rows, cols := z[0], z[1]
		for _, spread := range []float64{0.1, 1, 30} {
			x := s.normal(rows * cols)
			for i := range x {
				x[i] = float64(float32(x[i] * spread))
			}
			units := 16 + float64(cols)
			s.check(kernels.Softmax{Rows: rows, Cols: cols}, units, x)
			s.check(kernels.Softmax{Rows: rows, Cols: cols, Log: true}, 16+spread, x)
			s.check(kernels.CrossEntropy{Rows: rows, Cols: cols}, 16+spread, x, s.indices(rows, 0, cols))
		}
		x := s.indices(rows*cols, 0, 4) // ties: the first counts
		s.check(kernels.Correct{Rows: rows, Cols: cols}, 0, x, s.indices(rows, 0, min(cols, 3)))
	}
}

// testRowsNaN: NaN anywhere spoils its row, large logits do not overflow, classes out of range give NaN.
func testRowsNaN(s *suite) {
	nan, inf := math.NaN(), math.Inf(1)
	x := []float64{1, nan, 2, 1000, -1000, 999, -inf, 0, 1, 0x1p100, -0x1p100, 0, 5, 5, 5}
	y := []float64{0, 0, 1, 0, 2}
	s.check(kernels.Softmax{Rows: 5, Cols: 3}, 32, x)
	s.check(kernels.Softmax{Rows: 5, Cols: 3, Log: true}, 32, x)
	s.check(kernels.CrossEntropy{Rows: 5, Cols: 3}, 32, x, y)
	s.check(kernels.Correct{Rows: 5, Cols: 3}, 0, x, y)
	wrong := []float64{-1, 3, math.MinInt32, 1e9, math.MaxInt32}
	s.check(kernels.CrossEntropy{Rows: 5, Cols: 3}, 32, x, wrong)
	s.check(kernels.Correct{Rows: 5, Cols: 3}, 0, x, wrong)
	s.check(kernels.Pick{Rows: 5, Cols: 3}, 0, x, wrong)
	s.check(kernels.Place{Rows: 5, Cols: 3}, 0, s.normal(5), wrong)
	for _, width := range []int{2, 8} {
		s.check(kernels.Gather{Rows: 5, Width: width, Table: 3}, 0, s.normal(3*width), wrong)
	}
	s.check(kernels.Scatter{Rows: 5, Width: 2, Table: 3}, 1, s.normal(10), wrong)
	s.check(kernels.Cast{N: 15}, 0, x)
	s.check(kernels.Cast{N: 13}, 0, []float64{0, 2, 1, 0.75, -0.25, 1 << 24, 1<<24 + 2, 0x1p31, 0x7fffff80, -1, inf, -inf, nan})
	s.check(kernels.Number{N: 7}, 0, []float64{0, 1, -1, -100, 1<<24 + 1, math.MaxInt32, math.MinInt32}) // rounded to even
}

// testIndexTables: what moves elements moves indices too, beyond what float32 can tell apart; a row that is not there is −1.
func testIndexTables(s *suite) {
	const n = 60
	far := make([]float64, n)
	for i := range far {
		far[i] = 1<<24 + 1 + float64(2*i)
	}
	rows := []float64{2, 0, 3, 1}
	s.checkIndices(kernels.Known{N: 6}, []float64{0, -1, -100, 1<<24 + 1, math.MaxInt32, math.MinInt32})
	for _, width := range []int{1, 3, 8} {
		s.checkIndices(kernels.Gather{Rows: len(rows), Width: width, Table: 3}, far[:3*width], rows)
	}
	s.checkIndices(kernels.Slice{A: 3, B: 5, C: 4, From: 1, To: 3}, far)
	s.checkIndices(kernels.Permute{Rank: 2, Shape: [6]int{6, 10}, Perm: [6]int{1, 0}}, far)
	s.checkIndices(kernels.Permute{Rank: 3, Shape: [6]int{3, 4, 5}, Perm: [6]int{1, 0, 2}}, far)
}

// checkIndices compares op with its reference where all operands are indices.
func (s *suite) checkIndices(op kernels.Primitive, in ...[]float64) {
	s.Helper()
	want, _ := reference(op, in)
	for i, v := range want[0] {
		if math.IsNaN(v) {
			want[0][i] = -1
		}
	}
	for _, s.aligned = range []bool{true, false} {
		to, whole := s.viewOf(kernels.Int32, make([]float64, len(want[0])))
		call := kernels.Call{Op: op, Out: []kernels.Buffer{to}}
		for _, x := range in {
			from, _ := s.viewOf(kernels.Int32, x)
			call.In = append(call.In, from)
		}
		e := s.load(call)
		if err := e.Run(); err != nil {
			s.Fatal(err)
		}
		e.Close()
		if got := s.read(to); !same(got, want[0]) {
			s.Fatalf("%+v: %v, want %v", op, got, want[0])
		}
		before, after := s.around()
		for i, v := range s.read(whole) {
			if (i < before || i >= whole.Len()-after) && v != guard {
				s.Fatalf("%+v: wrote %v at element %d", op, v, i-before)
			}
		}
	}
}

func testIndices(s *suite) {
	for _, z := range rowSizes {
		rows, cols := z[0], z[1]
		s.check(kernels.Pick{Rows: rows, Cols: cols}, 0, s.normal(rows*cols), s.indices(rows, 0, cols))
		s.check(kernels.Place{Rows: rows, Cols: cols}, 0, s.normal(rows), s.indices(rows, 0, cols))
	}
	for _, z := range [][3]int{{0, 3, 4}, {3, 0, 4}, {1, 1, 1}, {9, 1, 3}, {128, 784, 300}, {5, 7, 2}, {1000, 3, 10}, {64, 10, 5000}} {
		rows, width, table := z[0], z[1], z[2]
		s.check(kernels.Gather{Rows: rows, Width: width, Table: table}, 0, s.normal(table*width), s.indices(rows, 0, table))
		s.check(kernels.Scatter{Rows: rows, Width: width, Table: table}, float64(rows), s.normal(rows*width), s.indices(rows, 0, table))
	}
	s.check(kernels.Scatter{Rows: 0, Width: 3, Table: 4}, 0, nil, nil) // all zero
}

func testLayout(s *suite) {
	for _, z := range [][5]int{{1, 1, 1, 0, 1}, {2, 5, 3, 1, 4}, {3, 7, 1, 0, 7}, {1, 4, 6, 2, 2}, {0, 3, 3, 1, 2},
		{4, 100, 700, 30, 60}, {1, 9, 50000, 3, 5}} {
		p := kernels.Slice{A: z[0], B: z[1], C: z[2], From: z[3], To: z[4]}
		out, in, _ := p.Operands()
		s.check(p, 0, s.normal(in[0]))
		s.check(kernels.Pad(p), 0, s.normal(out[0]))
	}
	s.check(kernels.Copies{N: []int{5, 0, 300}}, 0, s.normal(5), nil, s.normal(300))
	for _, p := range []kernels.Permute{
		{Rank: 1, Shape: [6]int{7}},
		{Rank: 2, Shape: [6]int{3, 5}, Perm: [6]int{1, 0}},
		{Rank: 2, Shape: [6]int{300, 500}, Perm: [6]int{1, 0}},
		{Rank: 2, Shape: [6]int{1, 9}, Perm: [6]int{1, 0}},
		{Rank: 2, Shape: [6]int{0, 9}, Perm: [6]int{1, 0}},
		{Rank: 3, Shape: [6]int{4, 33, 65}, Perm: [6]int{0, 2, 1}},
		{Rank: 3, Shape: [6]int{17, 3, 100}, Perm: [6]int{1, 0, 2}},
		{Rank: 4, Shape: [6]int{5, 6, 7, 8}, Perm: [6]int{0, 2, 3, 1}},
		{Rank: 4, Shape: [6]int{2, 3, 4, 5}, Perm: [6]int{3, 2, 1, 0}},
	} {
		n := 1
		for _, k := range p.Shape[:p.Rank] {
			n *= k
		}
		s.check(p, 0, s.normal(n))
	}
	for range 40 {
		p := kernels.Permute{Rank: 6}
		n := 1
		for i, k := range s.rng.Perm(6) {
			p.Shape[i], p.Perm[i] = 1+s.rng.IntN(5), k
			n *= p.Shape[i]
		}
		s.check(p, 0, s.normal(n))
	}
}
