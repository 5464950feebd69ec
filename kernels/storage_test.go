package kernels

import (
	"math"
	"testing"
)

// Rounding to BFloat16 picks the nearer of its two neighbours, and of two that are as near the even one.
func TestRoundingToBFloat16(t *testing.T) {
	for _, c := range []struct{ x, want float32 }{
		{1, 1}, {1 + 0x1p-8, 1}, {1 + 0x1.8p-8, 1 + 0x1p-7}, {1 + 0x1p-7 + 0x1p-8, 1 + 0x1p-6}, {-1 - 0x1.001p-8, -1 - 0x1p-7},
		{0x1.fffffep127, float32(math.Inf(1))}, {0x1.fep127, 0x1.fep127}, {0x1p-149, 0}, {0x1p-133, 0x1p-133}, {float32(math.Inf(-1)), float32(math.Inf(-1))},
	} {
		if got := RoundBFloat16(c.x); got != c.want {
			t.Errorf("%x becomes %x, want %x", c.x, got, c.want)
		}
	}
	if got := ToBFloat16(float32(math.Float32frombits(0xff800001))); got != 0x7fff {
		t.Errorf("NaN becomes %x, want 7fff", got)
	}
	for bits := range 1 << 16 {
		if x := FromBFloat16(uint16(bits)); x == x && ToBFloat16(x) != uint16(bits) {
			t.Fatalf("%04x is not its own nearest number", bits)
		}
	}
}

// Sums are never stored as BFloat16, nor what a primitive cannot store so.
func TestSumsAreStoredAsTheyAre(t *testing.T) {
	full := Map{N: 12, Access: []Access{{B: 1, C: 1}}, Results: []uint8{0, 0}}
	sum := Reduce{A: 3, B: 4, C: 1, Map: full}
	rows := Rowwise{Rows: 3, In: []int{12}, Out: []int{3, 12}, Steps: []Step{{Op: sum, In: []int{0}, Out: []int{1, 2}}}}
	for _, c := range []struct {
		op     Primitive
		output bool
		k      int
		want   bool
	}{
		{full, true, 0, true}, {full, false, 0, true}, {sum, true, 0, false}, {sum, true, 1, true}, {sum, false, 0, true},
		{rows, true, 0, false}, {rows, true, 1, true}, {rows, false, 0, true},
		{Gemm{Batch: 1, M: 2, N: 2, K: 2}, true, 0, true}, {Gemm{Batch: 1, M: 2, N: 2, K: 2, Beta: 1}, true, 0, false},
		{Col2Im{}, false, 0, true}, {CrossEntropy{Rows: 3, Cols: 4}, true, 0, false}, {CrossEntropy{Rows: 3, Cols: 4}, false, 0, true},
		{Scatter{Rows: 3, Width: 4, Table: 5}, true, 0, false}, {Scatter{Rows: 3, Width: 4, Table: 5}, false, 0, true}, {Gather{}, true, 0, true},
		{ConvWeight{}, true, 0, false}, {ConvWeight{PerExample: true}, true, 0, true}, {Conv{}, true, 0, true}, {Number{N: 3}, true, 0, false},
		{Product{Activation: ReLU, Gradient: true, Sums: true}, true, 0, false}, {Product{Activation: ReLU, Gradient: true, Sums: true}, true, 1, true},
		{Uniform{}, true, 0, false}, {Place{}, true, 0, true}, {Place{}, false, 0, false},
	} {
		if got := Narrows(c.op, c.output, c.k); got != c.want {
			t.Errorf("%s, output %t, operand %d: %t, want %t", c.op.Name(), c.output, c.k, got, c.want)
		}
	}
}
