//go:build gpu

package cuda

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"drift/kernels"
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

// exchange is a Map that reverses the order of n buffers in place, for which it keeps them all at once.
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

// The longest program and the most shared memory: MaxMapValues buffers.
func TestBuffersExchangedInPlace(t *testing.T) {
	d := open(t, Options{})
	call, check := exchange(t, d, kernels.MaxMapValues, 1003)
	run(t, d, 1, call)
	check()
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
