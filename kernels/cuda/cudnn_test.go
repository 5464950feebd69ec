//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"drift/kernels/cuda/cudnn"
)

// library opens cuDNN on a device, or skips the test.
func library(t *testing.T) (*device, *cudnn.Handle) {
	t.Helper()
	if path, _ := findCuDNN(); path == "" {
		t.Skip("no cuDNN")
	}
	d := open(t, Options{})
	d.do(func() error { d.openCuDNN(); return nil })
	if d.dnn == nil {
		t.Fatal(d.Report().Notices)
	}
	return d, d.dnn
}

// float is a dense tensor of the type, in memory or between operations.
func tensor(g *cudnn.Graph, uid int64, between bool, dt cudnn.DataType, dims ...int64) cudnn.Descriptor {
	return g.Tensor(cudnn.Tensor{UID: uid, Type: dt, Dims: dims, Strides: cudnn.Dense(dims...), Virtual: between})
}

// planned makes the first plan of a graph.
func planned(t *testing.T, g *cudnn.Graph) *cudnn.Plan {
	t.Helper()
	if err := g.Finish(); err != nil {
		t.Fatal(err)
	}
	engines, err := g.Engines(20)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		if p, err := e.Plan(); err == nil {
			t.Cleanup(p.Close)
			return p
		}
	}
	t.Fatal("none of the engines can be planned")
	return nil
}

// A graph of products, sums, comparisons and choices, with a factor by value, is what its operations are one after another.
func TestOperationsOfAGraphAreLinked(t *testing.T) {
	obedient(t)
	d, h := library(t)
	const m, n, k = 3, 4, 5
	a, b := random(m*k), random(k*n)
	x, y, z := buffer32(t, d, a), buffer32(t, d, b), buffer32(t, d, make([]float32, m))
	err := d.do(func() error {
		g := h.NewGraph()
		t.Cleanup(func() { d.do(func() error { g.Close(); return nil }) })
		scale := g.Tensor(cudnn.Tensor{UID: 9, Type: cudnn.Float, Dims: []int64{1, 1, 1}, Strides: []int64{1, 1, 1}, ByValue: true})
		product := tensor(g, 3, true, cudnn.Float, 1, m, n)
		g.Matmul(cudnn.Float, tensor(g, 1, false, cudnn.Float, 1, m, k), tensor(g, 2, false, cudnn.Float, 1, k, n), product)
		scaled, positive, chosen := tensor(g, 4, true, cudnn.Float, 1, m, n), tensor(g, 5, true, cudnn.Boolean, 1, m, n), tensor(g, 6, true, cudnn.Float, 1, m, n)
		g.Pointwise(cudnn.Pointwise{Mode: cudnn.Mul, Math: cudnn.Float, X: product, B: scale, Y: scaled})
		g.Pointwise(cudnn.Pointwise{Mode: cudnn.CompareGT, Math: cudnn.Float, X: scaled, B: product, Y: positive})
		g.Pointwise(cudnn.Pointwise{Mode: cudnn.Select, Math: cudnn.Float, X: scaled, B: product, T: positive, Y: chosen})
		g.Reduce(cudnn.Maximum, cudnn.Float, chosen, tensor(g, 7, false, cudnn.Float, 1, m, 1))
		p := planned(t, g)
		workspace, err := d.pool.get(max(256, p.WorkspaceBytes()))
		if err != nil {
			return err
		}
		operands := []cudnn.Operand{{UID: 1, Address: x.(*buffer).ptr}, {UID: 2, Address: y.(*buffer).ptr}, {UID: 7, Address: z.(*buffer).ptr}, {UID: 9, Value: -2}}
		call, err := p.Call(workspace, operands...)
		if err != nil {
			return err
		}
		defer call.Close()
		return call.Run()
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range contents(t, z) {
		want := float32(math.Inf(-1))
		for j := range n {
			var sum float32
			for l := range k {
				sum += a[i*k+l] * b[l*n+j]
			}
			want = max(want, max(sum, -2*sum))
		}
		if got != want {
			t.Errorf("row %d: %v, want %v", i, got, want)
		}
	}
}

// What does not belong together is refused with the status that cuDNN has for it, and said in a line.
func TestGraphsAreRefused(t *testing.T) {
	obedient(t)
	d, h := library(t)
	conv := cudnn.Windows{Compute: cudnn.Float, Paddings: []int64{1, 1}, Strides: []int64{1, 1}, Dilations: []int64{1, 1}}
	for name, c := range map[string]struct {
		build func(g *cudnn.Graph)
		want  string
	}{
		"outputs of another size": {func(g *cudnn.Graph) {
			g.Convolve(cudnn.Output, conv, tensor(g, 1, false, 0, 1, 2, 5, 5), tensor(g, 2, false, 0, 3, 2, 3, 3), tensor(g, 3, false, 0, 1, 3, 4, 5))
		}, "2008"},
		"arithmetic in double with tensors of it": {func(g *cudnn.Graph) {
			wide := conv
			wide.Compute = cudnn.Double
			x, w, y := tensor(g, 1, false, 1, 1, 2, 5, 5), tensor(g, 2, false, 1, 3, 2, 3, 3), tensor(g, 3, false, 1, 1, 3, 5, 5)
			g.Convolve(cudnn.Output, wide, x, w, y)
		}, ""},
		"a tensor twice": {func(g *cudnn.Graph) {
			g.Convolve(cudnn.Output, conv, tensor(g, 1, false, 0, 1, 2, 5, 5), tensor(g, 1, false, 0, 3, 2, 3, 3), tensor(g, 3, false, 0, 1, 3, 5, 5))
		}, "2009"},
		"no result": {func(g *cudnn.Graph) {
			g.Pointwise(cudnn.Pointwise{Mode: cudnn.ReLU, X: tensor(g, 1, false, 0, 1, 2, 5, 5)})
		}, "2000"},
		"a virtual result": {func(g *cudnn.Graph) {
			g.Pointwise(cudnn.Pointwise{Mode: cudnn.ReLU, X: tensor(g, 1, false, 0, 1, 2, 5, 5), Y: tensor(g, 2, true, 0, 1, 2, 5, 5)})
		}, "2000"},
		"no dimension": {func(g *cudnn.Graph) { tensor(g, 1, false, 0, 1, 0, 5, 5) }, "2000"},
		"an alignment": {func(g *cudnn.Graph) {
			g.Tensor(cudnn.Tensor{UID: 1, Dims: []int64{1}, Strides: []int64{1}, Alignment: 2})
		}, "2000"},
		"no operations": {func(g *cudnn.Graph) {}, "no operation"},
	} {
		var err error
		d.do(func() error {
			g := h.NewGraph()
			defer g.Close()
			c.build(g)
			err = g.Finish()
			return nil
		})
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want one line with %q", name, err, c.want)
		}
	}
}

// A plan runs only with all its operands, where they were said to lie.
func TestOperandsOfPlansAreChecked(t *testing.T) {
	obedient(t)
	d, h := library(t)
	x, y := buffer32(t, d, random(8)), buffer32(t, d, make([]float32, 8))
	at, to := x.(*buffer).ptr, y.(*buffer).ptr
	err := d.do(func() error {
		g := h.NewGraph()
		defer g.Close()
		g.Pointwise(cudnn.Pointwise{Mode: cudnn.ReLU, X: tensor(g, 1, false, 0, 1, 4), Y: tensor(g, 2, false, 0, 1, 4)})
		p := planned(t, g)
		workspace, err := d.pool.get(256)
		if err != nil {
			return err
		}
		for want, operands := range map[string][]cudnn.Operand{
			"2002": {{UID: 1, Address: at}},
			"2003": {{UID: 1, Address: at + 4}, {UID: 2, Address: to}},
			"2009": {{UID: 1, Address: at}, {UID: 1, Address: to}},
			"":     {{UID: 1, Address: at}, {UID: 2, Address: to}},
		} {
			call, err := p.Call(workspace, operands...)
			if err == nil {
				err = call.Run()
				call.Close()
			}
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want status %q", err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// smallConvolution is the graph of one 3×3.
func smallConvolution(t *testing.T, h *cudnn.Handle) *cudnn.Graph {
	t.Helper()
	g := h.NewGraph()
	conv := cudnn.Windows{Compute: cudnn.Float, Paddings: []int64{1, 1}, Strides: []int64{1, 1}, Dilations: []int64{1, 1}}
	g.Convolve(cudnn.Output, conv, tensor(g, 1, false, 0, 8, 16, 8, 8), tensor(g, 2, false, 0, 16, 16, 3, 3), tensor(g, 3, false, 0, 8, 16, 8, 8))
	if err := g.Finish(); err != nil {
		g.Close()
		t.Fatal(err)
	}
	return g
}

// An engine is found again by its name, with its settings and notes.
func TestEnginesAreFoundByName(t *testing.T) {
	d, h := library(t)
	d.do(func() error {
		g := smallConvolution(t, h)
		defer g.Close()
		engines, err := g.Engines(20)
		if err != nil || len(engines) == 0 {
			t.Fatal(len(engines), err)
		}
		for _, e := range engines {
			again, err := g.Engine(e.String())
			if err != nil || again.String() != e.String() || !slices.Equal(again.Notes, e.Notes) {
				t.Errorf("%v: %v, %v", e, again, err)
			}
		}
		for _, name := range []string{"", "eng", "engx", "eng1_", "eng1_k=3", "eng1_k2", "1_k2=3", "eng99999"} {
			if _, err := g.Engine(name); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, want an error", name, err)
			}
		}
		if _, err := g.Engine(engines[0].String()); err != nil {
			t.Errorf("errors spoil the graph: %v", err)
		}
		return nil
	})
}

// Heuristics that do not know a graph are done without.
func TestHeuristicsFallBack(t *testing.T) {
	emulated(t)
	for without, want := range map[string]int{"": 7, "1": 2, "1,3": 1, "1,2,3": 0} {
		t.Run(fmt.Sprint("without ", without), func(t *testing.T) {
			t.Setenv("DRIFT_EMULATOR_NO_HEURISTIC", without)
			d, h := library(t)
			d.do(func() error {
				g := smallConvolution(t, h)
				defer g.Close()
				engines, err := g.Engines(20)
				if len(engines) != want || (err == nil) != (want > 0) {
					t.Errorf("%d engines, %v, want %d", len(engines), err, want)
				}
				return nil
			})
		})
	}
}
