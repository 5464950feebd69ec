package sigma

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Trace estimates the trace of an operator from so many products, at least 6, and the standard error of the estimate: Hutch++
// (Meyer, Musco, Musco and Woodruff 2021). A third of the products sketches a basis Q of what the operator does most, another takes
// tr QᵀAQ exactly, and the last estimates the rest by xᵀ(I−QQᵀ)A(I−QQᵀ)x over random signs x. It holds a third as many vectors.
func Trace(a Operator, products int, seed uint64) (trace, deviation float64, err error) {
	if products < 6 {
		return 0, 0, fmt.Errorf("trace from %d products: give at least 6", products)
	}
	n := a.Dim()
	third := min(products/3, n)
	r := rand.New(rand.NewPCG(seed, 0x7472616365))
	basis, image := make([][]float64, 0, third), make([]float64, n)
	for range third {
		if err := a.Apply(image, signs(r, n)); err != nil {
			return 0, 0, fmt.Errorf("trace: %w", err)
		}
		before := floats.Norm(image, 2)
		project(image, basis)
		if left := floats.Norm(image, 2); left > 1e-10*before {
			floats.Scale(1/left, image)
			basis = append(basis, append([]float64(nil), image...))
		}
	}
	for _, q := range basis {
		if err := a.Apply(image, q); err != nil {
			return 0, 0, fmt.Errorf("trace: %w", err)
		}
		trace += floats.Dot(q, image)
	}
	if len(basis) == n {
		return trace, 0, nil
	}
	rest := make([]float64, products-2*third)
	for k := range rest {
		x := signs(r, n)
		project(x, basis)
		if err := a.Apply(image, x); err != nil {
			return 0, 0, fmt.Errorf("trace: %w", err)
		}
		rest[k] = floats.Dot(x, image)
	}
	mean, spread := stat.MeanStdDev(rest, nil)
	if math.IsNaN(trace+mean) || math.IsInf(trace+mean, 0) {
		return 0, 0, fmt.Errorf("trace: %w", errNotFinite)
	}
	return trace + mean, spread / math.Sqrt(float64(len(rest))), nil
}

func signs(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1 - 2*float64(r.Uint64()&1)
	}
	return x
}

// project takes orthonormal vectors out of x, twice because once leaves rounding behind.
func project(x []float64, basis [][]float64) {
	for range 2 {
		for _, q := range basis {
			floats.AddScaled(x, -floats.Dot(q, x), q)
		}
	}
}
