package cpu

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
	"drift/kernels/kerneltest"
)

func TestConformance(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return New(Options{Threads: 2}) })
}

// On one thread, at every level of this machine.
func TestConformanceAlone(t *testing.T) {
	for l := level.Portable; l <= level.Best(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer level.Set(level.Set(l))
			kerneltest.Run(t, func() kernels.Device { return New(Options{Threads: 1}) })
		})
	}
}

// TestSameBitsForAnyNumberOfThreads runs what splits its sums: the pieces must follow from sizes alone.
func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	w := kernels.Window{N: 50, C: 3, H: 12, W: 12, KH: 3, KW: 3, StrideH: 1, StrideW: 1}
	deep := w
	deep.C = 16
	own := kernels.Window{N: 9, C: 33, H: 8, W: 8, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	full := []kernels.Access{{B: 1, C: 1}}
	for _, op := range []kernels.Primitive{
		kernels.Reduce{A: 1, B: 300000, C: 1, Map: kernels.Map{N: 300000, Access: full, Results: []uint8{0}}},
		kernels.Reduce{A: 1, B: 3000, C: 100, Map: kernels.Map{N: 300000, Access: full, Results: []uint8{0}}},
		kernels.Reduce{A: 3, B: 1000, C: 100, Map: kernels.Map{N: 300000, Access: full, Results: []uint8{0}}},
		kernels.Gemm{Batch: 1, M: 333, N: 222, K: 555, Alpha: 1},
		kernels.Gemm{Batch: 1, M: 32, N: 16, K: 20000, Alpha: 1, TransA: true},
		kernels.Gemm{Batch: 5, M: 150, N: 120, K: 120, Alpha: 1},
		kernels.Conv{Window: w, O: 16},
		kernels.ConvInput{Window: w, O: 16},
		kernels.ConvWeight{Window: w, O: 16},
		kernels.Conv{Window: deep, O: 16},
		kernels.ConvInput{Window: deep, O: 16},
		kernels.ConvWeight{Window: deep, O: 16},
		kernels.Conv{Window: own, O: 48, PerExample: true},
		kernels.ConvInput{Window: own, O: 48, PerExample: true},
		kernels.ConvWeight{Window: own, O: 48, PerExample: true},
		kernels.Scatter{Rows: 900, Width: 30, Table: 17},
		kernels.Softmax{Rows: 1000, Cols: 30},
		kernels.Attention{Batch: 3, Heads: 2, Queries: 150, Keys: 150, Width: 24, Values: 24, Scale: 0.2, Causal: true, Packed: true},
		kernels.AttentionGradient{Batch: 3, Heads: 2, Queries: 150, Keys: 150, Width: 24, Values: 24, Scale: 0.2, Causal: true, Packed: true},
		kernels.AttentionTangent{Batch: 3, Heads: 2, Queries: 150, Keys: 150, Width: 24, Values: 24, Scale: 0.2, Causal: true, Packed: true},
		kernels.AttentionHVP{Batch: 3, Heads: 2, Queries: 150, Keys: 150, Width: 24, Values: 24, Scale: 0.2, Causal: true, Packed: true},
		kernels.Rowwise{Rows: 1000, In: []int{300000}, Out: []int{1000}, Local: []int{300000}, Steps: []kernels.Step{
			{Op: kernels.Map{N: 300000, Access: full, Code: []kernels.Instr{{Fn: kernels.FnTanh}}, Results: []uint8{1}}, In: []int{0}, Out: []int{2}},
			{Op: kernels.Reduce{A: 1000, B: 300, C: 1, Map: kernels.Map{N: 300000, Access: full, Results: []uint8{0}}}, In: []int{2}, Out: []int{1}}}},
	} {
		var want []float32
		for _, threads := range []int{1, 2, 3, 8} {
			got := runOnce(t, op, threads)
			if want == nil {
				want = got
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%+v: element %d is %v on %d threads and %v on one", op, i, got[i], threads, want[i])
				}
			}
		}
	}
}

func runOnce(t *testing.T, op kernels.Primitive, threads int) []float32 {
	t.Helper()
	d := New(Options{Threads: threads})
	defer d.Close()
	c, _, err := kernels.Allocate(d, kernels.Float32, op)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, b := range c.In {
		switch b := b.(type) {
		case *buffer[float32]:
			for k := range b.data {
				b.data[k] = float32(rng.NormFloat64())
			}
		case *indices:
			for k := range b.data {
				b.data[k] = int32(rng.IntN(17))
			}
		}
	}
	e, err := d.Load([]kernels.Call{c})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	return host[float32](c.Out[0])
}

// host is the memory of a buffer of this device.
func host[T kernels.Float](b kernels.Buffer) []T { return b.(*buffer[T]).data }
