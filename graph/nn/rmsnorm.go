package nn

import (
	"fmt"
	"math"

	"drift/graph"
)

// RMSNorm is x/√(mean of x² + Eps) over the last axis, times a scale "weight" for each of its elements (Zhang, Sennrich 2019).
type RMSNorm struct {
	Eps float64 `json:"eps"`
}

// Shape is that of the input.
func (l RMSNorm) Shape(s *Scope, in []int) ([]int, error) {
	if err := positive("eps", l.Eps); err != nil {
		return nil, err
	}
	return in, s.Param("weight", Constant(1), in[len(in)-1])
}

// Build divides and scales.
func (l RMSNorm) Build(b *Build, x *graph.Node) *graph.Node {
	size := x.Shape()[x.Dims()-1]
	rows := graph.Reshape(x, graph.Size(x)/size, size)
	inverse := graph.Rsqrt(graph.AddConst(graph.Mean(graph.Square(rows), 1), l.Eps))
	y := graph.Mul(rows, graph.Broadcast(inverse, 1, size))
	return graph.ScaleAxis(graph.Reshape(y, x.Shape()...), b.Param("weight"), x.Dims()-1)
}

// notNegative checks an attribute of which zero means that it is not given.
func notNegative(name string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s is %g: it must not be negative", name, v)
	}
	return nil
}

// positive checks an attribute that must be more than zero.
func positive(name string, v float64) error {
	if !(v > 0) || math.IsInf(v, 0) {
		return fmt.Errorf("%s is %g: it must be positive", name, v)
	}
	return nil
}
