//go:build gpu

package cuda

import (
	"errors"
	"strings"
	"testing"

	"gorgonia.org/cu"

	"drift/kernels"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	d := open(t, Options{})
	other := open(t, Options{})
	x, y := buffer32(t, d, make([]float32, 3)), buffer32(t, other, make([]float32, 3))
	copying := kernels.Map{N: 3, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
	_, foreign := d.Load([]kernels.Call{{Op: copying, Out: []kernels.Buffer{x}, In: []kernels.Buffer{y}}})
	_, absent := Open(9999, Options{})
	wide := kernels.Map{N: 1 << 32, Access: []kernels.Access{{B: 1 << 32, C: 1}}, Results: []uint8{0}}
	sum := kernels.Reduce{A: 1, B: wide.N, C: 1, Map: wide}
	_, large := d.Load([]kernels.Call{{Op: sum, Out: []kernels.Buffer{x.Slice(0, 1)}, In: []kernels.Buffer{x.Slice(1, 2)}}})
	broken := ".version 99"
	family["broken"] = &broken
	defer delete(family, "broken")
	invalid := d.do(func() error {
		_, err := d.functions.get("broken", kernels.Float32)
		return err
	})
	_, library := Open(0, Options{CuBLAS: "/no/such/libcublas.so"})
	other.Close()
	for want, err := range map[string]error{
		"is not on cuda:0":     foreign,
		"4294967296 indices":   large,
		"CUDA_VISIBLE_DEVICES": absent,
		"no such file":         library,
		"CUDA 11.8 or later":   invalid,
		"--resume":             d.check("reading", cu.IllegalAddress),
		"closed":               y.Write(make([]float32, 3)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: want one line with %q", err, want)
		}
	}
	if lost := new(Lost); !errors.As(d.check("reading", cu.LaunchFailed), &lost) {
		t.Error("a failed launch does not count as a lost device")
	}
}
