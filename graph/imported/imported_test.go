package imported_test

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph"
	"drift/graph/imported"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

var device = devicetest.Open(2)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func model(t testing.TB, w network) *imported.Model {
	t.Helper()
	m, err := imported.New(w.at)
	must(t, err)
	return m
}

// built is a model for n examples with values for its leaves.
type built struct {
	params, tangents []*graph.Node
	loss             *graph.Node
	values           map[*graph.Node][]float64
}

// translated builds a model for some examples of a batch, whose data lie by leaf.
func translated(t testing.TB, w network, m *imported.Model, data [][]float64, n int, examples ...int) built {
	t.Helper()
	b := built{values: make(map[*graph.Node][]float64)}
	must(t, graph.Try(func() {
		g := graph.New()
		leaf := func(name string, x []float64, shape ...int) *graph.Node {
			l := graph.Input(g, kernels.Float64, name, shape...)
			b.values[l] = x
			return l
		}
		theta := objective.Initial(m.Params(), 1)
		for i, p := range m.Params() {
			v := make([]float64, p.Len)
			for k := range v {
				v[k] = math.Sin(float64(7*i + 3*k))
			}
			b.params = append(b.params, leaf("p "+p.Name, theta[p.Offset:p.Offset+p.Len], p.Shape...))
			b.tangents = append(b.tangents, leaf("v "+p.Name, v, p.Shape...))
		}
		net := objective.Net{Params: b.params}
		for i, in := range m.Inputs() {
			net.Inputs = append(net.Inputs, leaf("in "+in.Name, rows(data[i], n, examples), append([]int{len(examples)}, in.Shape...)...))
		}
		y := make([]float64, len(examples))
		if k := len(m.Inputs()); k < len(data) {
			y = rows(data[k], n, examples)
		}
		if w.oneHot {
			y = classes(y, len(examples))
		}
		target := leaf("target", y, append([]int{len(examples)}, m.Target().Shape...)...)
		b.loss = m.Losses(m.Build(net), target)
	}))
	return b
}

func rows(x []float64, n int, examples []int) []float64 {
	width := len(x) / n
	var some []float64
	for _, i := range examples {
		some = append(some, x[i*width:(i+1)*width]...)
	}
	return some
}

// classes is where rows are 1.
func classes(oneHot []float64, n int) []float64 {
	width := len(oneHot) / n
	y := make([]float64, n)
	for i := range y {
		y[i] = float64(slices.Index(oneHot[i*width:(i+1)*width], 1))
	}
	return y
}

// values computes some nodes, each flat.
func (b built) evaluate(t testing.TB, nodes ...*graph.Node) [][]float64 {
	t.Helper()
	p, err := graph.Compile(device, nodes, nil, nil)
	must(t, err)
	defer p.Close()
	for leaf, x := range b.values {
		if buf := p.Buffer(leaf); buf != nil {
			must(t, buf.Write(x))
		}
	}
	must(t, p.Run())
	all := make([][]float64, len(nodes))
	for k, n := range nodes {
		all[k] = make([]float64, graph.Size(n))
		must(t, p.Buffer(n).Read(all[k]))
	}
	return all
}

// gradient is that of an expression in the parameters, zeros where it does not depend on them.
func (b built) gradient(of *graph.Node) []*graph.Node {
	return b.defined(graph.Grad([]*graph.Node{of}, []*graph.Node{nil}, b.params))
}

func (b built) defined(g []*graph.Node) []*graph.Node {
	for k := range g {
		if g[k] == nil {
			g[k] = graph.Fill(b.params[k], 0)
		}
	}
	return g
}

func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	scale, far := 1e-300, 0.0
	for i := range want {
		scale = max(scale, math.Abs(want[i]))
		if d := math.Abs(got[i] - want[i]); d > far || math.IsNaN(d) {
			far = d
		}
	}
	if !(far <= tol*scale) {
		t.Errorf("%s: off by %.3g of %.3g, want at most %g of it", what, far, scale, tol)
	}
}

// tape is the cost and its gradients as Gorgonia computes them, with no gradients where it cannot differentiate. prepare changes
// values before.
func tape(t *testing.T, w network, data [][]float64, n int, differentiate bool, prepare func(imported.Graph)) (cost float64, gradients []float64) {
	t.Helper()
	g := gorgonia.NewGraph()
	b, err := w.at(g, n)
	must(t, err)
	leaves := slices.Clone(b.Inputs)
	if b.Target != nil {
		leaves = append(leaves, b.Target)
	}
	total := b.Losses
	if total.Dims() > 0 {
		total = gorgonia.Must(gorgonia.Mean(total))
	}
	var grads gorgonia.Nodes
	if differentiate {
		grads, err = gorgonia.Grad(total, b.Params...)
		must(t, err)
	}
	for i, leaf := range leaves {
		must(t, gorgonia.Let(leaf, tensor.New(tensor.WithShape(leaf.Shape()...), tensor.WithBacking(backing(leaf, data[i])))))
	}
	prepare(b)
	machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(b.Params...))
	defer machine.Close()
	must(t, machine.RunAll())
	for _, n := range grads {
		switch x := n.Value().Data().(type) {
		case float64:
			gradients = append(gradients, x)
		case []float64:
			gradients = append(gradients, x...)
		}
	}
	return total.Value().Data().(float64), gradients
}

// backing is the values of a leaf in its type.
func backing(leaf *gorgonia.Node, x []float64) any {
	if leaf.Dtype() != tensor.Int {
		return slices.Clone(x)
	}
	whole := make([]int, len(x))
	for i := range x {
		whole[i] = int(x[i])
	}
	return whole
}

// differences is the gradient by central differences of Gorgonia's cost.
func differences(t *testing.T, w network, data [][]float64, n int) []float64 {
	t.Helper()
	b, err := w.at(gorgonia.NewGraph(), n)
	must(t, err)
	var all []float64
	for k, p := range b.Params {
		for i := range p.Shape().TotalSize() {
			at := func(h float64) float64 {
				cost, _ := tape(t, w, data, n, false, func(b imported.Graph) { b.Params[k].Value().Data().([]float64)[i] += h })
				return cost
			}
			const h = 1e-5
			all = append(all, (at(h)-at(-h))/(2*h))
		}
	}
	return all
}

func flat(parts [][]float64) []float64 { return slices.Concat(parts...) }

// Outputs and gradients are those that Gorgonia computes.
func TestAgreesWithTheTapeMachine(t *testing.T) {
	const n = 5
	for _, w := range networks {
		t.Run(w.name, func(t *testing.T) {
			b, err := w.at(gorgonia.NewGraph(), n)
			must(t, err)
			data := w.batch(n, b)
			differentiable := w.name != "residual block" // GlobalAveragePool2D has no gradient in Gorgonia
			cost, gradients := tape(t, w, data, n, differentiable, func(imported.Graph) {})
			tol := 1e-10
			if !differentiable {
				gradients, tol = differences(t, w, data, n), 1e-8 // h² and rounding over h
			}
			ours := translated(t, w, model(t, w), data, n, 0, 1, 2, 3, 4)
			mean := graph.MeanAll(ours.loss)
			got := ours.evaluate(t, append([]*graph.Node{mean}, ours.gradient(mean)...)...)
			near(t, "cost", got[0], []float64{cost}, 1e-12)
			near(t, "gradient", flat(got[1:]), gradients, tol)
		})
	}
}
