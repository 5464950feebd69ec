package nn

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// forwardCase is a model with what PyTorch 2.6 says of it (testdata/reference.py).
type forwardCase struct {
	Name            string
	Model           json.RawMessage
	StateDict       map[string][]int `json:"state_dict"`
	Outputs, Losses []float64
	SquaredNorms    []float64 `json:"squared_norms"` // ‖g_n‖²
	Trace           []float64 // tr Σ, ‖∂tr Σ‖²
	Product         []float64 // vᵀHv, ‖Hv‖² of the summed loss, v = cos 1, cos 2, …
}

func forwardCases(t *testing.T) (cases []forwardCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/forward.json")
	if err == nil {
		err = json.Unmarshal(text, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// network is a model built for a batch of n, in float64.
type network struct {
	*Model
	n             int
	x, y          *graph.Node
	params        []*graph.Node
	buffers       []*graph.Node
	tangents      []*graph.Node // leaves in the shapes of the parameters
	outputs, loss *graph.Node
}

func build(t *testing.T, m *Model, n int) *network {
	t.Helper()
	net := &network{Model: m, n: n}
	err := graph.Try(func() {
		g := graph.New()
		net.x = graph.Input(g, kernels.Float64, "x", append([]int{n}, m.Input.Shape...)...)
		net.y = graph.Input(g, kernels.Float64, "y", append([]int{n}, m.Target().Shape...)...)
		for _, p := range m.Params() {
			net.params = append(net.params, graph.Input(g, kernels.Float64, p.Name, p.Shape...))
			net.tangents = append(net.tangents, graph.Input(g, kernels.Float64, "tangent."+p.Name, p.Shape...))
		}
		for _, p := range m.Buffers() {
			net.buffers = append(net.buffers, graph.Input(g, kernels.Float64, p.Name, p.Shape...))
		}
		net.outputs = m.Build(objective.Net{Params: net.params, Inputs: []*graph.Node{net.x}, Buffers: net.buffers})
		net.loss = m.Losses(net.outputs, net.y)
	})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// values evaluates nodes at parameters θ with tangents v and the reference's inputs: x = cos 1, cos 2, … or 0, 7, 14, … modulo
// an index, targets ½, classes 0, 1, …, buffers sin 1/2 + 1, sin 2/2 + 1, ….
func (net *network) values(t *testing.T, theta, v []float64, nodes ...*graph.Node) [][]float64 {
	t.Helper()
	return net.evaluator(t, nodes...)(theta, v)
}

// evaluator is values as a function of θ and v, compiled once.
func (net *network) evaluator(t *testing.T, nodes ...*graph.Node) func(theta, v []float64) [][]float64 {
	t.Helper()
	program, err := graph.Compile(devicetest.Open(1), nodes, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(program.Close)
	write := func(leaf *graph.Node, values []float64) {
		if b := program.Buffer(leaf); b != nil {
			if err := b.Write(values); err != nil {
				t.Fatal(err)
			}
		}
	}
	targets := make([]float64, graph.Size(net.y))
	for i := range targets {
		if targets[i] = 0.5; net.Target().Index > 0 {
			targets[i] = float64(i % net.Target().Index)
		}
	}
	inputs := waves(math.Cos, graph.Size(net.x))
	for i := range inputs {
		if index := net.Input.Index; index > 0 {
			inputs[i] = float64(7 * i % index)
		}
	}
	write(net.x, inputs)
	for i, p := range net.Buffers() {
		all := waves(func(x float64) float64 { return math.Sin(x)/2 + 1 }, p.Offset+p.Len)
		write(net.buffers[i], all[p.Offset:])
	}
	write(net.y, targets)
	return func(theta, v []float64) [][]float64 {
		for i, p := range net.Params() {
			write(net.params[i], theta[p.Offset:p.Offset+p.Len])
			write(net.tangents[i], v[p.Offset:p.Offset+p.Len])
		}
		if err := program.Run(); err != nil {
			t.Fatal(err)
		}
		out := make([][]float64, len(nodes))
		for i, n := range nodes {
			out[i] = make([]float64, graph.Size(n))
			if err := program.Buffer(n).Read(out[i]); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
}

func waves(f func(float64) float64, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = f(float64(i + 1))
	}
	return v
}

// TestForwardIsPyTorchs: names, shapes, outputs and losses. The order of summation differs, and six layers of
// normalisation amplify rounding, hence 1e-12.
func TestForwardIsPyTorchs(t *testing.T) {
	for _, c := range forwardCases(t) {
		m := parsed(t, string(c.Model), nil, 0, nil)
		shapes := map[string][]int{}
		for _, p := range objective.Tensors(m) {
			shapes[p.Name] = p.FileShape()
		}
		if !reflect.DeepEqual(shapes, c.StateDict) {
			t.Errorf("%s: parameters %v, want %v", c.Name, shapes, c.StateDict)
		}
		net := build(t, m, 3)
		theta := waves(math.Sin, m.NumParams())
		got := net.values(t, theta, theta, net.outputs, net.loss)
		near(t, c.Name+": outputs", got[0], c.Outputs, 1e-12)
		near(t, c.Name+": losses", got[1], c.Losses, 1e-12)
	}
}

// near compares with a tolerance relative to the largest value.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	scale := max(slices.Max(want), -slices.Min(want))
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}
