package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// cast makes indices of numbers.
type cast struct{}

func (cast) String() string                                            { return "cast" }
func (cast) shape(in []tensor.Shape) tensor.Shape                      { return in[0].Clone() }
func (cast) vjp([]*Node, *Node, *Node) []*Node                         { return []*Node{nil} }
func (cast) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout { return same(l, 1) }
func (cast) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Cast{N: in[0].TotalSize()}
}

func (cast) dtype(kernels.DType) kernels.DType { return kernels.Int32 }

// number makes numbers of indices.
type number struct{ to kernels.DType }

func (f number) String() string                                          { return fmt.Sprintf("number(%v)", f.to) }
func (number) shape(in []tensor.Shape) tensor.Shape                      { return in[0].Clone() }
func (number) vjp([]*Node, *Node, *Node) []*Node                         { return []*Node{nil} }
func (number) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout { return same(l, 1) }
func (number) takesIndices(int) bool                                     { return true }
func (f number) dtype(kernels.DType) kernels.DType                       { return f.to }
func (number) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Number{N: in[0].TotalSize()}
}

// known makes index 0 of what is below it.
type known struct{}

func (known) String() string                                            { return "known" }
func (known) shape(in []tensor.Shape) tensor.Shape                      { return in[0].Clone() }
func (known) vjp([]*Node, *Node, *Node) []*Node                         { return []*Node{nil} }
func (known) below(l layout, _ []tensor.Shape, _ tensor.Shape) []layout { return same(l, 1) }
func (known) takesIndices(int) bool                                     { return true }
func (known) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Known{N: in[0].TotalSize()}
}

// Known is the larger of each index and 0: what stands for none, as −100, becomes one that can be looked up.
func Known(index *Node) *Node { return apply(known{}, indices(index)) }

// typed is a family whose result has another type than its first input.
type typed interface {
	dtype(in kernels.DType) kernels.DType
}

// indexed is a family that takes indices, in the inputs of which it says so. All others get numbers in their place.
type indexed interface{ takesIndices(input int) bool }

// numbersFor is the inputs of f, of which those that hold indices become numbers where it takes none.
func numbersFor(f family, in []*Node) []*Node {
	own := in
	for k, n := range in {
		if DTypeOf(n) != kernels.Int32 {
			continue
		}
		if i, ok := f.(indexed); ok && i.takesIndices(k) {
			continue
		}
		if &own[0] == &in[0] {
			own = slices.Clone(in)
		}
		own[k] = apply(number{DTypeOf(anchor(n))}, n)
	}
	return own
}

// indices is n as indices: what it is already, or its whole part, −1 where that is negative or none.
func indices(n *Node) *Node {
	if DTypeOf(n) == kernels.Int32 {
		return n
	}
	return apply(cast{}, n)
}

// repeated is n copies of indices [s…], [n,s…].
func repeated(index *Node, n int) *Node {
	row := Reshape(index, 1, Size(index))
	first := indices(filled(index, 0, dimsOf(n)))
	return Reshape(Gather(row, first), append([]int{n}, index.Shape()...)...)
}

// pick takes one element of each row; place, its adjoint, puts one element into each row of zeros.
type pick struct{}

func (pick) String() string                       { return "pick" }
func (pick) takesIndices(input int) bool          { return input == 1 }
func (pick) shape(in []tensor.Shape) tensor.Shape { return rowsWithIndex("pick", in) }
func (pick) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{Place(g, in[1], in[0].Shape()[1]), nil}
}
func (pick) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Pick{Rows: in[0][0], Cols: in[0][1]}
}

// Pick is x[n, i_n]: Pick([n,c], [n]) → [n].
func Pick(x, index *Node) *Node { return apply(pick{}, x, indices(index)) }

type place struct{ cols int }

func (f place) String() string            { return fmt.Sprintf("place(%d)", f.cols) }
func (place) takesIndices(input int) bool { return input == 1 }

func (f place) shape(in []tensor.Shape) tensor.Shape {
	if len(in[0]) != 1 || len(in[1]) != 1 || in[0][0] != in[1][0] {
		misuse("place: values %v with indices %v", in[0], in[1])
	}
	return tensor.Shape{in[0][0], f.cols}
}

func (f place) vjp(in []*Node, _, g *Node) []*Node { return []*Node{Pick(g, in[1]), nil} }

func (f place) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Place{Rows: in[0][0], Cols: f.cols}
}

// Place is v_n at column i_n of row n and zero elsewhere: Place([n], [n], c) → [n,c].
func Place(v, index *Node, cols int) *Node { return apply(place{cols}, v, indices(index)) }

// gather takes rows of a table; scatter, its adjoint, adds rows up into a table.
type gather struct{}

func (gather) String() string        { return "gather" }
func (gather) takesIndices(int) bool { return true }

func (gather) shape(in []tensor.Shape) tensor.Shape {
	if len(in[1]) != 1 {
		misuse("gather: indices of shape %v", in[1])
	}
	out := in[0].Clone()
	out[0] = in[1][0]
	return out
}

func (gather) vjp(in []*Node, _, g *Node) []*Node {
	return []*Node{Scatter(g, in[1], in[0].Shape()[0]), nil}
}

func (gather) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Gather{Rows: in[1][0], Width: product(in[0][1:]), Table: in[0][0]}
}

// Gather is the rows of a table that the indices name: Gather([t,…], [n]) → [n,…]. Indices, here and elsewhere, are whole numbers of any
// type; those of Int32 are taken as they are. Where others take numbers, indices become numbers.
func Gather(table, index *Node) *Node { return apply(gather{}, table, indices(index)) }

// GatherAxis is what the indices [k] name of an axis of x, in its place: [a,t,c] → [a,k,c].
func GatherAxis(x *Node, axis int, index *Node) *Node {
	return moveAxis(Gather(moveAxis(x, axis, 0), index), 0, axis)
}

// moveAxis takes an axis from one place to another; the others keep their order.
func moveAxis(x *Node, from, to int) *Node {
	around(x.Shape(), from)
	perm := make([]int, 0, x.Dims())
	for k := range x.Dims() {
		if k != from {
			perm = append(perm, k)
		}
	}
	return Transpose(x, slices.Insert(perm, to, from)...)
}

type scatter struct{ table int }

func (f scatter) String() string            { return fmt.Sprintf("scatter(%d)", f.table) }
func (scatter) takesIndices(input int) bool { return input == 1 }

func (f scatter) shape(in []tensor.Shape) tensor.Shape {
	if len(in[1]) != 1 || in[1][0] != in[0][0] {
		misuse("scatter: rows %v with indices %v", in[0], in[1])
	}
	out := in[0].Clone()
	out[0] = f.table
	return out
}

func (f scatter) vjp(in []*Node, _, g *Node) []*Node { return []*Node{Gather(g, in[1]), nil} }

func (f scatter) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Scatter{Rows: in[0][0], Width: product(in[0][1:]), Table: f.table}
}

// Scatter adds row n of x to row i_n of a table of zeros: Scatter([n,…], [n], t) → [t,…].
func Scatter(x, index *Node, table int) *Node { return apply(scatter{table}, x, indices(index)) }
