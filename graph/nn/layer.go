package nn

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
)

// Layer is one entry of a layer list.
type Layer interface {
	// kind is the layer's name in JSON.
	kind() string
	// infer is the shape of one example after the layer, given that before it; it declares the layer's parameters.
	infer(s scope, in []int) ([]int, error)
	// build applies the layer to a batch x [n, in…], taking the parameters in the order of their declaration.
	build(b *builder, x *graph.Node) *graph.Node
}

// builder hands out parameters during construction.
type builder struct {
	params []*graph.Node
}

func (b *builder) next() *graph.Node {
	p := b.params[0]
	b.params = b.params[1:]
	return p
}

func (b *builder) chain(x *graph.Node, layers []Layer) *graph.Node {
	for len(layers) > 0 {
		y, built := b.pooledEarly(x, layers)
		if built == 0 {
			y, built = layers[0].build(b, x), 1
		}
		x, layers = y, layers[built:]
	}
	return x
}

// Build is the network's outputs [n, Outputs] for a batch [n, Input…] or [n, size of an example].
func (m *Model) Build(n objective.Net) *graph.Node {
	b, x := &builder{params: n.Params}, n.Inputs[0]
	shape := append([]int{x.Shape()[0]}, m.Input...)
	return b.chain(graph.Reshape(x, shape...), m.Layers)
}

// Losses is the loss of each example, [n], for outputs [n, Outputs] and targets: classes [n] for CrossEntropy, values
// [n, Outputs] for MSE.
func (m *Model) Losses(outputs, targets *graph.Node) *graph.Node {
	if m.Loss == MSE {
		return graph.SquaredError(outputs, targets)
	}
	return graph.CrossEntropy(outputs, targets)
}

// Score counts an example whose class has the largest score; there is none for MSE.
func (m *Model) Score(outputs, classes *graph.Node) (hits, of *graph.Node) {
	if m.Loss == MSE {
		return nil, nil
	}
	return graph.Correct(outputs, classes), nil
}

// images checks that an example has the shape [channels,height,width].
func images(in []int) error {
	if len(in) != 3 {
		return fmt.Errorf("takes examples of shape [channels,height,width], not %s", dims(in))
	}
	return nil
}

// atLeastOne checks an attribute that counts something.
func atLeastOne(name string, v int) error {
	if v < 1 || v > maxElements {
		return fmt.Errorf("%s is %d: it must lie in 1 … %d", name, v, maxElements)
	}
	return nil
}
