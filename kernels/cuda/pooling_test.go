//go:build gpu

package cuda

import (
	"errors"
	"slices"
	"testing"

	"drift/kernels"
)

// Places and largest elements that are asked for one after the other are found by one kernel, and are those of the two alone.
func TestMaxPoolingInOneKernel(t *testing.T) {
	for _, w := range []kernels.Window{
		{N: 2, C: 3, H: 7, W: 8, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 2, C: 3, H: 7, W: 7, KH: 2, KW: 2, StrideH: 2, StrideW: 2},
		{N: 1, C: 2, H: 6, W: 5, KH: 3, KW: 3, StrideH: 2, StrideW: 1, PadH: 1, PadW: 1},
	} {
		d := open(t, Options{})
		x := buffer32(t, d, random(image(w)))
		outputs := func() []kernels.Buffer {
			places, err := d.NewBuffer(kernels.Int32, pooled(w))
			if err != nil {
				t.Fatal(err)
			}
			return []kernels.Buffer{places, buffer32(t, d, make([]float32, pooled(w)))}
		}
		alone, joined := outputs(), outputs()
		calls := func(out []kernels.Buffer) (index, gather kernels.Call) {
			index = kernels.Call{Op: kernels.MaxIndex{Window: w}, Out: out[:1], In: []kernels.Buffer{x}}
			gather = kernels.Call{Op: kernels.MaxGather{Window: w}, Out: out[1:], In: []kernels.Buffer{x, out[0]}}
			return index, gather
		}
		index, gather := calls(alone)
		run(t, d, 1, index)
		run(t, d, 1, gather)
		index, gather = calls(joined)
		e, err := d.Load([]kernels.Call{index, gather})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(e.(*executable).commands); n != 1 {
			t.Errorf("%+v: %d kernels", w, n)
		}
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		e.Close()
		if want, got := contents(t, alone[1]), contents(t, joined[1]); !slices.Equal(want, got) {
			t.Errorf("%+v: largest %v, want %v", w, got, want)
		}
		want, got := make([]int32, pooled(w)), make([]int32, pooled(w))
		if err := errors.Join(alone[0].Read(want), joined[0].Read(got)); err != nil || !slices.Equal(want, got) {
			t.Errorf("%+v: places %v, want %v, %v", w, got, want, err)
		}
	}
}
