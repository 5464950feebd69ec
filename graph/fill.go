package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// fill is a constant of any shape; its input only says which graph it belongs to.
type fill struct {
	value float64
	dims  dims
}

func (f fill) String() string                    { return fmt.Sprintf("fill(%g)%v", f.value, f.dims) }
func (f fill) shape([]tensor.Shape) tensor.Shape { return f.dims.shape() }
func (f fill) vjp([]*Node, *Node, *Node) []*Node { return []*Node{nil} }
func (f fill) primitive(in []tensor.Shape, out tensor.Shape) kernels.Primitive {
	return kernels.Map{N: f.dims.size(), Code: []kernels.Instr{{Fn: kernels.FnConst, Imm: f.value}}, Results: []uint8{0}}
}

// Fill is the constant c in the shape of a node.
func Fill(like *Node, c float64) *Node { return filled(like, c, dimsOf(like.Shape()...)) }

// Full is the constant c in any shape, in the graph of a node.
func Full(of *Node, c float64, shape ...int) *Node { return filled(of, c, dimsOf(shape...)) }

// filled hangs constants on the first node of the graph, so that equal ones are one node and keep nothing alive.
func filled(of *Node, c float64, d dims) *Node {
	return apply(fill{c, d}, anchor(of))
}

func isFill(n *Node) (float64, bool) {
	f, ok := familyOf(n).(fill)
	return f.value, ok
}
