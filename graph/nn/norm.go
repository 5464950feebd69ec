package nn

import (
	"fmt"
	"math"
	"slices"

	"drift/graph"
)

// affine is what the normalisations share: (x − mean)/√(variance + eps), the variance over all values, not unbiased, then a
// scale and a shift.
type affine struct {
	Eps    float64 `json:"eps"`
	Affine bool    `json:"affine"`
}

var defaultAffine = affine{Eps: 1e-5, Affine: true}

func (a affine) declare(s scope, stored []int) error {
	if !(a.Eps > 0) || math.IsInf(a.Eps, 0) {
		return fmt.Errorf("eps is %g: it must be positive", a.Eps)
	}
	if !a.Affine {
		return nil
	}
	return s.scaleAndShift(stored)
}

// normalize standardises each of so many equal runs of x, and applies scale and shift along an axis of the given shape.
func (a affine) normalize(b *builder, x *graph.Node, runs, axis int, shape []int) *graph.Node {
	size := graph.Size(x) / runs
	rows := graph.Reshape(x, runs, size)
	centred := graph.Sub(rows, graph.Broadcast(graph.Mean(rows, 1), 1, size))
	inverse := graph.Rsqrt(graph.AddConst(graph.Mean(graph.Square(centred), 1), a.Eps))
	y := graph.Reshape(graph.Mul(centred, graph.Broadcast(inverse, 1, size)), shape...)
	if a.Affine {
		y = graph.ScaleAxis(y, b.next(), axis)
		y = graph.Bias(y, b.next(), axis)
	}
	return graph.Reshape(y, x.Shape()...)
}

// groupNorm standardises each group of consecutive channels of an example (Wu, He 2018).
type groupNorm struct {
	Groups int `json:"groups"`
	affine
}

func (groupNorm) kind() string { return "groupnorm" }

func (l groupNorm) infer(s scope, in []int) ([]int, error) {
	if err := atLeastOne("groups", l.Groups); err != nil {
		return nil, err
	}
	if in[0]%l.Groups != 0 {
		return nil, fmt.Errorf("%d channels do not divide into %d groups", in[0], l.Groups)
	}
	if n, err := volume(in); err != nil || n == l.Groups {
		return nil, fmt.Errorf("each of %d groups has only 1 value, which would always become 0: use fewer groups", l.Groups)
	}
	return in, l.declare(s, in[:1])
}

func (l groupNorm) build(b *builder, x *graph.Node) *graph.Node {
	return l.normalize(b, x, x.Shape()[0]*l.Groups, 1, x.Shape())
}

// layerNorm standardises over the trailing axes of an example (Ba, Kiros, Hinton 2016).
type layerNorm struct {
	Shape []int `json:"shape,omitempty"` // of the axes; nil: the last one
	affine
}

func (layerNorm) kind() string { return "layernorm" }

// axes is the number of trailing axes.
func (l layerNorm) axes() int { return max(1, len(l.Shape)) }

func (l layerNorm) infer(s scope, in []int) ([]int, error) {
	first := len(in) - l.axes()
	if first < 0 || l.Shape != nil && !slices.Equal(in[first:], l.Shape) {
		return nil, fmt.Errorf("shape %s is not how examples of shape %s end", dims(l.Shape), dims(in))
	}
	return in, l.declare(s, in[first:])
}

func (l layerNorm) build(b *builder, x *graph.Node) *graph.Node {
	shape := x.Shape()
	runs := 1
	for _, d := range shape[:len(shape)-l.axes()] {
		runs *= d
	}
	n := shape[0]
	return l.normalize(b, x, runs, 2, []int{n, runs / n, graph.Size(x) / runs})
}
