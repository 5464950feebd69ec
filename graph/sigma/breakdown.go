package sigma

import (
	"fmt"
	"math"
)

// Breakdown is an error of the numbers, not of program or machine: they left all bounds, or are too far apart for their type.
type Breakdown struct{ error }

func (b Breakdown) Unwrap() error { return b.error }

// invertible reports where a Σ of given trace has no inverse with δ, the least eigenvalue of Σ+δI.
func invertible(delta, trace float64) error {
	switch {
	case math.IsNaN(trace) || math.IsInf(trace, 0):
		return Breakdown{fmt.Errorf("tr Σ = %v: the gradients left all bounds: lower --lr, or raise --damping", trace)}
	case !(delta > 0):
		return Breakdown{fmt.Errorf("damping δ = %v with tr Σ = %v leaves Σ+δI without an inverse: give a --damping above 0, without --damping-relative",
			delta, trace)}
	}
	return nil
}
