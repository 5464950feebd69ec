package nn

import (
	"errors"

	"drift/graph"
)

// BatchNorm2D is PyTorch's in evaluation mode: each channel less "running_mean", divided by √("running_var" + Eps), times "weight"
// plus "bias". The two statistics are read from files and never change. Those of the batch would couple its examples, which
// then had no gradients of their own, so Statistics must be "frozen".
type BatchNorm2D struct {
	Statistics string  `json:"statistics"`
	Eps        float64 `json:"eps"`
}

// Shape is that of the input, [c,h,w].
func (l BatchNorm2D) Shape(s *Scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	if l.Statistics != "frozen" {
		const why = `statistics of the batch couple its examples, which then have no gradients of their own: use groupnorm, or "statistics": "frozen"`
		return nil, errors.New(why)
	}
	if err := s.affine(l.Eps, true, in[:1]); err != nil {
		return nil, err
	}
	if err := s.Buffer("running_mean", Constant(0), in[0]); err != nil {
		return nil, err
	}
	return in, s.Buffer("running_var", Constant(1), in[0])
}

// Build standardises, scales and shifts.
func (l BatchNorm2D) Build(b *Build, x *graph.Node) *graph.Node {
	inverse := graph.Rsqrt(graph.AddConst(b.Buffer("running_var"), l.Eps))
	y := graph.ScaleAxis(graph.Bias(x, graph.Neg(b.Buffer("running_mean")), 1), inverse, 1)
	return b.affine(y, true, 1)
}
