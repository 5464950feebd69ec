package sigma

import (
	"errors"
	"fmt"
	"math"
)

// ErrNumerical is an error of the numbers, not of program or machine: they are not finite, or too far apart for their type.
type ErrNumerical struct{ error }

func (b ErrNumerical) Unwrap() error { return b.error }

// invertible reports where a Σ of given trace has no inverse with δ, the least eigenvalue of Σ+δI.
func invertible(delta, trace float64) error {
	switch {
	case math.IsNaN(trace) || math.IsInf(trace, 0):
		return ErrNumerical{fmt.Errorf("tr Σ = %v: the gradients are not finite: give a lower learning rate, or a higher damping", trace)}
	case trace == 0 && !(delta > 0):
		return ErrNumerical{errors.New("tr Σ = 0: the gradients of the batch are all the same, to rounding, and damping relative to tr Σ is 0 too: give an absolute one")}
	case !(delta > 0):
		return ErrNumerical{fmt.Errorf("damping δ = %v with tr Σ = %v leaves Σ+δI without an inverse: give a damping above 0", delta, trace)}
	}
	return nil
}
