package kerneltest

import "drift/kernels"

// samples is a call of each primitive, of middle size.
func (s *suite) samples() (ops []kernels.Primitive, in [][][]float64) {
	add := func(op kernels.Primitive, inputs ...[]float64) {
		ops, in = append(ops, op), append(in, inputs)
	}
	w := kernels.Window{N: 24, C: 3, H: 14, W: 14, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	image := w.N * w.C * w.H * w.W
	c := kernels.Conv{Window: w, O: 8}
	n := 200 * 300
	add(kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}, {B: 200, C: 300}, {B: n, C: 1}},
		Code:    []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}, {Fn: kernels.FnTanh, X: 3}, {Fn: kernels.FnMul, X: 4, Y: 2}},
		Results: []uint8{5, 3}}, s.normal(n), s.normal(300), s.normal(1))
	add(identity(1, 200, 300, false), s.normal(n))
	add(identity(200, 300, 1, false), s.normal(n))
	add(identity(1, n, 1, true), s.normal(n))
	add(kernels.Copies{N: []int{n, 3, 700}}, s.normal(n), s.normal(3), s.normal(700))
	add(norm(200, 3, 100), s.normal(n), s.normal(3))
	add(deviations(200, 320), s.normal(200*320), s.normal(200), s.normal(1))
	add(kernels.Gemm{Batch: 1, M: 200, N: 150, K: 100, TransB: true, Alpha: 1}, s.normal(20000), s.normal(15000))
	add(kernels.Gemm{Batch: 40, M: 20, N: 15, K: 10, Alpha: 1}, s.normal(8000), s.normal(6000))
	add(kernels.Product{Gemm: kernels.Gemm{Batch: 1, M: 200, N: 150, K: 100, TransB: true, Alpha: 1}, Activation: kernels.ReLU, Bias: true},
		s.normal(20000), s.normal(15000), s.normal(150))
	attention := kernels.Attention{Batch: 3, Heads: 2, Queries: 100, Keys: 100, Width: 16, Values: 16, Scale: 0.25, Causal: true}
	one := s.normal(3 * 2 * 100 * 16)
	add(attention, one, one, one)
	add(kernels.AttentionGradient(attention), one, one, one, one, one, s.normal(3*2*100))
	add(kernels.AttentionTangent(attention), one, one, one, s.normal(3*2*100), one, one, one)
	add(kernels.AttentionHVP(attention), one, one, one, one, one, s.normal(3*2*100), one, one, one)
	add(kernels.Softmax{Rows: 300, Cols: 200}, s.normal(n))
	add(kernels.Softmax{Rows: 300, Cols: 200, Log: true}, s.normal(n))
	add(kernels.CrossEntropy{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Correct{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Pick{Rows: 300, Cols: 200}, s.normal(n), s.indices(300, 0, 200))
	add(kernels.Place{Rows: 300, Cols: 200}, s.normal(300), s.indices(300, 0, 200))
	add(kernels.Gather{Rows: 300, Width: 200, Table: 50}, s.normal(50*200), s.indices(300, 0, 50))
	add(kernels.Unpack{Rows: 300, Table: 50, Groups: 2, Height: 5, Width: 20, Moved: true}, s.normal(512), s.indices(50*200, 0, 256), s.indices(300, 0, 50), s.moves(300, 2))
	add(kernels.Scatter{Rows: 300, Width: 200, Table: 50}, s.normal(n), s.indices(300, 0, 50))
	add(kernels.Cast{N: n}, s.normal(n))
	add(kernels.Number{N: n}, s.indices(n, -100, 1<<30))
	add(kernels.Known{N: n}, s.indices(n, -100, 1<<24))
	add(kernels.Uniform{Rows: 300, Width: 200, Stream: 3}, []float64{5, -7}, s.indices(300, 0, 1<<30))
	add(kernels.Permute{Rank: 3, Shape: [6]int{4, 50, 300}, Perm: [6]int{0, 2, 1}}, s.normal(n))
	add(kernels.Slice{A: 4, B: 50, C: 300, From: 10, To: 30}, s.normal(n))
	add(kernels.Pad{A: 4, B: 50, C: 300, From: 10, To: 30}, s.normal(4*20*300))
	add(c, s.normal(image), s.normal(8*27))
	add(kernels.ConvInput(c), s.normal(24*8*14*14), s.normal(8*27))
	add(kernels.ConvWeight(c), s.normal(image), s.normal(24*8*14*14))
	add(kernels.Im2Col{Window: w}, s.normal(image))
	add(kernels.Col2Im{Window: w}, s.normal(image*9))
	few := kernels.Window{N: 3, C: 2, H: 6, W: 6, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	add(kernels.WindowGram{Window: few}, s.normal(3*2*36*36))
	add(kernels.PixelGram{Window: few}, s.normal(3*2*36*36))
	add(kernels.MaxIndex{Window: w}, s.normal(image))
	add(kernels.MaxGather{Window: w}, s.normal(image), s.indices(image, 0, 9))
	add(kernels.MaxScatter{Window: w}, s.normal(image), s.indices(image, 0, 9))
	add(kernels.AvgPool{Window: w}, s.normal(image))
	add(kernels.AvgUnpool{Window: w}, s.normal(image))
	return ops, in
}

// call makes fresh operands for op.
func (s *suite) call(op kernels.Primitive, in [][]float64) kernels.Call {
	s.Helper()
	c := kernels.Call{Op: op}
	sizes, _, err := op.Operands()
	if err != nil {
		s.Fatal(err)
	}
	for k, n := range sizes {
		b, _ := s.operand(op, true, k, make([]float64, n))
		c.Out = append(c.Out, b)
	}
	for k, x := range in {
		b, _ := s.operand(op, false, k, x)
		c.In = append(c.In, b)
	}
	return c
}

func (s *suite) zeros(op kernels.Primitive) (out [][]float64) {
	sizes, _, _ := op.Operands()
	for _, n := range sizes {
		out = append(out, make([]float64, n))
	}
	return out
}
