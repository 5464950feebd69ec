//go:build gpu

package cuda

import (
	"math"
	"testing"

	"drift/kernels"
)

// Attention of operands that are stored as bfloat16 is that of the same numbers stored as float32, rounded once; alone, packed and in part.
func TestAttentionStoredNarrow(t *testing.T) {
	t.Setenv("DRIFT_CUDNN", "off")
	d := open(t, Options{Precision: BF16})
	for _, p := range []kernels.Attention{
		{Batch: 2, Heads: 2, Queries: 7, Keys: 9, Width: 5, Values: 3, Scale: 0.4},
		{Batch: 2, Heads: 2, Queries: 70, Keys: 70, Width: 8, Values: 8, Scale: 0.3, Causal: true, Packed: true},
	} {
		for _, op := range []kernels.Primitive{p, kernels.AttentionGradient(p), kernels.AttentionTangent(p), kernels.AttentionHVP(p)} {
			_, in, _ := op.Operands()
			inputs := narrowNumbers(in)
			for before := range 2 {
				got, want := storedIn(t, d, op, kernels.BFloat16, before, inputs), storedIn(t, d, op, kernels.Float32, before, inputs)
				for k := range want {
					for i, v := range want[k] {
						if kernels.Narrows(op, true, k) {
							v = kernels.RoundBFloat16(v)
						}
						if got[k][i] != v || math.IsNaN(float64(v)) {
							t.Fatalf("%s %s: element %d of output %d is %v, want %v", op.Name(), kernels.Describe(op), i, k, got[k][i], v)
						}
					}
				}
			}
		}
	}
}

// Attention is one launch, its gradient three, a tangent two and a product with the Hessian six, and none has memory for scores.
func TestAttentionIsFewLaunches(t *testing.T) {
	d := open(t, Options{})
	p := kernels.Attention{Batch: 2, Heads: 2, Queries: 70, Keys: 70, Width: 8, Values: 8, Scale: 0.3, Causal: true, Packed: true}
	for op, want := range map[kernels.Primitive]int{p: 1, kernels.AttentionGradient(p): 3, kernels.AttentionTangent(p): 2, kernels.AttentionHVP(p): 6} {
		call := kernels.Call{Op: op}
		out, in, _ := op.Operands()
		for _, n := range out {
			call.Out = append(call.Out, buffer32(t, d, make([]float32, n)))
		}
		for _, n := range in {
			call.In = append(call.In, buffer32(t, d, make([]float32, n)))
		}
		e, err := d.Load([]kernels.Call{call})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(e.(*executable).commands); n != want || e.ScratchBytes() > 3*4*2*2*70+255 {
			t.Errorf("%s: %d launches, %d bytes of scratch memory", op.Name(), n, e.ScratchBytes())
		}
		e.Close()
	}
}

// narrowNumbers are random numbers for operands of some sizes, as they are stored as bfloat16.
func narrowNumbers(sizes []int) (in [][]float32) {
	for k, n := range sizes {
		x := random(n + k)[k:]
		for i := range x {
			x[i] = kernels.RoundBFloat16(x[i] / 3)
		}
		in = append(in, x)
	}
	return in
}
