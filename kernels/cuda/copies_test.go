//go:build gpu

package cuda

import (
	"testing"

	"drift/kernels"
)

// Arrays are copied to where they are stored as bfloat16 by one launch for up to 64 of them, however long they are and wherever they begin; arrays without
// elements are none.
func TestCopiesTogether(t *testing.T) {
	d := open(t, Options{})
	var op kernels.Copies
	var c kernels.Call
	var inputs [][]float32
	for k := range 2*copiedTogether + 5 {
		n := []int{1, 0, 7, 1024, 1025, 4096, 3000, 64}[k%8]
		x := random(n)
		for i := range x {
			x[i] += 0.001 * float32(i%13)
		}
		op.N, inputs = append(op.N, n), append(inputs, x)
		c.In = append(c.In, stored(t, d, kernels.Float32, k%3, x))
		c.Out = append(c.Out, stored(t, d, kernels.BFloat16, k%5, make([]float32, n)))
	}
	wide := random(9)
	op.N, c.In, c.Out = append(op.N, 9), append(c.In, stored(t, d, kernels.BFloat16, 0, wide)), append(c.Out, buffer32(t, d, make([]float32, 9)))
	inputs = append(inputs, wide)
	c.Op = op
	e, err := d.Load([]kernels.Call{c})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if n := len(e.(*executable).commands); n != 3 {
		t.Errorf("%d launches", n)
	}
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	for k, x := range inputs {
		for i, got := range contents(t, c.Out[k]) {
			if want := kernels.RoundBFloat16(x[i]); got != want {
				t.Fatalf("element %d of array %d is %v, want %v", i, k, got, want)
			}
		}
	}
}
