package nn

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/graph/objective"
)

// GroupNorm standardises each group of consecutive channels of an example, (x − mean)/√(variance + Eps), the variance over all
// values, not unbiased; then a scale "weight" and a shift "bias" a channel where Affine (Wu, He 2018).
type GroupNorm struct {
	Groups int     `json:"groups"`
	Eps    float64 `json:"eps"`
	Affine bool    `json:"affine"`
}

// Shape is that of the input, [c,…].
func (l GroupNorm) Shape(s *Scope, in []int) ([]int, error) {
	if err := atLeastOne("groups", l.Groups); err != nil {
		return nil, err
	}
	if in[0]%l.Groups != 0 {
		return nil, fmt.Errorf("%d channels do not divide into %d groups", in[0], l.Groups)
	}
	if n, err := volume(in); err != nil || n == l.Groups {
		return nil, fmt.Errorf("each of %d groups has only 1 value, which would always become 0: use fewer groups", l.Groups)
	}
	return in, s.affine(l.Eps, l.Affine, in[:1])
}

// Build standardises, scales and shifts.
func (l GroupNorm) Build(b *Build, x *graph.Node) *graph.Node {
	y := graph.Reshape(standardize(x, x.Shape()[0]*l.Groups, l.Eps), x.Shape()...)
	return b.affine(y, l.Affine, 1)
}

// LayerNorm standardises over the trailing axes of an example, as GroupNorm does over a group, with a scale and a shift for each
// of their elements (Ba, Kiros, Hinton 2016).
type LayerNorm struct {
	Axes   []int   `json:"shape,omitempty"` // their sizes; nil: the last axis
	Eps    float64 `json:"eps"`
	Affine bool    `json:"affine"`
}

func (l LayerNorm) axes() int { return max(1, len(l.Axes)) }

// Shape is that of the input, which must end in Axes.
func (l LayerNorm) Shape(s *Scope, in []int) ([]int, error) {
	first := len(in) - l.axes()
	if first < 0 || l.Axes != nil && !slices.Equal(in[first:], l.Axes) {
		return nil, fmt.Errorf("shape %s is not how examples of shape %s end", dims(l.Axes), dims(in))
	}
	return in, s.affine(l.Eps, l.Affine, in[first:])
}

// Build standardises, scales and shifts.
func (l LayerNorm) Build(b *Build, x *graph.Node) *graph.Node {
	shape := x.Shape()
	runs := 1
	for _, d := range shape[:len(shape)-l.axes()] {
		runs *= d
	}
	n := shape[0]
	y := b.affine(graph.Reshape(standardize(x, runs, l.Eps), n, runs/n, graph.Size(x)/runs), l.Affine, 2)
	return graph.Reshape(y, shape...)
}

// standardize is x as equal runs [runs, size], each with mean 0 and variance 1.
func standardize(x *graph.Node, runs int, eps float64) *graph.Node {
	size := graph.Size(x) / runs
	rows := graph.Reshape(x, runs, size)
	centred := graph.Sub(rows, graph.Broadcast(graph.Mean(rows, 1), 1, size))
	inverse := graph.Rsqrt(graph.AddConst(graph.Mean(graph.Square(centred), 1), eps))
	return graph.Mul(centred, graph.Broadcast(inverse, 1, size))
}

// affine declares the tensors of a normalisation, ones and zeros, which files hold in the shape stored.
func (s *Scope) affine(eps float64, affine bool, stored []int) error {
	if err := positive("eps", eps); err != nil || !affine {
		return err
	}
	n, err := volume(stored)
	if err != nil {
		return err
	}
	p := objective.Param{Name: "weight", Shape: []int{n}, Init: Constant(1)}
	if len(stored) > 1 {
		p.Stored = slices.Clone(stored)
	}
	if err := s.declare(p); err != nil {
		return err
	}
	p.Name, p.Init = "bias", Constant(0)
	return s.declare(p)
}

// affine applies the tensors of a normalisation along an axis.
func (b *Build) affine(y *graph.Node, affine bool, axis int) *graph.Node {
	if !affine {
		return y
	}
	return graph.Bias(graph.ScaleAxis(y, b.Param("weight"), axis), b.Param("bias"), axis)
}
