package sigma

import (
	"slices"
	"testing"

	"drift/data"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// bare is an operator without ApplyAll.
type bare struct{ Operator }

// Products of several vectors have the bits of single ones, over one chunk and over several, where all but the first vector of a chunk leave out what does not
// depend on them; and so have traces, which are made of them.
func TestSeveralProductsHaveTheBitsOfSingleOnes(t *testing.T) {
	sets := map[string]data.Set{networks["conv"]: noise(few), networks["norm"]: noise(few), sequences["tied embedding"]: words(few)}
	for model, set := range sets {
		for _, dt := range devicetest.Some(1, kernels.Float32, kernels.Float64) {
			for _, chunk := range []int{chunked, 100} {
				f := open(t, model, set, chunk, dt)
				h, err := NewHessian(f, f.All(objective.Train))
				must(t, err)
				var from, got [][]float64
				for k := range 3 {
					from, got = append(from, gaussian(uint64(k), h.Dim())), append(got, make([]float64, h.Dim()))
				}
				must(t, h.ApplyAll(got, from))
				if again := h.all != nil && h.all.Again() == 2*3; again != (chunk == chunked) {
					t.Errorf("%v, chunks of %d: each of three chunks left out what two of three vectors need not do: %t", dt, chunk, again)
				}
				want := make([]float64, h.Dim())
				for k := range from {
					must(t, h.Apply(want, from[k]))
					if !slices.Equal(got[k], want) {
						t.Errorf("%s, %v, chunks of %d: product %d has other bits", model, dt, chunk, k)
					}
				}
				trace, deviation, err := Trace(h, 33, 1)
				must(t, err)
				alone, own, err := Trace(bare{h}, 33, 1)
				must(t, err)
				if trace != alone || deviation != own {
					t.Errorf("%v, chunks of %d: trace %v ± %v, with single products %v ± %v", dt, chunk, trace, deviation, alone, own)
				}
				h.Close()
			}
		}
	}
}
