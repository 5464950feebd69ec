package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

func matrix(what string, s tensor.Shape) (rows, cols int) {
	if len(s) != 2 {
		misuse("%s: shape %v is no matrix", what, s)
	}
	return s[0], s[1]
}

// softmax is the softmax of every row, or its logarithm.
type softmax struct{ log bool }

func (f softmax) String() string { return fmt.Sprintf("softmax(log=%t)", f.log) }
func (f softmax) shape(in []tensor.Shape) tensor.Shape {
	matrix("softmax", in[0])
	return in[0].Clone()
}

func (f softmax) vjp(in []*Node, y, g *Node) []*Node {
	shape := y.Shape()
	if f.log {
		return []*Node{Sub(g, Mul(Softmax(in[0]), BroadcastTail(SumTail(g), shape...)))}
	}
	return []*Node{Mul(y, Sub(g, BroadcastTail(SumTail(Mul(g, y)), shape...)))}
}

func (f softmax) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Softmax{Rows: in[0][0], Cols: in[0][1], Log: f.log}
}

// Softmax is the softmax of every row of a matrix.
func Softmax(x *Node) *Node { return apply(softmax{}, x) }

// LogSoftmax is the logarithm of the softmax of every row of a matrix.
func LogSoftmax(x *Node) *Node { return apply(softmax{log: true}, x) }

// SoftmaxAxis is the softmax along an axis, or its logarithm.
func SoftmaxAxis(x *Node, axis int, log bool) *Node {
	last := x.Dims() - 1
	moved, cols := moveAxis(x, axis, last), x.Shape()[axis]
	rows := apply(softmax{log}, Reshape(moved, Size(x)/cols, cols))
	return moveAxis(Reshape(rows, moved.Shape()...), last, axis)
}

// crossEntropy is the negative log-likelihood of classes under logits.
type crossEntropy struct{}

func (crossEntropy) String() string              { return "crossentropy" }
func (crossEntropy) takesIndices(input int) bool { return input == 1 }

func (crossEntropy) shape(in []tensor.Shape) tensor.Shape { return rowsWithIndex("cross entropy", in) }

// vjp is g_n·(softmax(z_n) − onehot(y_n)).
func (crossEntropy) vjp(in []*Node, _, g *Node) []*Node {
	z, y := in[0], in[1]
	return []*Node{Sub(Mul(BroadcastTail(g, z.Shape()...), Softmax(z)), Place(g, y, z.Shape()[1])), nil}
}

func (crossEntropy) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.CrossEntropy{Rows: in[0][0], Cols: in[0][1]}
}

// rowsWithIndex checks a matrix [n,c] with an index a row, [n], and gives the shape of one result a row.
func rowsWithIndex(what string, in []tensor.Shape) tensor.Shape {
	rows, _ := matrix(what, in[0])
	if len(in[1]) != 1 || in[1][0] != rows {
		misuse("%s: %v rows with indices of shape %v", what, in[0], in[1])
	}
	return tensor.Shape{rows}
}

// CrossEntropy is the loss of each example, log Σ_c exp z_nc − z_{n,y_n}: CrossEntropy([n,c], [n]) → [n].
func CrossEntropy(logits, classes *Node) *Node {
	return apply(crossEntropy{}, logits, indices(classes))
}

// SquaredError is the loss of each example, the mean over its outputs of (z − y)²: SquaredError([n,k], [n,k]) → [n].
func SquaredError(out, target *Node) *Node {
	matrix("squared error", out.Shape())
	return Mean(Square(Sub(out, target)), 1)
}

// correct tells rows whose largest element is where the index says.
type correct struct{}

func (correct) String() string                       { return "correct" }
func (correct) takesIndices(input int) bool          { return input == 1 }
func (correct) shape(in []tensor.Shape) tensor.Shape { return rowsWithIndex("correct", in) }
func (correct) vjp(in []*Node, _, _ *Node) []*Node   { return []*Node{nil, nil} }
func (correct) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Correct{Rows: in[0][0], Cols: in[0][1]}
}

// Correct is 1 for each example whose largest logit is at its class, else 0: Correct([n,c], [n]) → [n].
func Correct(logits, classes *Node) *Node { return apply(correct{}, logits, indices(classes)) }
