package nn

import (
	"fmt"

	"drift/graph"
	"drift/graph/objective"
)

// Build is where a layer finds its parameters while its graph is made.
type Build struct {
	model  *Model
	net    objective.Net
	prefix string
}

// Param is the leaf of a parameter that the layer declared, in its shape.
func (b *Build) Param(name string) *graph.Node {
	i, ok := b.model.index[b.prefix+name]
	if !ok || i < 0 {
		panic(fmt.Errorf("parameter %q was not declared by the layer's Shape", b.prefix+name))
	}
	return b.net.Params[i]
}

// Buffer is the leaf of a statistic that the layer declared, in its shape.
func (b *Build) Buffer(name string) *graph.Node {
	i, ok := b.model.index[b.prefix+name]
	if !ok || i >= 0 {
		panic(fmt.Errorf("buffer %q was not declared by the layer's Shape", b.prefix+name))
	}
	return b.net.Buffers[-1-i]
}

// Uniform is random numbers between 0 and 1, neither included, for every example of the batch, [n, shape…]; nil in evaluation. They are
// the same in all passes of a step of training.
func (b *Build) Uniform(shape ...int) *graph.Node {
	if b.net.Uniform == nil {
		return nil
	}
	return b.net.Uniform(shape...)
}

// Within applies the layers that Scope.Within declared under the same name, in order.
func (b *Build) Within(name string, layers []Layer, x *graph.Node) *graph.Node {
	prefix := inside(b.prefix, name)
	at := func(i int) *Build { return &Build{b.model, b.net, entry(prefix, i)} }
	for i := 0; i < len(layers); {
		y, built := pooledEarly(at, i, layers, x)
		if built == 0 {
			y, built = layers[i].Build(at(i), x), 1
		}
		x, i = y, i+built
	}
	return x
}

// Build is the network's outputs for a batch [n, Input.Shape…] or [n, size of an example].
func (m *Model) Build(n objective.Net) *graph.Node {
	b, x := &Build{model: m, net: n}, n.Inputs[0]
	x = graph.Reshape(x, append([]int{x.Shape()[0]}, m.Input.Shape...)...)
	if m.whole != "" {
		return m.Layers[0].Build(b, x)
	}
	return b.Within("", m.Layers, x)
}
