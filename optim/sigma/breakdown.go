package sigma

import "fmt"

// Breakdown is an error of the numbers, not of program or machine: they left all bounds, or are too far apart for their type.
type Breakdown struct{ error }

func (b Breakdown) Unwrap() error { return b.error }

// noInverse is the error of damping that leaves Σ+δI singular.
func noInverse(delta, trace float64) error {
	return Breakdown{fmt.Errorf(
		"damping δ = %v with tr Σ = %v: it must be above 0 for Σ+δI to have an inverse: give a --damping above 0, without --damping-relative",
		delta, trace)}
}
