//go:build gpu

package cuda

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
)

// Products and convolutions with rounded factors are as near as the rounding allows, in every layout that the library has
// kernels for: relative errors of 2⁻²⁴, 2⁻¹¹ and 2⁻⁸ a factor, with room for sums.
func TestPrecisionBoundsTheError(t *testing.T) {
	w := kernels.Window{N: 3, C: 5, H: 9, W: 7, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	conv := kernels.Conv{Window: w, O: 6}
	ops := []kernels.Primitive{
		kernels.Gemm{Batch: 1, M: 64, N: 128, K: 256, Alpha: 1}, kernels.Gemm{Batch: 1, M: 33, N: 10, K: 77, TransB: true, Alpha: 0.5},
		kernels.Gemm{Batch: 7, M: 17, N: 9, K: 30, TransA: true, Alpha: 1}, kernels.Gemm{Batch: 3, M: 16, N: 1, K: 64, ShareA: true, Alpha: 1},
		conv, kernels.ConvInput(conv), kernels.ConvWeight(conv),
	}
	r := rand.New(rand.NewPCG(5, 6))
	host := cpu.New(cpu.Options{Threads: 1})
	for precision, bound := range map[Precision]float64{Full: 1e-6, TF32: 2e-3, BF16: 1e-2} {
		d := open(t, Options{Precision: precision})
		for _, op := range ops {
			_, in, _ := op.Operands()
			var inputs [][]float32
			for _, n := range in {
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				inputs = append(inputs, x)
			}
			want, got := results(t, host, kernels.Float64, op, inputs), results(t, d, kernels.Float32, op, inputs)
			var off, size float64
			for i := range want {
				off += (got[i] - want[i]) * (got[i] - want[i])
				size += want[i] * want[i]
			}
			if !(math.Sqrt(off/size) <= bound) {
				t.Errorf("%v, %+v: relative error %g, want at most %g", precision, op, math.Sqrt(off/size), bound)
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
	for p, want := range map[Precision]int{Full: 68, TF32: 77, BF16: 75} {
		d := &device{options: Options{Precision: p}}
		if got := (&planner{device: d}).compute(); got != want {
			t.Errorf("%v: compute type %d, want %d", p, got, want)
		}
		if got := (&planner{device: d, dtype: kernels.Float64}).compute(); got != 70 {
			t.Errorf("%v: compute type %d for float64", p, got)
		}
	}
}
