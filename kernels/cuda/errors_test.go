//go:build gpu

package cuda

import (
	"errors"
	"os"
	"os/exec"
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
		"last checkpoint":      d.check("reading", cu.IllegalAddress),
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

// Once a kernel has failed, whatever is asked of the device says that it is lost. A process of its own is told to let one fail.
func TestEveryCallOfALostDeviceSaysSo(t *testing.T) {
	const fault = "DRIFT_EMULATOR_FAULT"
	if gpus := Probe().Devices; len(gpus) == 0 || gpus[0].Name != "emulated GPU" {
		t.Skip("only an emulated GPU fails when it is told to")
	}
	if os.Getenv(fault) == "" {
		child := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		child.Env = append(os.Environ(), fault+"=0")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	d := open(t, Options{})
	x := buffer32(t, d, make([]float32, 3))
	square := kernels.Map{N: 3, Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnSquare}}, Results: []uint8{1}}
	call := kernels.Call{Op: square, Out: []kernels.Buffer{x}, In: []kernels.Buffer{x}}
	e, err := d.Load([]kernels.Call{call})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Run(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"Synchronize": d.Synchronize,
		"Run":         e.Run,
		"Write":       func() error { return x.Write(make([]float32, 3)) },
		"Read":        func() error { return x.Read(make([]float32, 3)) },
		"NewBuffer":   func() error { _, err := d.NewBuffer(kernels.Float32, 5); return err },
		"Load":        func() error { _, err := d.Load([]kernels.Call{call}); return err },
	} {
		d.Synchronize() // the kernel's failure is known from here on
		if err := f(); !errors.As(err, new(*Lost)) || strings.Count(err.Error(), "lost while") != 1 {
			t.Errorf("%s: %v, want one that says once that the device is lost", name, err)
		}
	}
}
