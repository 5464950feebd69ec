package cpu

import (
	"fmt"
	"testing"

	"drift/kernels"
)

// What fuse leaves, as functions by number of their operands; the functions of package vmath follow FnGreater.
func TestFuse(t *testing.T) {
	all, one := full(8), kernels.Access{B: 8, C: 1}
	for _, c := range []struct {
		name    string
		access  []kernels.Access
		code    []kernels.Instr
		results []uint8
		steps   int
		left    []uint8 // the results' numbers
	}{
		{"momentum", []kernels.Access{all, all, all, one},
			[]kernels.Instr{{Fn: kernels.FnScale, X: 2, Imm: 0.9}, {Fn: kernels.FnAdd, X: 4, Y: 1}, {Fn: kernels.FnMul, X: 3, Y: 5},
				{Fn: kernels.FnSub, X: 0, Y: 6}}, []uint8{5, 7}, 2, []uint8{4, 5}},
		{"a step that is a result stays", []kernels.Access{all, all},
			[]kernels.Instr{{Fn: kernels.FnScale, X: 0, Imm: 2}, {Fn: kernels.FnAdd, X: 2, Y: 1}}, []uint8{2, 3}, 2, []uint8{2, 3}},
		{"a step that is read twice stays", []kernels.Access{all},
			[]kernels.Instr{{Fn: kernels.FnScale, X: 0, Imm: 2}, {Fn: kernels.FnAdd, X: 1, Y: 1}}, []uint8{2}, 2, []uint8{2}},
		{"mask", []kernels.Access{all, all},
			[]kernels.Instr{{Fn: kernels.FnStep, X: 1}, {Fn: kernels.FnMul, X: 0, Y: 2}}, []uint8{3}, 1, []uint8{2}},
		{"bias and relu", []kernels.Access{all, all},
			[]kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}, {Fn: kernels.FnRelu, X: 2}}, []uint8{3}, 1, []uint8{2}},
	} {
		m := kernels.Map{N: 8, Access: c.access, Code: c.code, Results: c.results}
		f := fuse(m, scalars(m))
		code, results := f.code, f.results
		if len(code) != c.steps || fmt.Sprint(results) != fmt.Sprint(c.left) {
			t.Errorf("%s: %+v with results %v; want %d steps, results %v", c.name, code, results, c.steps, c.left)
		}
	}
}

// A rate that changes between two runs is read again.
func TestFactorIsReadAtEveryRun(t *testing.T) {
	d := New(Options{Threads: 1})
	defer d.Close()
	var b [3]kernels.Buffer
	for i, n := range []int{3, 1, 3} {
		var err error
		if b[i], err = d.NewBuffer(kernels.Float64, n); err != nil {
			t.Fatal(err)
		}
	}
	x, rate, out := host[float64](b[0]), host[float64](b[1]), host[float64](b[2])
	copy(x, []float64{1, 2, 3})
	e, err := d.Load([]kernels.Call{{Op: kernels.Map{N: 3, Access: []kernels.Access{full(3), {B: 3, C: 1}},
		Code:    []kernels.Instr{{Fn: kernels.FnMul, X: 1, Y: 0}, {Fn: kernels.FnSub, X: 0, Y: 2}, {Fn: kernels.FnAdd, X: 3, Y: 1}},
		Results: []uint8{4}}, Out: b[2:], In: b[:2]}})
	if err != nil {
		t.Fatal(err)
	}
	for _, rate[0] = range []float64{0.5, 4} {
		if err := e.Run(); err != nil {
			t.Fatal(err)
		}
		for i := range x {
			if want := x[i] - rate[0]*x[i] + rate[0]; out[i] != want {
				t.Errorf("rate %v: element %d is %v, want %v", rate[0], i, out[i], want)
			}
		}
	}
}
