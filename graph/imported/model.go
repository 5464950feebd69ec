package imported

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// Graph is a network as a build function hands it over.
type Graph struct {
	Params []*gorgonia.Node // named; the values they are bound to are their initial ones
	Inputs []*gorgonia.Node // [n,…], in the order in which they lie in a row of the data
	Target *gorgonia.Node   // [n,…], what the loss compares with; nil where it needs nothing but the inputs
	// Losses is the loss of each example, [n], or a scalar made of means and sums of them over the batch, of which each example's share
	// is taken: what is free of the data counts in every example's loss.
	Losses *gorgonia.Node
	// OneHot tells that Target [n,c] is 1 at the class of an example and 0 elsewhere. The data then hold the number of the class.
	OneHot bool
}

// Build builds a network in g for a batch of n examples. It is called for every size of batch and must depend on n alone. Of
// random initial values those of the first call stay; Gorgonia's GlorotU and its like draw others in every process, whatever the
// seed of a run.
type Build func(g *gorgonia.ExprGraph, n int) (Graph, error)

// Model is a network translated into drift's ops.
type Model struct {
	build       Build
	params      []objective.Param
	inputs      []objective.Input
	target      objective.Input
	oneHot      bool
	predictions int
	single      bool // the outputs are one node, each example's in its own shape, rather than several side by side
}

var (
	_ objective.Model  = (*Model)(nil)
	_ objective.Scorer = (*Model)(nil)
)

// small and large are the batches with which a network is tried: what differs between them belongs to the batch.
const small, large = 2, 3

// New tries a network at two sizes of the batch. It refuses ops without a translation, leaves without a value, losses in which examples
// influence each other, and anything but the batch that depends on its size.
func New(build func(g *gorgonia.ExprGraph, n int) (Graph, error)) (*Model, error) {
	m := &Model{build: build}
	first, err := m.source(small)
	if err == nil {
		err = m.describe(first)
	}
	var second *source
	if err == nil {
		second, err = m.source(large)
	}
	if err == nil {
		err = alike(first, second)
	}
	if err == nil {
		m.single, m.predictions = first.single() && second.single(), first.predictions()
		err = m.try()
	}
	if err != nil {
		return nil, fmt.Errorf("importing a graph: %w", err)
	}
	return m, nil
}

// source builds the network for n examples.
func (m *Model) source(n int) (*source, error) {
	b, err := m.build(gorgonia.NewGraph(), n)
	if err != nil {
		return nil, fmt.Errorf("building it for %d examples: %w", n, err)
	}
	return newSource(b, n)
}

// describe takes names, shapes and initial values from a build.
func (m *Model) describe(s *source) error {
	at := 0
	for _, p := range s.Params {
		values, err := numbers(p)
		if err != nil {
			return fmt.Errorf("parameter %s: %w: give it its initial value with WithInit or WithValue", p.Name(), err)
		}
		m.params = append(m.params, objective.Param{Name: p.Name(), Shape: shapeOf(p), Offset: at, Len: len(values),
			Init: func(_ *rand.Rand, into []float64) { copy(into, values) }})
		at += len(values)
	}
	for _, in := range s.Inputs {
		m.inputs = append(m.inputs, objective.Input{Name: in.Name(), Shape: in.Shape()[1:], Index: s.tableOf(in)})
	}
	switch y := s.Target; {
	case s.OneHot && (y == nil || y.Dims() != 2):
		return errors.New("a one-hot target has shape [n, classes]")
	case s.OneHot:
		m.oneHot, m.target = true, objective.Input{Name: y.Name(), Index: y.Shape()[1]}
	case y != nil:
		m.target = objective.Input{Name: y.Name(), Shape: y.Shape()[1:], Index: s.tableOf(y)}
	}
	return nil
}

// try translates the network once.
func (m *Model) try() error {
	var params, read []*graph.Node
	var losses *graph.Node
	err := graph.Try(func() {
		g := graph.New()
		leaf := func(name string, shape ...int) *graph.Node { return graph.Input(g, tried, name, shape...) }
		data := func(name string, in objective.Input) *graph.Node {
			return graph.Input(g, in.DType(tried), name, append([]int{large}, in.Shape...)...)
		}
		net := objective.Net{}
		for _, p := range m.params {
			net.Params = append(net.Params, leaf("parameter "+p.Name, p.Shape...))
		}
		for i, in := range m.inputs {
			net.Inputs = append(net.Inputs, data(fmt.Sprint("input ", i), in))
		}
		target, examples := data("target", m.target), graph.Input(g, kernels.Int32, "examples", large)
		net.Uniform = objective.Uniform(tried, graph.Input(g, kernels.Int32, "key", 2), examples)
		params, read = net.Params, append(net.Inputs, target, examples)
		losses = m.Losses(m.Build(net), target)
	})
	if err != nil {
		return err
	}
	return graph.CheckExamples(losses, params, read...)
}

// Params lists the parameters in the order of the build, with their bound values as initial ones.
func (m *Model) Params() []objective.Param { return m.params }

// Inputs are the build's inputs without the axis of the batch.
func (m *Model) Inputs() []objective.Input { return m.inputs }

// Target is the build's target without the axis of the batch, or the class of a one-hot one; one number that nothing reads where there is none.
func (m *Model) Target() objective.Input { return m.target }

// Build is what the loss needs to know of the network for a batch: the one value [n,…] that meets the target, such as predictions; several
// side by side, [n,k]; or the losses themselves, [n], where there is no target.
func (m *Model) Build(net objective.Net) *graph.Node {
	s := m.at(net.Inputs[0].Shape()[0])
	t := s.translator(graph.DTypeOf(net.Params[0]), net.Params[0].Graph())
	t.uniform = net.Uniform
	for i, p := range s.Params {
		t.done[p] = net.Params[i]
	}
	for i, in := range s.Inputs {
		t.done[in] = net.Inputs[i]
	}
	return s.outputs(t, m.single)
}

// Losses is the loss of each example, [n].
func (m *Model) Losses(outputs, targets *graph.Node) *graph.Node {
	s := m.at(outputs.Shape()[0])
	t := s.translator(graph.DTypeOf(outputs), outputs.Graph())
	t.late = true
	if s.Target != nil {
		if m.oneHot {
			targets = graph.Place(graph.Fill(targets, 1), targets, m.target.Index)
		}
		t.done[s.Target] = targets
	}
	return s.losses(t, outputs, m.single)
}

// Score counts the examples whose largest prediction is that of their class, where the target is one-hot and the network predicts one
// value a class.
func (m *Model) Score(outputs, targets *graph.Node) (hits, of *graph.Node) {
	if !m.oneHot || m.predictions != m.target.Index {
		return nil, nil
	}
	n := outputs.Shape()[0]
	rows := graph.Reshape(outputs, n, graph.Size(outputs)/n)
	return graph.Correct(graph.SliceAxis(rows, 1, 0, m.predictions), targets), nil
}

func (m *Model) at(n int) *source {
	s, err := m.source(n)
	if err != nil {
		graph.Fail(fmt.Errorf("imported graph: %w", err))
	}
	return s
}
