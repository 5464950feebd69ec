package sigma

import (
	"math"

	"drift/graph"
	"drift/kernels"
)

// Resolved is x, a difference of sums of the given size, or 0 where it is rounding noise of a type: not above size times
// graph.Roundings units of rounding.
func Resolved(x, size float64, dt kernels.DType) float64 {
	if math.Abs(x) <= graph.Roundings*graph.Unit(dt)*size {
		return 0
	}
	return x
}

// traceOf is tr Σ over n gradients from Σ_n ‖r_n − r̄‖², the Σ_n ‖r_n‖² that it was taken from and ‖m‖²: 0 where it is noise, as
// graph.CovarianceTrace has it.
func traceOf(centered, squares, center float64, n int, dt kernels.DType) float64 {
	c := graph.Roundings * graph.Unit(dt)
	if math.Abs(centered) <= c*squares+c*c*float64(n)*center {
		return 0
	}
	return centered / float64(n-1)
}
