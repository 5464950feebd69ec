package graph

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// uniform is random numbers from a key and the rows' indices. No derivative passes through it.
type uniform struct {
	to     kernels.DType
	stream uint32
	dims   dims // of a row
}

func (f uniform) String() string                    { return fmt.Sprintf("uniform(%v,%d)%v", f.to, f.stream, f.dims) }
func (uniform) vjp([]*Node, *Node, *Node) []*Node   { return []*Node{nil, nil} }
func (uniform) takesIndices(int) bool               { return true }
func (f uniform) dtype(kernels.DType) kernels.DType { return f.to }

func (f uniform) shape(in []tensor.Shape) tensor.Shape {
	if len(in[1]) != 1 || in[0].TotalSize() != 2 {
		misuse("uniform: a key %v and indices %v", in[0], in[1])
	}
	return append(tensor.Shape{in[1][0]}, f.dims.shape()...)
}

func (f uniform) below(l layout, _ []tensor.Shape, out tensor.Shape) []layout {
	inside, ok := l.within(1, product(out[1:]))
	if !ok {
		return nil
	}
	return []layout{{}, inside}
}

func (f uniform) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.Uniform{Rows: in[1][0], Width: f.dims.size(), Stream: f.stream}
}

// Uniform is random numbers between 0 and 1, neither included, for each of n examples: a function of the key [2], of the example's index
// [n] and of the stream (kernels.Uniform), [n, shape…]. Key and indices are Int32.
func Uniform(dt kernels.DType, key, index *Node, stream uint32, shape ...int) *Node {
	if len(shape) == 0 {
		return Flatten(Uniform(dt, key, index, stream, 1))
	}
	return apply(uniform{dt, stream, dimsOf(shape...)}, key, index)
}

// Dropout is x/(1−p) where u is above p and 0 elsewhere, given random numbers u of Uniform in the shape of x (Srivastava et al. 2014):
// each element is kept with probability 1−p, to 2⁻²³. With p = 1 it is 0.
func Dropout(x, u *Node, p float64) *Node {
	if !(p >= 0 && p <= 1) {
		misuse("dropout: probability %v is not in 0 … 1", p)
	}
	if p == 1 {
		return Scale(x, 0)
	}
	const steps = 1 << 23 // of u, between which the bound lies in both types
	bound := math.Round(p*steps) / steps
	return Mul(x, Scale(Step(AddConst(u, -bound)), 1/(1-p)))
}
