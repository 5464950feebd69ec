package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// poolKind is a map between images and their pooling windows.
type poolKind uint8

const (
	maxIndex   poolKind = iota // place of the largest element of each window
	maxGather                  // elements at those places
	maxScatter                 // maxGather's adjoint
	avgPool                    // mean of each window
	avgUnpool                  // avgPool's adjoint
)

type pool struct {
	kind poolKind
	kernels.Window
}

func (f pool) String() string { return fmt.Sprintf("pool%d%+v", f.kind, f.Window) }

// takesIndices is for the places, and dtype for those found.
func (f pool) takesIndices(input int) bool { return input == 1 }

func (f pool) dtype(in kernels.DType) kernels.DType {
	if f.kind == maxIndex {
		return kernels.Int32
	}
	return in
}

func (f pool) images() tensor.Shape { return tensor.Shape{f.N, f.C, f.H, f.W} }
func (f pool) pooled() tensor.Shape { return tensor.Shape{f.N, f.C, f.OutH(), f.OutW()} }

func (f pool) shape(in []tensor.Shape) tensor.Shape {
	if f.kind == maxScatter || f.kind == avgUnpool {
		mustMatch("pooling", in[0], f.pooled())
		return f.images()
	}
	mustMatch("pooling", in[0], f.images())
	return f.pooled()
}

func (f pool) as(kind poolKind, in ...*Node) *Node { f.kind = kind; return apply(f, in...) }

func (f pool) vjp(in []*Node, _, g *Node) []*Node {
	switch f.kind {
	case maxGather:
		return []*Node{f.as(maxScatter, g, in[1]), nil}
	case maxScatter:
		return []*Node{f.as(maxGather, g, in[1]), nil}
	case avgPool:
		return []*Node{f.as(avgUnpool, g)}
	case avgUnpool:
		return []*Node{f.as(avgPool, g)}
	}
	return []*Node{nil}
}

func (f pool) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	switch f.kind {
	case maxIndex:
		return kernels.MaxIndex{Window: f.Window}
	case maxGather:
		return kernels.MaxGather{Window: f.Window}
	case maxScatter:
		return kernels.MaxScatter{Window: f.Window}
	case avgPool:
		return kernels.AvgPool{Window: f.Window}
	}
	return kernels.AvgUnpool{Window: f.Window}
}

// MaxPool2D is the largest element of each window of images: [n,c,h,w] → [n,c,oh,ow].
func MaxPool2D(x *Node, kernel, stride, padding [2]int) *Node {
	f := pool{maxIndex, windowOver(x, kernel, stride, padding, [2]int{1, 1})}
	return f.as(maxGather, x, apply(f, x))
}

// MaxAxis is the largest element along an axis, which is gone from the result; of equal ones the first has the derivative.
func MaxAxis(x *Node, axis int) *Node {
	moved := moveAxis(x, axis, x.Dims()-1)
	k := x.Shape()[axis]
	size := [2]int{1, k}
	y := MaxPool2D(Reshape(moved, Size(x)/k, 1, 1, k), size, size, [2]int{})
	rest := slices.Delete(slices.Clone([]int(x.Shape())), axis, axis+1)
	if len(rest) == 0 {
		rest = []int{1}
	}
	return Reshape(y, rest...)
}

// AvgPool2D is the mean of each window of images, padding counted: [n,c,h,w] → [n,c,oh,ow].
func AvgPool2D(x *Node, kernel, stride, padding [2]int) *Node {
	return apply(pool{avgPool, windowOver(x, kernel, stride, padding, [2]int{1, 1})}, x)
}
