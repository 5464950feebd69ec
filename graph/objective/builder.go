package objective

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/kernels"
)

// builder is a program under construction: its leaves with the buffers that they are bound to, and what it writes.
type builder struct {
	objective *Objective
	graph     *gorgonia.ExprGraph
	bind      map[*graph.Node]kernels.Buffer
	updates   []graph.Update
}

func (f *Objective) newBuilder() *builder {
	return &builder{objective: f, graph: graph.New(), bind: make(map[*graph.Node]kernels.Buffer)}
}

// Leaf is a buffer as a node of the given shape.
func (b *builder) Leaf(buffer kernels.Buffer, shape ...int) *graph.Node {
	return b.leaf(b.objective.dtype, buffer, shape...)
}

func (b *builder) leaf(dt kernels.DType, buffer kernels.Buffer, shape ...int) *graph.Node {
	n := graph.Input(b.graph, dt, fmt.Sprint("leaf ", len(b.bind)), shape...)
	b.bind[n] = buffer
	return n
}

// Scalar is a number that the host sets, [1].
func (b *builder) Scalar(s *Scalar) *graph.Node { return b.Leaf(s.buffer, 1) }

// Vector is a flat vector [P] on the device as leaves in the shapes of the parameters.
func (b *builder) Vector(v kernels.Buffer) []*graph.Node {
	var nodes []*graph.Node
	for _, p := range b.objective.Model.Params() {
		nodes = append(nodes, b.Leaf(v.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
	}
	return nodes
}

// Set writes a value to a leaf's buffer, once everything that reads the leaf has read it.
func (b *builder) Set(leaf, value *graph.Node) {
	b.updates = append(b.updates, graph.Update{Leaf: leaf, Value: value})
}

// SetVector writes values in the shapes of the parameters to the leaves of a flat vector.
func (b *builder) SetVector(leaves, values []*graph.Node) {
	for k, leaf := range leaves {
		b.Set(leaf, values[k])
	}
}

// bound is the leaves.
func (b *builder) bound() map[*graph.Node]bool {
	bound := make(map[*graph.Node]bool, len(b.bind))
	for leaf := range b.bind {
		bound[leaf] = true
	}
	return bound
}

// Scalar is a number that the host sets between runs and programs read.
type Scalar struct {
	buffer kernels.Buffer
	value  []float64
	boxed  any // value, as Write takes it without an allocation
}

// NewScalar is zero until it is set.
func (f *Objective) NewScalar() (*Scalar, error) {
	b, err := f.device.NewBuffer(f.dtype, 1)
	if err != nil {
		return nil, fmt.Errorf("objective: memory for a scalar: %w", err)
	}
	value := make([]float64, 1)
	return &Scalar{b, value, value}, nil
}

// Set makes programs that run from now on read x.
func (s *Scalar) Set(x float64) error {
	s.value[0] = x
	return s.buffer.Write(s.boxed)
}

// Close gives the memory back. A nil scalar has none.
func (s *Scalar) Close() {
	if s != nil {
		s.buffer.Free()
	}
}

// Free gives the memory of vectors back, nil ones left out.
func Free(buffers ...kernels.Buffer) {
	for _, b := range buffers {
		if b != nil {
			b.Free()
		}
	}
}
