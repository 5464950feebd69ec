package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/kernels"
)

// New is an empty expression graph.
func New() *gorgonia.ExprGraph { return gorgonia.NewGraph() }

// Input adds a leaf whose value is given when the program runs. Names are unique within a graph, because Gorgonia merges
// leaves of one name and shape.
func Input(g *gorgonia.ExprGraph, dt kernels.DType, name string, shape ...int) *Node {
	if len(shape) == 0 {
		misuse("input %q has no shape: a scalar has shape (1)", name)
	}
	for _, n := range g.ByName(name) {
		misuse("input %q is there already with shape %v", name, n.Shape())
	}
	return gorgonia.NewTensor(g, tensorType(dt), len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
}

// Constant adds a leaf whose value is part of the graph: a program keeps a copy of it on its device.
func Constant(g *gorgonia.ExprGraph, dt kernels.DType, name string, values []float64, shape ...int) *Node {
	n := Input(g, dt, name, shape...)
	if len(values) != Size(n) {
		misuse("constant %q: %d values in shape %v", name, len(values), shape)
	}
	if err := gorgonia.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing(dt, values)))); err != nil {
		misuse("constant %q: %v", name, err)
	}
	return n
}

func backing(dt kernels.DType, values []float64) any {
	if dt == kernels.Float64 {
		return values
	}
	single := make([]float32, len(values))
	for i, v := range values {
		single[i] = float32(v)
	}
	return single
}

// isConstant reports a leaf that has its value in the graph.
func isConstant(n *Node) bool { return n.Op() == nil && n.Value() != nil }

func tensorType(dt kernels.DType) tensor.Dtype {
	switch dt {
	case kernels.Float64:
		return tensor.Float64
	case kernels.Int32:
		return tensor.Int32
	case kernels.Uint8:
		return tensor.Uint8
	}
	return tensor.Float32
}

// DTypeOf is the element type of a node.
func DTypeOf(n *Node) kernels.DType { return dtypeOf(n.Dtype()) }

func dtypeOf(t tensor.Dtype) kernels.DType {
	switch t {
	case tensor.Float64:
		return kernels.Float64
	case tensor.Int32:
		return kernels.Int32
	case tensor.Uint8:
		return kernels.Uint8
	}
	return kernels.Float32
}

// Size is the number of elements of a node.
func Size(n *Node) int { return n.Shape().TotalSize() }

// anchor is the first node of n's graph that holds numbers, neither indices nor bytes.
func anchor(n *Node) *Node {
	all := n.Graph().AllNodes()
	for _, first := range all {
		if dt := DTypeOf(first); dt != kernels.Int32 && dt != kernels.Uint8 {
			return first
		}
	}
	return all[0]
}

// placeholder is a leaf in the shape of n that no program reads.
func placeholder(n *Node) *Node { return unnamed(n, n.Shape()...) }

// unnamed is one of another shape.
func unnamed(n *Node, shape ...int) *Node {
	g := n.Graph()
	return gorgonia.NewTensor(g, n.Dtype(), len(shape), gorgonia.WithShape(shape...),
		gorgonia.WithName(fmt.Sprintf("seed of %d among %d", n.ID(), len(g.AllNodes()))))
}
