package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Builder is a program under construction over vectors of an objective.
type Builder struct {
	*graph.Builder
	objective *Objective
}

func (f *Objective) newBuilder() *Builder {
	b := &Builder{graph.NewBuilder(f.dtype), f}
	b.For(f.device)
	return b
}

// NewProgram builds and compiles a program of its own, beside the passes.
func (f *Objective) NewProgram(build func(b *Builder)) (*graph.Program, error) {
	return graph.NewProgram(f.device, f.dtype, func(b *graph.Builder) { build(&Builder{b, f}) })
}

// Scalar is a number that the host sets, [1].
func (b *Builder) Scalar(s *Scalar) *graph.Node { return b.Leaf(s.buffer, 1) }

// Vector is a flat vector [P] on the device as leaves in the shapes of the parameters.
func (b *Builder) Vector(v kernels.Buffer) []*graph.Node {
	var nodes []*graph.Node
	for _, p := range b.objective.Model.Params() {
		nodes = append(nodes, b.Leaf(v.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
	}
	return nodes
}

// Varying is Vector, of a vector that changes from run to run while parameters and examples mostly stay (graph.Builder.Varying).
// Runs over more examples than a chunk keep nothing of the run before, as their chunks share the memory: Pass.RunSeveral is for these.
func (b *Batch) Varying(v kernels.Buffer) []*graph.Node {
	if b.Whole {
		return b.Vary(v)
	}
	return b.Vector(v)
}

// Vary is Varying, in chunks too.
func (b *Batch) Vary(v kernels.Buffer) []*graph.Node {
	leaves := b.Vector(v)
	b.Builder.Varying(leaves...)
	return leaves
}

// SetVector writes values in the shapes of the parameters to the leaves of a flat vector.
func (b *Builder) SetVector(leaves, values []*graph.Node) {
	for k, leaf := range leaves {
		b.Set(leaf, values[k])
	}
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
