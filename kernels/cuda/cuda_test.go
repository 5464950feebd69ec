//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/kerneltest"
)

// open starts the first GPU, real or emulated, or skips the test where there is none, unless DRIFT_TEST_DEVICE asks for one.
func open(t *testing.T, o Options) *device {
	t.Helper()
	if missing := Probe().Missing; missing != "" && os.Getenv("DRIFT_TEST_DEVICE") != "cuda" {
		t.Skip(missing)
	}
	d, err := Open(0, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d.(*device)
}

func TestConformance(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return open(t, Options{}) })
}

func buffer32(t *testing.T, d kernels.Device, x []float32) kernels.Buffer {
	t.Helper()
	b, err := d.NewBuffer(kernels.Float32, len(x))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Write(x); err != nil {
		t.Fatal(err)
	}
	return b
}

func random(n int) []float32 {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.IntN(7) - 3) // sums of products are exact
	}
	return x
}

func run(t *testing.T, d *device, times int, calls ...kernels.Call) {
	t.Helper()
	e, err := d.Load(calls)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range times {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t *testing.T, b kernels.Buffer) []float32 {
	t.Helper()
	x := make([]float32, b.Len())
	if err := b.Read(x); err != nil {
		t.Fatal(err)
	}
	return x
}

// The first run issues kernels one by one, later ones replay the graph: both must be the same work in the same order.
func TestReplayedGraphDoesTheSameWork(t *testing.T) {
	counts := map[bool][]float32{}
	for _, eager := range []bool{false, true} {
		d := open(t, Options{Eager: eager})
		x := buffer32(t, d, []float32{1, 2, 3})
		every := []kernels.Access{{B: 1, C: 1}}
		twice := kernels.Map{N: 3, Access: every, Code: []kernels.Instr{{Fn: kernels.FnScale, Imm: 2}}, Results: []uint8{1}}
		one := kernels.Map{N: 3, Access: every, Code: []kernels.Instr{{Fn: kernels.FnAddConst, Imm: 1}}, Results: []uint8{1}}
		on := []kernels.Buffer{x}
		run(t, d, 4, kernels.Call{Op: twice, Out: on, In: on}, kernels.Call{Op: one, Out: on, In: on})
		counts[eager] = contents(t, x)
		if want := []float32{31, 47, 63}; fmt.Sprint(counts[eager]) != fmt.Sprint(want) {
			t.Errorf("eager %v: %v, want %v", eager, counts[eager], want)
		}
	}
}

// exchange is a Map that reverses the order of n buffers in place, for which it keeps them all in shared memory at once.
func exchange(t *testing.T, d *device, n, length int) (call kernels.Call, check func()) {
	t.Helper()
	m := kernels.Map{N: length}
	var buffers []kernels.Buffer
	for k := range n {
		x := make([]float32, length)
		for i := range x {
			x[i] = float32(k*length + i)
		}
		buffers = append(buffers, buffer32(t, d, x))
		m.Access = append(m.Access, kernels.Access{B: 1, C: 1})
		m.Results = append(m.Results, uint8(n-1-k))
	}
	return kernels.Call{Op: m, Out: buffers, In: buffers}, func() {
		t.Helper()
		for k, b := range buffers {
			for i, v := range contents(t, b) {
				if want := float32((n-1-k)*length + i); v != want {
					t.Fatalf("%d buffers: buffer %d, element %d is %v, want %v", n, k, i, v, want)
				}
			}
		}
	}
}

// The longest program and the most shared memory: as many buffers as a Map takes.
func TestBuffersExchangedInPlace(t *testing.T) {
	d := open(t, Options{})
	call, check := exchange(t, d, kernels.MaxMapValues, 1003)
	run(t, d, 1, call)
	check()
}

// What a kernel was granted for one program holds while a program with less is planned.
func TestGrantOfSharedMemoryStays(t *testing.T) {
	d := open(t, Options{})
	most, checkMost := exchange(t, d, kernels.MaxMapValues, 100)
	less, checkLess := exchange(t, d, 50, 100)
	e, err := d.Load([]kernels.Call{most})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	run(t, d, 1, less)
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	checkLess()
	checkMost()
}

// A batch that is handled in parts gives what it gives at once.
func TestConvolutionInParts(t *testing.T) {
	t.Setenv("DRIFT_CUDNN", "off")
	w := kernels.Window{N: 5, C: 2, H: 6, W: 5, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	for _, per := range []bool{false, true} {
		c := kernels.Conv{Window: w, O: 3, PerExample: per}
		for _, op := range []kernels.Primitive{c, kernels.ConvInput(c), kernels.ConvWeight(c)} {
			var results []string
			for _, bytes := range []int64{columnBytes, 2 * 4 * int64(columns(w)/w.N)} {
				d := open(t, Options{})
				d.columnBytes = bytes
				out, in, _ := op.Operands()
				call := kernels.Call{Op: op, Out: []kernels.Buffer{buffer32(t, d, random(out[0]))}}
				for _, n := range in {
					call.In = append(call.In, buffer32(t, d, random(n)))
				}
				run(t, d, 1, call)
				results = append(results, fmt.Sprint(contents(t, call.Out[0])))
			}
			if results[0] != results[1] {
				t.Errorf("%s, per example %v: in parts %s, at once %s", op.Name(), per, results[1], results[0])
			}
		}
	}
}

// A batch of more products than one call of cuBLAS takes.
func TestLargeBatch(t *testing.T) {
	d := open(t, Options{})
	n := batchLimit + 5
	a, b, c := random(2*n), random(2*n), make([]float32, n)
	out := buffer32(t, d, c)
	g := kernels.Gemm{Batch: n, M: 1, N: 1, K: 2, Alpha: 1}
	run(t, d, 1, kernels.Call{Op: g, Out: []kernels.Buffer{out}, In: []kernels.Buffer{buffer32(t, d, a), buffer32(t, d, b)}})
	for i, v := range contents(t, out) {
		if want := a[2*i]*b[2*i] + a[2*i+1]*b[2*i+1]; v != want {
			t.Fatalf("product %d is %v, want %v", i, v, want)
		}
	}
}

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
