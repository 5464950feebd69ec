//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// inputsOf are random inputs of a primitive, rounded to bfloat16. Indices are below a limit, or one beside, and some numbers are none.
func inputsOf(rng *rand.Rand, op kernels.Primitive, limit int) (inputs [][]float32) {
	_, in, _ := op.Operands()
	for k, n := range in {
		x := make([]float32, n)
		for i := range x {
			switch {
			case kernels.IsIndex(op, false, k):
				x[i] = float32(rng.IntN(limit+2) - 1)
			case kernels.IsBytes(op, false, k):
				x[i] = float32(rng.IntN(256))
			case rng.IntN(200) == 0:
				x[i] = float32(math.NaN())
			default:
				x[i] = kernels.RoundBFloat16(float32(rng.NormFloat64()))
			}
		}
		inputs = append(inputs, x)
	}
	return inputs
}

// What moves, looks up, pools and normalizes numbers gives with operands stored as bfloat16 what it gives with float32, rounded once where it is
// stored so: sums within windows, and over rows that are scattered, are as they were.
func TestOthersStoredNarrow(t *testing.T) {
	d := open(t, Options{})
	rng := rand.New(rand.NewPCG(11, 12))
	squares := kernels.Window{N: 2, C: 3, H: 6, W: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
	odd := kernels.Window{N: 2, C: 3, H: 7, W: 5, KH: 3, KW: 2, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1}
	apart := kernels.Window{N: 1, C: 2, H: 9, W: 9, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 2, PadW: 2, DilationH: 2, DilationW: 2}
	for _, c := range []struct {
		limit int // of indices
		op    kernels.Primitive
	}{
		{0, kernels.Permute{Rank: 4, Shape: [6]int{3, 5, 2, 7}, Perm: [6]int{0, 2, 1, 3}}}, {0, kernels.Permute{Rank: 2, Shape: [6]int{40, 37}, Perm: [6]int{1, 0}}},
		{0, kernels.Permute{Rank: 3, Shape: [6]int{2, 33, 9}, Perm: [6]int{0, 2, 1}}}, {0, kernels.Slice{A: 3, B: 7, C: 5, From: 2, To: 6}},
		{0, kernels.Pad{A: 3, B: 7, C: 5, From: 2, To: 6}},
		{0, kernels.Softmax{Rows: 5, Cols: 3}}, {0, kernels.Softmax{Rows: 7, Cols: 1000}}, {0, kernels.Softmax{Rows: 7, Cols: 130, Log: true}},
		{10, kernels.CrossEntropy{Rows: 9, Cols: 10}}, {700, kernels.CrossEntropy{Rows: 6, Cols: 700}}, {10, kernels.Correct{Rows: 30, Cols: 10}},
		{10, kernels.Pick{Rows: 9, Cols: 10}}, {10, kernels.Place{Rows: 9, Cols: 10}},
		{4, kernels.Gather{Rows: 11, Width: 5, Table: 4}}, {4, kernels.Gather{Rows: 11, Width: 24, Table: 4}},
		{4, kernels.Scatter{Rows: 11, Width: 24, Table: 4}},
		{0, kernels.MaxIndex{Window: squares}}, {0, kernels.MaxIndex{Window: odd}}, {4, kernels.MaxGather{Window: squares}}, {6, kernels.MaxGather{Window: odd}},
		{4, kernels.MaxScatter{Window: squares}}, {6, kernels.MaxScatter{Window: odd}}, {0, kernels.AvgPool{Window: squares}}, {0, kernels.AvgPool{Window: odd}},
		{0, kernels.AvgUnpool{Window: squares}}, {0, kernels.AvgUnpool{Window: odd}}, {0, kernels.Im2Col{Window: odd}}, {0, kernels.Col2Im{Window: odd}},
		{0, kernels.Im2Col{Window: apart}}, {0, kernels.Col2Im{Window: apart}}, {0, kernels.WindowGram{Window: odd}}, {0, kernels.PixelGram{Window: odd}},
	} {
		for before := range 2 {
			t.Run(fmt.Sprintf("%s %s behind %d", c.op.Name(), kernels.Describe(c.op), before), func(t *testing.T) {
				inputs := inputsOf(rng, c.op, c.limit)
				got := storedIn(t, d, c.op, kernels.BFloat16, before, inputs)
				for r, want := range storedIn(t, d, c.op, kernels.Float32, before, inputs) {
					same(t, c.op, r, got[r], want)
				}
			})
		}
	}
}

// same compares a result that may be stored as bfloat16 with float32's, rounded.
func same(t *testing.T, op kernels.Primitive, r int, got, want []float32) {
	t.Helper()
	for i, x := range want {
		if kernels.Narrows(op, true, r) {
			x = kernels.RoundBFloat16(x)
		}
		if y := got[i]; y != x && !(y != y && x != x) {
			t.Fatalf("result %d, element %d is %v, want %v", r, i, y, x)
		}
	}
}

// Rows of a table of float32, and images stored as bytes, are rounded as they are read.
func TestLookedUpNarrow(t *testing.T) {
	d := open(t, Options{})
	rng := rand.New(rand.NewPCG(13, 14))
	for _, op := range []kernels.Primitive{
		kernels.Gather{Rows: 11, Width: 5, Table: 4}, kernels.Gather{Rows: 11, Width: 24, Table: 4},
		kernels.Unpack{Rows: 5, Table: 4, Groups: 2, Height: 3, Width: 8}, kernels.Unpack{Rows: 5, Table: 4, Groups: 2, Height: 3, Width: 7},
	} {
		out, _, _ := op.Operands()
		for before := range 2 {
			inputs := inputsOf(rng, op, 4)
			for i := range inputs[0] {
				inputs[0][i] *= 1.001 // no longer rounded
			}
			c := kernels.Call{Op: op, Out: []kernels.Buffer{stored(t, d, kernels.BFloat16, before, make([]float32, out[0]))}}
			for k, x := range inputs {
				dt := kernels.Float32
				if kernels.IsIndex(op, false, k) {
					dt = kernels.Int32
				} else if kernels.IsBytes(op, false, k) {
					dt = kernels.Uint8
				}
				c.In = append(c.In, stored(t, d, dt, before, x))
			}
			run(t, d, 1, c)
			same(t, op, 0, contents(t, c.Out[0]), storedIn(t, d, op, kernels.Float32, before, inputs)[0])
		}
	}
}

// Convolutions of factors stored as bfloat16, as products of columns, differ from float32's by the order of sums, and by half a unit in the last of
// eight digits for each time that a number is stored: the result, of an adjoint in x the columns that it adds up, and what a
// convolution that goes on goes on with.
func TestConvolutionsStoredNarrow(t *testing.T) {
	t.Setenv("DRIFT_CUDNN", "off")
	d := open(t, Options{Precision: BF16})
	d.columnBytes = 2000 // images come in parts
	full := open(t, Options{})
	rng := rand.New(rand.NewPCG(15, 16))
	w := kernels.Window{N: 5, C: 4, H: 6, W: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1}
	for _, c := range []kernels.Conv{{Window: w, O: 6}, {Window: w, O: 6, PerExample: true}, {Window: w, O: 6, Groups: 2}, {Window: w, O: 6, Groups: 2, PerExample: true}} {
		ops := []kernels.Primitive{c, kernels.ConvInput(c), kernels.ConvWeight(c)}
		if !c.PerExample {
			ops = append(ops, kernels.Convolved{Conv: c, Bias: true, Activation: kernels.ReLU})
		}
		for _, op := range ops {
			t.Run(fmt.Sprintf("%s %s", op.Name(), kernels.Describe(op)), func(t *testing.T) {
				var inputs, sizes [][]float32
				for _, x := range inputsWithoutNaN(rng, op) {
					size := make([]float32, len(x))
					for i := range x {
						size[i] = max(x[i], -x[i])
					}
					inputs, sizes = append(inputs, x), append(sizes, size)
				}
				got, want := storedIn(t, d, op, kernels.BFloat16, 0, inputs)[0], storedIn(t, full, op, kernels.Float32, 0, inputs)[0]
				scale := storedIn(t, full, op, kernels.Float32, 0, sizes)[0]
				for i, y := range got {
					bound := 200 * 0x1p-23 * float64(scale[i]) // at most 200 terms
					if kernels.Narrows(op, true, 0) {
						bound += 0x1p-8 * math.Abs(float64(want[i]))
					}
					_, adds := op.(kernels.ConvInput)
					if _, twice := op.(kernels.Convolved); adds || twice {
						bound += 0x1p-8 * float64(scale[i])
					}
					if math.Abs(float64(y-want[i])) > bound {
						t.Fatalf("element %d is %v, want %v ± %.2g", i, y, want[i], bound)
					}
				}
			})
		}
	}
}
