package kerneltest

import (
	"math"

	"drift/kernels"
)

// deviations is what a covariance takes from gradients g [n,m], weighted by example: the mean of their rows and its square, the mean of deviations from it,
// the squared norm of each row's deviations, and the deviations from both means, weighted. Inputs g, weights [n] and one number; outputs sum, mean, its
// square, sum of deviations, squares, weighted deviations.
func deviations(n, m int) kernels.Columnwise {
	full, perColumn, perRow, one := kernels.Access{B: 1, C: 1}, kernels.Access{B: n, C: m}, kernels.Access{B: m, C: 1}, kernels.Access{B: n * m, C: 1}
	const g, weight, factor, sum, mean, square, rest, squares, weighted = 0, 1, 2, 3, 4, 5, 6, 7, 8
	less := kernels.Map{N: n * m, Access: []kernels.Access{full, perColumn}, Code: []kernels.Instr{instr(kernels.FnSub, 0, 1, 0)}, Results: []uint8{2}}
	squared := less
	squared.Code = append([]kernels.Instr{less.Code[0]}, instr(kernels.FnSquare, 2, 0, 0))
	squared.Results = []uint8{3}
	return kernels.Columnwise{Columns: m, In: []int{n * m, n, 1}, Out: []int{m, m, 1, m, n, n * m}, Steps: []kernels.Step{
		{Op: identity(1, n, m, false), In: []int{g}, Out: []int{sum}},
		{Op: kernels.Reduce{A: 1, B: m, C: 1, Map: kernels.Map{N: m, Access: []kernels.Access{full}, Code: []kernels.Instr{instr(kernels.FnScale, 0, 0, 1/float64(n)),
			instr(kernels.FnSquare, 1, 0, 0)}, Results: []uint8{2, 1}}}, In: []int{sum}, Out: []int{square, mean}},
		{Op: kernels.Reduce{A: 1, B: n, C: m, Map: less}, In: []int{g, mean}, Out: []int{rest}},
		{Op: kernels.Reduce{A: n, B: m, C: 1, Map: squared}, In: []int{g, mean}, Out: []int{squares}},
		{Op: kernels.Map{N: n * m, Access: []kernels.Access{full, perColumn, perColumn, perRow, one}, Code: []kernels.Instr{
			instr(kernels.FnSub, 0, 1, 0), instr(kernels.FnScale, 2, 0, 1/float64(n)), instr(kernels.FnSub, 5, 6, 0), instr(kernels.FnMul, 7, 3, 0),
			instr(kernels.FnMul, 8, 4, 0)}, Results: []uint8{9}}, In: []int{g, mean, rest, weight, factor}, Out: []int{weighted}},
	}}
}

// columnwiseUnits is what results may be off, in half ulps of the largest of their output: a few roundings in front of each of two sums.
const columnwiseUnits = 64

// offset is n numbers that a large one has in common, so that deviations are much smaller.
func (s *suite) offset(n int) []float64 {
	x := s.normal(n)
	for i := range x {
		x[i] = s.round(x[i] + 8)
	}
	return x
}

// testColumnwise takes deviations in numbers of columns that divide into blocks and do not, of few rows and of more than are added up in one go.
func testColumnwise(s *suite) {
	for _, shape := range [][2]int{{1, 1}, {3, 7}, {2, 64}, {128, 576}, {5, 4096}, {12, 1000}, {37, 1040}, {600, 192}, {1100, 64}, {9, 2304}} {
		p := deviations(shape[0], shape[1])
		in := [][]float64{s.offset(p.In[0]), s.normal(p.In[1]), s.normal(1)}
		want, scale := reference(p, in)
		rest := 3 // sums of deviations are differences of numbers of the size of the sum of rows
		for i := range scale[rest] {
			scale[rest][i] = math.Abs(want[0][0])
		}
		for _, s.aligned = range []bool{true, false} {
			s.compare("deviations", columnwiseUnits, s.compute(p, blank(p.Out), in), want, scale)
		}
	}
}

// blank is outputs in which old contents would show.
func blank(sizes []int) (out [][]float64) {
	for _, n := range sizes {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.NaN()
		}
		out = append(out, x)
	}
	return out
}

// testColumnwiseInPlace writes the deviations over what they are taken from, with the same bits; results of steps that others follow may not.
func testColumnwiseInPlace(s *suite) {
	for _, shape := range [][2]int{{7, 5}, {128, 576}, {12, 2048}} {
		p := deviations(shape[0], shape[1])
		if last := len(p.Out) - 1; !kernels.Over(p, last, 0) || kernels.Over(p, 0, 0) || kernels.Over(p, last, 1) {
			s.Fatal("the last output alone may be the same memory as the first input")
		}
		in := [][]float64{s.offset(p.In[0]), s.normal(p.In[1]), s.normal(1)}
		want := s.compute(p, blank(p.Out), in)
		var c kernels.Call
		c.Op = p
		for k, n := range p.In {
			v, _ := s.view(in[k][:n])
			c.In = append(c.In, v)
		}
		for _, n := range p.Out[:len(p.Out)-1] {
			v, _ := s.view(make([]float64, n))
			c.Out = append(c.Out, v)
		}
		c.Out = append(c.Out, c.In[0])
		e := s.load(c)
		if err := e.Run(); err != nil {
			s.Fatal(err)
		}
		e.Close()
		for k, b := range c.Out {
			if got := s.read(b); !same(got, want[k]) {
				s.Errorf("%v: output %d differs where the last one is written over an input", shape, k)
			}
		}
		c.Out[len(c.Out)-1], c.Out[0] = c.Out[0], c.In[0].Slice(0, p.Out[0])
		if _, err := s.device.Load([]kernels.Call{c}); err == nil {
			s.Errorf("%v: an output that may not lie over an input was taken there", shape)
		}
	}
}
