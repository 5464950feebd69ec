package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// reshape gives the elements another shape; it costs nothing.
type reshape struct{ out dims }

func (f reshape) String() string                    { return "reshape" + f.out.String() }
func (f reshape) takesIndices(int) bool             { return true }
func (f reshape) shape([]tensor.Shape) tensor.Shape { return f.out.shape() }

func (f reshape) vjp(in []*Node, _, g *Node) []*Node { return []*Node{Reshape(g, in[0].Shape()...)} }

func (f reshape) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	return kernels.Map{N: f.out.size(), Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnCopy}}, Results: []uint8{1}}
}

// Reshape gives the elements of x, in order, another shape of as many elements.
func Reshape(x *Node, shape ...int) *Node {
	if product(shape) != Size(x) {
		misuse("reshape: %v has %d elements, %v has %d", x.Shape(), Size(x), shape, product(shape))
	}
	if _, ok := familyOf(x).(reshape); ok {
		x = inputsOf(x)[0]
	}
	if slices.Equal(x.Shape(), shape) {
		return x
	}
	if v, ok := isFill(x); ok {
		return filled(x, v, dimsOf(shape...))
	}
	return apply(reshape{dimsOf(shape...)}, x)
}

// Flatten reshapes to one axis.
func Flatten(x *Node) *Node { return Reshape(x, Size(x)) }

type permute struct{ perm dims }

func (f permute) String() string        { return "permute" + f.perm.String() }
func (f permute) takesIndices(int) bool { return true }

func (f permute) shape(in []tensor.Shape) tensor.Shape {
	out := make(tensor.Shape, f.perm.rank)
	for k := range out {
		out[k] = in[0][f.perm.n[k]]
	}
	return out
}

func (f permute) vjp(_ []*Node, _, g *Node) []*Node {
	inverse := make([]int, f.perm.rank)
	for k := range inverse {
		inverse[f.perm.n[k]] = k
	}
	return []*Node{Transpose(g, inverse...)}
}

func (f permute) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	p := kernels.Permute{Rank: f.perm.rank, Perm: f.perm.n}
	copy(p.Shape[:], in[0])
	return p
}

// Transpose reorders the axes: axis k of the result is axis perm[k] of x. Without perm the order is reversed.
func Transpose(x *Node, perm ...int) *Node {
	if len(perm) == 0 {
		for k := x.Dims() - 1; k >= 0; k-- {
			perm = append(perm, k)
		}
	}
	sorted, identity := slices.Sorted(slices.Values(perm)), make([]int, x.Dims())
	for k := range identity {
		identity[k] = k
	}
	if !slices.Equal(sorted, identity) {
		misuse("transpose: %v is no permutation of the axes of %v", perm, x.Shape())
	}
	if slices.Equal(perm, identity) {
		return x
	}
	return apply(permute{dimsOf(perm...)}, x)
}

// slice keeps the indices [from, to) of an axis; pad, its adjoint, surrounds them with zeros.
type slice struct{ axis, from, to int }

func (f slice) String() string        { return fmt.Sprintf("slice(%d,%d:%d)", f.axis, f.from, f.to) }
func (f slice) takesIndices(int) bool { return true }

func (f slice) shape(in []tensor.Shape) tensor.Shape {
	out := in[0].Clone()
	out[f.axis] = f.to - f.from
	return out
}

func (f slice) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{PadAxis(g, f.axis, f.from, in[0].Shape()[f.axis])}
}

func (f slice) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	a, b, c := around(in[0], f.axis)
	return kernels.Slice{A: a, B: b, C: c, From: f.from, To: f.to}
}

// SliceAxis keeps the indices [from, to) of an axis.
func SliceAxis(x *Node, axis, from, to int) *Node {
	_, size, _ := around(x.Shape(), axis)
	if from < 0 || to <= from || to > size {
		misuse("slice: range %d:%d of axis %d of %v", from, to, axis, x.Shape())
	}
	if from == 0 && to == size {
		return x
	}
	return apply(slice{axis, from, to}, x)
}

// SliceStep keeps every step-th index of [from, to) of an axis, from the first on.
func SliceStep(x *Node, axis, from, to, step int) *Node {
	if step < 1 {
		misuse("slice: steps of %d along axis %d of %v", step, axis, x.Shape())
	}
	x = SliceAxis(x, axis, from, to)
	if step == 1 {
		return x
	}
	shape, kept := slices.Clone([]int(x.Shape())), (to-from+step-1)/step
	shape[axis] = kept
	a, _, c := around(shape, axis)
	groups := Reshape(PadAxis(x, axis, 0, kept*step), a, kept, step, c)
	return Reshape(SliceAxis(groups, 2, 0, 1), shape...)
}

type pad struct{ axis, from, size int }

func (f pad) String() string { return fmt.Sprintf("pad(%d,%d of %d)", f.axis, f.from, f.size) }

func (f pad) shape(in []tensor.Shape) tensor.Shape {
	out := in[0].Clone()
	out[f.axis] = f.size
	return out
}

func (f pad) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{SliceAxis(g, f.axis, f.from, f.from+in[0].Shape()[f.axis])}
}

func (f pad) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	a, b, c := around(in[0], f.axis)
	return kernels.Pad{A: a, B: f.size, C: c, From: f.from, To: f.from + b}
}

// PadAxis puts x at index from of an axis of the given size, with zeros around it.
func PadAxis(x *Node, axis, from, size int) *Node {
	_, n, _ := around(x.Shape(), axis)
	if from < 0 || from+n > size {
		misuse("pad: axis %d of %v put at %d of %d", axis, x.Shape(), from, size)
	}
	if n == size {
		return x
	}
	return apply(pad{axis, from, size}, x)
}

// Concat puts nodes one behind the other along an axis.
func Concat(axis int, xs ...*Node) *Node {
	size := 0
	for _, x := range xs {
		_, n, _ := around(x.Shape(), axis)
		size += n
	}
	var whole *Node
	from := 0
	for _, x := range xs {
		part := PadAxis(x, axis, from, size)
		from += x.Shape()[axis]
		if whole == nil {
			whole = part
		} else {
			whole = Add(whole, part)
		}
	}
	return whole
}
