//go:build gpu

package cuda

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
)

// precisions is, for each precision, the relative error of a rounded factor, and that of an addition: tensor cores cut off where float32
// rounds, and keep a bit less.
var precisions = map[Precision]struct{ factor, sum float64 }{
	Full: {0, 0x1p-24}, TF32: {0x1p-11, 0x1p-22}, BF16: {0x1p-11, 0x1p-22},
}

// Products and convolutions are as near as the rounding of their factors and sums allows, in every layout that the library has kernels for:
// a sum of K products a·b is off by no more than (2·factor + (K+2)·sum)·Σ|a·b|, in whatever order it is added up.
func TestPrecisionBoundsTheError(t *testing.T) {
	w := kernels.Window{N: 3, C: 5, H: 9, W: 7, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	conv := kernels.Conv{Window: w, O: 6}
	ops := map[kernels.Primitive]int{ // with K
		kernels.Gemm{Batch: 1, M: 64, N: 128, K: 256, Alpha: 1}: 256, kernels.Gemm{Batch: 1, M: 33, N: 10, K: 77, TransB: true, Alpha: 0.5}: 77,
		kernels.Gemm{Batch: 7, M: 17, N: 9, K: 30, TransA: true, Alpha: 1}: 30, kernels.Gemm{Batch: 3, M: 16, N: 1, K: 64, ShareA: true, Alpha: 1}: 64,
		conv: 5 * 9, kernels.ConvInput(conv): 6 * 9, kernels.ConvWeight(conv): 3 * 9 * 7,
	}
	r := rand.New(rand.NewPCG(5, 6))
	host := cpu.New(cpu.Options{Threads: 1})
	defer host.Close()
	for precision, rounding := range precisions {
		d := open(t, Options{Precision: precision})
		for op, k := range ops {
			_, in, _ := op.Operands()
			var inputs, sizes [][]float32
			for _, n := range in {
				x, size := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i] = float32(r.NormFloat64())
					size[i] = max(x[i], -x[i])
				}
				inputs, sizes = append(inputs, x), append(sizes, size)
			}
			want, scale := results(t, host, kernels.Float64, op, inputs), results(t, host, kernels.Float64, op, sizes)
			got := results(t, d, kernels.Float32, op, inputs)
			for i := range want {
				if bound := (2*rounding.factor + float64(k+2)*rounding.sum) * scale[i]; !(math.Abs(got[i]-want[i]) <= bound) {
					t.Fatalf("%v, %+v: element %d is %v, want %v ± %.2g", precision, op, i, got[i], want[i], bound)
				}
			}
		}
	}
}

// results runs an operation with one output on a device.
func results(t *testing.T, d kernels.Device, dt kernels.DType, op kernels.Primitive, inputs [][]float32) []float64 {
	t.Helper()
	buffer := func(n int) kernels.Buffer {
		b, err := d.NewBuffer(dt, n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	out, _, _ := op.Operands()
	call := kernels.Call{Op: op, Out: []kernels.Buffer{buffer(out[0])}}
	for _, x := range inputs {
		b := buffer(len(x))
		if err := b.Write(x); err != nil {
			t.Fatal(err)
		}
		call.In = append(call.In, b)
	}
	e, err := d.Load([]kernels.Call{call})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	y := make([]float64, out[0])
	if err := call.Out[0].Read(y); err != nil {
		t.Fatal(err)
	}
	return y
}

func TestPrecisionChoosesTheProduct(t *testing.T) {
	for p, want := range map[Precision]int{Full: 68, TF32: 77, BF16: 77} {
		d := &device{options: Options{Precision: p}}
		if got := (&planner{device: d}).compute(); got != want {
			t.Errorf("%v: compute type %d, want %d", p, got, want)
		}
		if got := (&planner{device: d, dtype: kernels.Float64}).compute(); got != 70 {
			t.Errorf("%v: compute type %d for float64", p, got)
		}
	}
}
