package kerneltest

import (
	"math"

	"drift/kernels"
)

// refSteps runs the steps of a fused program one by one. Steps number their values: inputs, outputs, then the given number of local ones, which
// nothing outside reads. The tolerance of each element of an output is that of its largest one.
func refSteps(steps []kernels.Step, local int, out, scale, in [][]float64) {
	values := append(append(append([][]float64(nil), in...), out...), make([][]float64, local)...)
	for _, s := range steps {
		var operands [][]float64
		for _, v := range s.In {
			operands = append(operands, values[v])
		}
		results, _ := reference(s.Op, operands)
		for k, v := range s.Out {
			values[v] = results[k]
		}
	}
	for o := range out {
		copy(out[o], values[len(in)+o])
		most := 0.0
		for _, v := range out[o] {
			most = max(most, math.Abs(v))
		}
		for i := range scale[o] {
			scale[o][i] = most
		}
	}
}

// rowwiseUnits is what a norm may be off, in half ulps of its largest element: a few roundings in front of each of three sums.
const rowwiseUnits = 64

func instr(fn kernels.Fn, x, y int, imm float64) kernels.Instr {
	return kernels.Instr{Fn: fn, X: uint8(x), Y: uint8(y), Imm: imm}
}

// norm is a row's mean and variance, and the row standardised and scaled by channel, with the sums of squares of its channels: inputs x and the scale of
// each channel, outputs y, 1/σ and the sums.
func norm(rows, channels, pixels int) kernels.Rowwise {
	size := channels * pixels
	n := rows * size
	full, row, channel := kernels.Access{B: 1, C: 1}, kernels.Access{B: size, C: 1}, kernels.Access{B: rows, C: channels, D: pixels}
	deviation := []kernels.Instr{instr(kernels.FnScale, 1, 0, 1/float64(size)), instr(kernels.FnSub, 0, 2, 0)}
	const x, scale, y, inverse, sums, total, squares = 0, 1, 2, 3, 4, 5, 6
	return kernels.Rowwise{Rows: rows, In: []int{n, channels}, Out: []int{n, rows, rows * channels}, Local: []int{rows, rows}, Steps: []kernels.Step{
		{Op: identity(rows, size, 1, false), In: []int{x}, Out: []int{total}},
		{Op: kernels.Reduce{A: rows, B: size, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full, row},
			Code: append(deviation, instr(kernels.FnSquare, 3, 0, 0)), Results: []uint8{4}}}, In: []int{x, total}, Out: []int{squares}},
		{Op: kernels.Map{N: rows, Access: []kernels.Access{full}, Code: []kernels.Instr{instr(kernels.FnScale, 0, 0, 1/float64(size)),
			instr(kernels.FnAddConst, 1, 0, 0.5), instr(kernels.FnRsqrt, 2, 0, 0)}, Results: []uint8{3}}, In: []int{squares}, Out: []int{inverse}},
		{Op: kernels.Map{N: n, Access: []kernels.Access{full, row, row, channel}, Code: []kernels.Instr{
			instr(kernels.FnScale, 1, 0, 1/float64(size)), instr(kernels.FnSub, 0, 4, 0), instr(kernels.FnMul, 5, 2, 0), instr(kernels.FnMul, 6, 3, 0)},
			Results: []uint8{7}}, In: []int{x, total, inverse, scale}, Out: []int{y}},
		{Op: kernels.Reduce{A: rows * channels, B: pixels, C: 1, Map: kernels.Map{N: n, Access: []kernels.Access{full},
			Code: []kernels.Instr{instr(kernels.FnSquare, 0, 0, 0)}, Results: []uint8{1}}}, In: []int{y}, Out: []int{sums}},
	}}
}

// testRowwise standardises rows from one element to several blocks long, in numbers that fill tiles and do not.
func testRowwise(s *suite) {
	for _, shape := range [][3]int{{1, 1, 1}, {3, 2, 5}, {700, 3, 4}, {5, 4, 256}, {9, 2, 1024}, {33, 3, 700}, {2, 1, 5000}, {4, 8, 600}, {65, 64, 1}, {16, 8, 64}, {48, 3, 48}} {
		p := norm(shape[0], shape[1], shape[2])
		s.check(p, rowwiseUnits, s.normal(p.In[0]), s.normal(p.In[1]))
	}
	long := 256 * 200 // so that a tile of rows ends, and the next one begins, in the middle of the 8 elements that repeat
	repeated := kernels.Map{N: 512, Access: []kernels.Access{{B: 1, C: 1}, {B: 64, C: 8}}, Code: []kernels.Instr{instr(kernels.FnMul, 0, 1, 0)}, Results: []uint8{2}}
	s.check(kernels.Rowwise{Rows: 256, In: []int{long, 512, 8}, Out: []int{256, 512}, Steps: []kernels.Step{
		{Op: identity(256, 200, 1, false), In: []int{0}, Out: []int{3}}, {Op: repeated, In: []int{1, 2}, Out: []int{4}}}}, 64, s.normal(long), s.normal(512), s.normal(8))
	n := 6 * 40 // a value that only passes between steps, full as the rows are
	full := kernels.Access{B: 1, C: 1}
	double := kernels.Map{N: n, Access: []kernels.Access{full}, Code: []kernels.Instr{instr(kernels.FnScale, 0, 0, 2)}, Results: []uint8{1}}
	largest := identity(24, 10, 1, true)
	less := kernels.Map{N: n, Access: []kernels.Access{full, {B: 10, C: 1}}, Code: []kernels.Instr{instr(kernels.FnSub, 0, 1, 0)}, Results: []uint8{2}}
	s.check(kernels.Rowwise{Rows: 6, In: []int{n}, Out: []int{n}, Local: []int{n, 24}, Steps: []kernels.Step{
		{Op: double, In: []int{0}, Out: []int{2}}, {Op: largest, In: []int{2}, Out: []int{3}}, {Op: less, In: []int{2, 3}, Out: []int{1}}}}, 4, s.normal(n))
}
