package nn

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"drift/graph"
	"drift/graph/objective"
)

var rows = objective.Input{Name: "input", Shape: []int{4}}

// tied is a linear layer with the transpose of another layer's weight.
type tied struct{ To string }

func (l tied) Shape(s *Scope, in []int) ([]int, error) {
	return []int{4}, s.Share("weight", l.To, in[0], 4)
}

func (l tied) Build(b *Build, x *graph.Node) *graph.Node { return graph.MatMul(x, b.Param("weight")) }

// A weight that two layers use is one parameter, whose gradients, of every example too, are those of both uses together.
func TestSharedWeights(t *testing.T) {
	m, err := New(rows, MSE{}, Linear{Out: 3, Bias: true}, Tanh, tied{"0.weight"})
	if err != nil {
		t.Fatal(err)
	}
	if m.NumParams() != 15 {
		t.Errorf("%d parameters, want 15", m.NumParams())
	}
	checkStatistics(t, m)
}

// checkStatistics compares the factored squared norms of a model's gradients with those of single losses, and the gradient and
// Hessian product along a direction with central differences.
func checkStatistics(t *testing.T, m *Model) {
	t.Helper()
	net := build(t, m, 3)
	theta := m.Init(3)
	for i, w := range waves(func(x float64) float64 { return x * x / (x*x + 7) }, len(theta)) {
		theta[i] += 0.1 * w
	}
	nodes := []*graph.Node{graph.NewPerExample(net.loss, net.params).SquaredNorms()}
	for i := range net.n {
		one := graph.SliceAxis(net.loss, 0, i, i+1)
		nodes = append(nodes, graph.SquaredNorm(definedParts(graph.Grad([]*graph.Node{one}, []*graph.Node{nil}, net.params), net.params)))
	}
	got := net.values(t, theta, theta, nodes...)
	near(t, "squared norms", got[0], slices.Concat(got[1:]...), 1e-10)
	checkDerivatives(t, net, theta)
}

func definedParts(g, params []*graph.Node) []*graph.Node {
	for i := range g {
		if g[i] == nil {
			g[i] = graph.Fill(params[i], 0)
		}
	}
	return g
}

func TestLayersThatCannotBe(t *testing.T) {
	for want, list := range map[string]Layers{
		`layer 1 (nn.tied): weight shares "7.weight", which no layer before it has`:              {Linear{Out: 3}, tied{"7.weight"}},
		`layer 1 (nn.tied): weight has shape [5,4] but "0.weight", which it shares, [5,5]`:       {Linear{Out: 5}, tied{"0.weight"}},
		`layer 0 (nn.Activation): there is no activation "swish"`:                                {Activation{"swish"}, Linear{Out: 2}},
		`layer 0 (residual): layer 0 (nn.tied): weight shares "x", which no layer before it has`: {Residual{Layers: Layers{tied{"x"}}}},
		"there are no layers": nil,
	} {
		in := rows
		if strings.Contains(want, "[5,5]") {
			in.Shape = []int{5}
		}
		_, err := New(in, MSE{}, list...)
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	m, err := New(rows, MSE{}, Linear{Out: 3}, Tanh, tied{"0.weight"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(m); err == nil || !strings.Contains(err.Error(), "layer 2: layer of type nn.tied has no name in JSON") {
		t.Errorf("a layer that is not registered was written: %v", err)
	}
}

// Defaults are not changed by what JSON is read over them.
func TestDefaultsStay(t *testing.T) {
	parsed(t, `{"input":[1,3,3],"layers":[{"conv2d":{"out":2,"kernel":2,"stride":2,"bias":false}},"flatten",{"linear":{"out":2,"bias":false}}],"loss":"mse"}`, nil, 0, nil)
	if d := kinds.defaults["conv2d"]; d != (Conv2D{Stride: Pair{1, 1}, Dilation: Pair{1, 1}, Groups: 1, Bias: true}) {
		t.Errorf("conv2d became %+v", d)
	}
}

// A convolution in Go may leave dilation and groups out; JSON spells out what they are.
func TestZerosOfConvolutionsAreSpeltOut(t *testing.T) {
	m, err := New(objective.Input{Shape: []int{1, 3, 3}}, MSE{}, Conv2D{Out: 2, Kernel: Pair{2, 2}, Stride: Pair{1, 1}}, Flatten{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(m)
	if err != nil || !strings.Contains(string(text), `"dilation":1,"groups":1`) {
		t.Errorf("%s, %v", text, err)
	}
}

// Classes of every position of an example: the loss is their mean, the score their count.
func TestCrossEntropyOverPositions(t *testing.T) {
	m, err := New(objective.Input{Name: "input", Shape: []int{5, 4}}, CrossEntropy{}, Linear{Out: 3, Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	if target := m.Target(); target.Index != 3 || !slices.Equal(target.Shape, []int{5}) {
		t.Fatalf("target %+v", target)
	}
	checkStatistics(t, m)
	net := build(t, m, 3)
	hits, of := m.Score(net.outputs, net.y)
	rows, classes := graph.Reshape(net.outputs, 15, 3), graph.Reshape(net.y, 15)
	theta := m.Init(1)
	got := net.values(t, theta, theta, hits, of, graph.Correct(rows, classes), net.loss, graph.CrossEntropy(rows, classes))
	for i := range 3 {
		right, loss := 0., 0.
		for k := range 5 {
			right, loss = right+got[2][5*i+k], loss+got[4][5*i+k]/5
		}
		if got[0][i] != right || got[1][i] != 5 {
			t.Errorf("example %d: %v of %v, want %v of 5", i, got[0][i], got[1][i], right)
		}
		near(t, "loss", got[3][i:i+1], []float64{loss}, 1e-14)
	}
}

// Positions of class −100 count neither in the loss nor in the score.
func TestPositionsLeftOut(t *testing.T) {
	m, err := New(objective.Input{Name: "input", Shape: []int{4, 2}}, CrossEntropy{}, Linear{Out: 3})
	if err != nil {
		t.Fatal(err)
	}
	net := build(t, m, 3)
	none := graph.Fill(graph.SliceAxis(net.y, 1, 0, 1), -100)
	targets := graph.Concat(1, none, graph.SliceAxis(net.y, 1, 1, 4))
	hits, of := m.Score(net.outputs, targets)
	rest, restHits := graph.SliceAxis(net.outputs, 1, 1, 4), graph.SliceAxis(net.y, 1, 1, 4)
	wantHits, _ := m.Score(rest, restHits)
	theta := m.Init(2)
	got := net.values(t, theta, theta, m.Losses(net.outputs, targets), m.Losses(rest, restHits), hits, wantHits, of)
	near(t, "losses", got[0], got[1], 1e-14)
	near(t, "hits", got[2], got[3], 0)
	near(t, "positions", got[4], []float64{3, 3, 3}, 0)
}

// asIs is the identity, behind which a layer is built in its own place.
type asIs struct{}

func (asIs) Shape(_ *Scope, in []int) ([]int, error)   { return in, nil }
func (asIs) Build(_ *Build, x *graph.Node) *graph.Node { return x }

// Pooling in front of bias and activation gives the same network: parameters under the same names, the same outputs and gradients.
func TestPoolingEarlyChangesNothing(t *testing.T) {
	image := objective.Input{Name: "input", Shape: []int{2, 7, 6}}
	conv := Conv2D{Out: 3, Kernel: Pair{3, 2}, Stride: Pair{1, 1}, Padding: Pair{1, 0}, Bias: true}
	plain := conv
	plain.Bias = false
	pool := MaxPool2D{Kernel: Pair{3, 2}, Stride: &Pair{2, 2}, Padding: Pair{1, 1}}
	tail := []Layer{Flatten{}, Linear{Out: 3, Bias: true}}
	for _, list := range []Layers{{conv, ReLU, pool}, {conv, pool}, {plain, Tanh, Softplus{Beta: 2}, pool}, {Linear{Out: 4}, Sigmoid, pool}} {
		early, err := New(image, CrossEntropy{}, append(slices.Clone(list), tail...)...)
		if err != nil {
			t.Fatal(err)
		}
		last := len(list) - 1
		spread := append(append(slices.Clone(list[:last]), Residual{Layers: Layers{asIs{}, pool}, Shortcut: Layers{pool}}), tail...)
		late, err := New(image, CrossEntropy{}, spread...) // 2·pool(x), built late
		if err != nil {
			t.Fatal(err)
		}
		a, b := build(t, early, 3), build(t, late, 3)
		theta := early.Init(5)
		doubled := slices.Clone(theta) // a last weight of twice the size does what pooling twice does
		p := early.Params()[len(early.Params())-2]
		for i := p.Offset; i < p.Offset+p.Len; i++ {
			doubled[i] *= 2
		}
		outputs := [][]float64{a.values(t, doubled, doubled, a.outputs)[0], b.values(t, theta, theta, b.outputs)[0]}
		near(t, "outputs", outputs[0], outputs[1], 1e-13)
		for i, q := range early.Params() {
			if q.Name != late.Params()[i].Name {
				t.Errorf("parameter %s is %s", q.Name, late.Params()[i].Name)
			}
		}
	}
}
