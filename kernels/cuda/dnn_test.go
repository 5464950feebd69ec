//go:build gpu

package cuda

import (
	"testing"

	"drift/kernels"
)

// Where cuDNN is found, it has a way to compute ordinary convolutions: without one they would be right, and slow.
func TestCuDNNComputesConvolutions(t *testing.T) {
	if path, _ := findCuDNN(); path == "" {
		t.Skip("no cuDNN")
	}
	w := kernels.Window{N: 8, C: 32, H: 14, W: 14, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}
	c := kernels.Conv{Window: w, O: 64}
	for _, precision := range []Precision{Full, TF32} {
		d := open(t, Options{Precision: precision})
		for _, op := range []kernels.Primitive{c, kernels.ConvInput(c), kernels.ConvWeight(c)} {
			out, in, _ := op.Operands()
			call := kernels.Call{Op: op, Out: []kernels.Buffer{buffer32(t, d, make([]float32, out[0]))}}
			for _, n := range in {
				call.In = append(call.In, buffer32(t, d, make([]float32, n)))
			}
			e, err := d.Load([]kernels.Call{call})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			plans := 0
			for _, c := range e.(*executable).commands {
				switch c := c.(type) {
				case convolution:
					plans++
				case *launch:
					if c.name != "transpose" && c.name != "permute" {
						t.Errorf("%v, %s: a kernel %s", precision, op.Name(), c.name)
					}
				}
			}
			if plans != 1 {
				t.Errorf("%v, %s: %d convolutions", precision, op.Name(), plans)
			}
		}
	}
}
