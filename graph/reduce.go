package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// sum adds up the middle axis of its input seen as [a,b,c]; broadcast, its adjoint, repeats along it.
type sum struct {
	a, b, c int
	out     dims
}

func (f sum) String() string                    { return fmt.Sprintf("sum[%d,%d,%d]%v", f.a, f.b, f.c, f.out) }
func (f sum) shape([]tensor.Shape) tensor.Shape { return f.out.shape() }

func (f sum) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{broadcasted(g, broadcast{f.a, f.b, f.c, dimsOf(in[0].Shape()...)})}
}

func (f sum) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	n := f.a * f.b * f.c
	return kernels.Reduce{A: f.a, B: f.b, C: f.c, Map: kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}}
}

type broadcast sum

func (f broadcast) String() string                    { return fmt.Sprintf("broadcast[%d,%d,%d]%v", f.a, f.b, f.c, f.out) }
func (f broadcast) shape([]tensor.Shape) tensor.Shape { return f.out.shape() }

func (f broadcast) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{summed(g, sum{f.a, f.b, f.c, dimsOf(in[0].Shape()...)})}
}

func (f broadcast) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	return kernels.Map{N: f.out.size(), Access: []kernels.Access{f.access()},
		Code: []kernels.Instr{{Fn: kernels.FnCopy}}, Results: []uint8{1}}
}

func (f broadcast) access() kernels.Access { return kernels.Access{B: f.b, C: f.c} }

// read is what a broadcast repeats, and how: where that is a broadcast itself, as a channel's element is over its pixels and then over the
// images, what that one repeats, as far as one access says it.
func read(n *Node) (source *Node, access kernels.Access) {
	source, access = n, kernels.Access{B: 1, C: 1}
	for {
		b, ok := familyOf(source).(broadcast)
		if !ok {
			return source, access
		}
		further, ok := access.After(b.access())
		if !ok {
			return source, access
		}
		source, access = root(inputsOf(source)[0]), further
	}
}

func summed(x *Node, f sum) *Node {
	if f.b == 1 {
		return Reshape(x, f.out.shape()...)
	}
	if v, ok := isFill(x); ok {
		return filled(x, v*float64(f.b), f.out)
	}
	if inner, c, ok := isScale(x); ok {
		return Scale(summed(inner, f), c)
	}
	if b, ok := familyOf(root(x)).(broadcast); ok && b.a == f.a && b.b == f.b && b.c == f.c {
		return Reshape(Scale(inputsOf(root(x))[0], float64(f.b)), f.out.shape()...)
	}
	return apply(f, root(x))
}

func broadcasted(x *Node, f broadcast) *Node {
	if v, ok := isFill(x); ok {
		return filled(x, v, f.out)
	}
	if f.b == 1 {
		return Reshape(x, f.out.shape()...)
	}
	if inner, c, ok := isScale(x); ok {
		return Scale(broadcasted(inner, f), c)
	}
	return apply(f, root(x))
}

// Sum adds up an axis, which is gone from the result; of a vector it leaves shape (1).
func Sum(x *Node, axis int) *Node {
	a, b, c := around(x.Shape(), axis)
	rest := slices.Delete(slices.Clone([]int(x.Shape())), axis, axis+1)
	if len(rest) == 0 {
		rest = []int{1}
	}
	return summed(x, sum{a, b, c, dimsOf(rest...)})
}

// SumAll adds up all elements, to shape (1).
func SumAll(x *Node) *Node { return summed(x, sum{1, Size(x), 1, dimsOf(1)}) }

// SumTail adds up everything behind the first axis: [n,…] to [n].
func SumTail(x *Node) *Node {
	n := x.Shape()[0]
	return summed(x, sum{n, product(x.Shape()[1:]), 1, dimsOf(n)})
}

// Mean is the mean over an axis, which is gone from the result.
func Mean(x *Node, axis int) *Node { return Scale(Sum(x, axis), 1/float64(x.Shape()[axis])) }

// MeanAll is the mean of all elements, of shape (1).
func MeanAll(x *Node) *Node { return Scale(SumAll(x), 1/float64(Size(x))) }

// Broadcast repeats x along a new axis of n elements put before axis (or behind the last one).
func Broadcast(x *Node, axis, n int) *Node {
	if axis < 0 || axis > x.Dims() {
		misuse("broadcast: new axis %d for shape %v", axis, x.Shape())
	}
	shape := slices.Insert(slices.Clone([]int(x.Shape())), axis, n)
	return broadcasted(x, broadcast{product(shape[:axis]), n, product(shape[axis+1:]), dimsOf(shape...)})
}

// BroadcastScalar repeats a node of one element in a given shape.
func BroadcastScalar(s *Node, shape ...int) *Node {
	if Size(s) != 1 {
		misuse("broadcast: shape %v is no scalar", s.Shape())
	}
	return broadcasted(s, broadcast{1, product(shape), 1, dimsOf(shape...)})
}

// BroadcastTail repeats element n of a vector [n] over row n of the shape [n,…].
func BroadcastTail(v *Node, shape ...int) *Node {
	if v.Dims() != 1 || v.Shape()[0] != shape[0] {
		misuse("broadcast: shape %v over the rows of %v", v.Shape(), shape)
	}
	return broadcasted(v, broadcast{shape[0], product(shape[1:]), 1, dimsOf(shape...)})
}

// BroadcastAxis repeats a vector [c] whose elements belong to the indices of one axis of the shape.
func BroadcastAxis(v *Node, axis int, shape ...int) *Node {
	a, b, c := around(shape, axis)
	if v.Dims() != 1 || v.Shape()[0] != b {
		misuse("broadcast: shape %v along axis %d of %v", v.Shape(), axis, shape)
	}
	if c == 1 {
		return broadcasted(v, broadcast{1, a, b, dimsOf(shape...)})
	}
	all := broadcasted(v, broadcast{1, a, b, dimsOf(a, b)}) // so that its adjoint adds up rows first
	return broadcasted(all, broadcast{a * b, c, 1, dimsOf(shape...)})
}
