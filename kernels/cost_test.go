package kernels

import "testing"

// sized is a buffer of which only type and length matter.
type sized struct {
	Buffer
	n int
}

func (s sized) Len() int     { return s.n }
func (s sized) DType() DType { return Float32 }

// call has operands of the lengths that op wants.
func call(t *testing.T, op Primitive) Call {
	t.Helper()
	out, in, err := op.Operands()
	if err != nil {
		t.Fatal(err)
	}
	c := Call{Op: op}
	for _, n := range out {
		c.Out = append(c.Out, sized{n: n})
	}
	for _, n := range in {
		c.In = append(c.In, sized{n: n})
	}
	return c
}

// Bytes and operations counted by hand, elements of 4 bytes.
func TestCost(t *testing.T) {
	w := Window{N: 2, C: 3, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	images, outputs, weights := 2*3*64, 2*5*64, 5*27
	relu := Map{N: 120, Access: []Access{{B: 1, C: 1}, {B: 12, C: 10}}, Code: []Instr{{Fn: FnAdd, X: 0, Y: 1}, {Fn: FnCopy, X: 2}, {Fn: FnRelu, X: 2}},
		Results: []uint8{4}}
	for _, c := range []struct {
		op           Primitive
		bytes, flops int
		words        string
	}{
		{Gemm{Batch: 1, M: 2, N: 3, K: 5, TransB: true, Alpha: 1}, 4 * (10 + 15 + 6), 2 * 30, "2×3×5 NT"},
		{Gemm{Batch: 4, M: 2, N: 3, K: 5, ShareB: true, Alpha: 1, Beta: 1}, 4 * (40 + 15 + 2*24), 2 * 120, "4 of 2×3×5 NN"},
		{Conv{Window: w, O: 5}, 4 * (images + outputs + weights), 2 * outputs * 27, "2×3×8×8 ⋆ 5×3×3"},
		{ConvWeight{Window: w, O: 5}, 4 * (images + outputs + weights), 2 * outputs * 27, "2×3×8×8 ⋆ 5×3×3"},
		{relu, 4 * (120 + 10 + 120), 2 * 120, "120: add copy relu"},
		{Reduce{A: 12, B: 10, C: 1, Map: Map{N: 120, Access: []Access{{B: 1, C: 1}}, Results: []uint8{0}}}, 4 * (120 + 12), 120, "12×10×1"},
		{centred(3, 4), 4 * (12 + 4 + 12 + 3), 12 + 24 + 36, "3×4: reduce map reduce"},
		{Gather{Rows: 3, Width: 7, Table: 1000}, 4 * (3*7*2 + 3), 0, "3×7 of 1000"},
		{Scatter{Rows: 3, Width: 7, Table: 10}, 4 * (21 + 3 + 70), 21, "3×7 to 10"},
		{Softmax{Rows: 3, Cols: 7}, 4 * 42, 5 * 21, "3×7"},
		{Attention{Batch: 2, Heads: 3, Queries: 4, Keys: 5, Width: 7, Values: 6, Scale: 1}, 4 * 6 * (4*7 + 5*7 + 5*6 + 4*6 + 4), 6 * 20 * (2*7 + 2*6 + 5), "6 of 4×5×7 to 6"},
		{AttentionGradient{Batch: 1, Heads: 2, Queries: 4, Keys: 4, Width: 8, Values: 8, Scale: 1, Causal: true, Packed: true}, 4 * 2 * (2*3*32 + 2*32 + 4),
			2 * 10 * (10*8 + 4), "2 of 4×4×8 causal packed"},
		{AttentionTangent{Batch: 1, Heads: 2, Queries: 4, Keys: 4, Width: 8, Values: 8, Scale: 1, Causal: true, Packed: true}, 4 * 2 * (2*3*32 + 32 + 4),
			2 * 10 * (10*8 + 6), "2 of 4×4×8 causal packed"},
		{AttentionHVP{Batch: 1, Heads: 2, Queries: 4, Keys: 4, Width: 8, Values: 8, Scale: 1, Causal: true, Packed: true}, 4 * 2 * (3*3*32 + 3*32 + 4),
			2 * 10 * (24*8 + 14), "2 of 4×4×8 causal packed"},
		{Permute{Rank: 2, Shape: [6]int{3, 7}, Perm: [6]int{1, 0}}, 4 * 42, 0, "3×7 → [1 0]"},
		{MaxIndex{Window: w}, 4 * (images + 2*3*64), 0, "2×3×8×8 by 3×3 / 1×1"},
	} {
		got := call(t, c.op).Cost()
		if got.Bytes != float64(c.bytes) || got.Flops != float64(c.flops) {
			t.Errorf("%+v: %v bytes and %v operations, want %d and %d", c.op, got.Bytes, got.Flops, c.bytes, c.flops)
		}
		if got := Describe(c.op); got != c.words {
			t.Errorf("%+v: %q, want %q", c.op, got, c.words)
		}
	}
}
