package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	. "drift/graph"
	"drift/kernels"
	"drift/kernels/devicetest"
)

var device = devicetest.Open(2)

// values is what the leaves of an expression hold.
type values map[*Node][]float64

// evaluate compiles outputs and runs them once.
func evaluate(t testing.TB, v values, outputs ...*Node) [][]float64 {
	t.Helper()
	p, err := Compile(device, outputs, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for n, x := range v {
		if b := p.Buffer(n); b != nil {
			if err := b.Write(x); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return read(t, p, outputs)
}

func read(t testing.TB, p *Program, outputs []*Node) [][]float64 {
	t.Helper()
	all := make([][]float64, len(outputs))
	for k, n := range outputs {
		all[k] = make([]float64, Size(n))
		if err := p.Buffer(n).Read(all[k]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// interpret runs the expression on Gorgonia's own machine.
func interpret(t testing.TB, g *gorgonia.ExprGraph, v values, outputs ...*Node) [][]float64 {
	t.Helper()
	for _, n := range g.AllNodes() {
		if x, ok := v[n]; ok {
			must(t, gorgonia.Let(n, dense(n, x)))
		}
	}
	sub := g.SubgraphRoots(outputs...)
	m := gorgonia.NewTapeMachine(sub)
	defer m.Close()
	must(t, m.RunAll())
	all := make([][]float64, len(outputs))
	for k, n := range outputs {
		all[k] = append([]float64(nil), n.Value().Data().([]float64)...)
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func normal(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// distance is ‖x−y‖ relative to the larger norm.
func distance(x, y []float64) float64 {
	var d, a, b float64
	for i := range x {
		d += (x[i] - y[i]) * (x[i] - y[i])
		a += x[i] * x[i]
		b += y[i] * y[i]
	}
	if d == 0 {
		return 0
	}
	return math.Sqrt(d / math.Max(a, b))
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	if d := distance(got, want); !(d <= tolerance) {
		t.Errorf("%s: relative distance %.3g, want at most %g\n got %.6g\nwant %.6g", what, d, tolerance, head(got), head(want))
	}
}

func head(x []float64) []float64 { return x[:min(len(x), 6)] }

const f64 = kernels.Float64

// dense is a tensor over x in the shape of n.
func dense(n *Node, x []float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(append([]float64(nil), x...)))
}

// A NaN equals nothing, itself included, so the search for an equal node must not go on for ever.
func TestNaNIsAConstantLikeOthers(t *testing.T) {
	x := Input(New(), kernels.Float64, "x", 2)
	for _, n := range []*Node{Scale(x, math.NaN()), AddConst(x, math.NaN()), Fill(x, math.NaN())} {
		if n.Shape()[0] != 2 {
			t.Errorf("%v has shape %v", n, n.Shape())
		}
	}
}
