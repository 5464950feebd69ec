package sigma

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"drift/data/random"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Trace estimates the trace of an operator from n products, at least 6, and the standard error of the estimate: Hutch++
// (Meyer, Musco, Musco and Woodruff 2021). A third of the products sketches a basis Q of the operator's dominant range, another computes
// tr QᵀAQ exactly, and the last estimates the rest by xᵀ(I−QQᵀ)A(I−QQᵀ)x over random signs x. It holds n/3 vectors, and up to 16 more.
func Trace(a Operator, products int, seed uint64) (trace, deviation float64, err error) {
	if products < 6 {
		return 0, 0, fmt.Errorf("trace from %d products: give at least 6", products)
	}
	third := min(products/3, a.Dim())
	r := random.New(seed, "trace").Rand
	basis, err := sketch(a, third, r)
	if err != nil {
		return 0, 0, fmt.Errorf("trace: %w", err)
	}
	parts, err := forms(a, len(basis), func(k int) []float64 { return basis[k] })
	if err != nil {
		return 0, 0, fmt.Errorf("trace: %w", err)
	}
	if trace = floats.Sum(parts); len(basis) == a.Dim() {
		return trace, 0, nil
	}
	parts, err = forms(a, products-2*third, func(int) []float64 {
		x := signs(r, a.Dim())
		project(x, basis)
		return x
	})
	if err != nil {
		return 0, 0, fmt.Errorf("trace: %w", err)
	}
	mean, spread := stat.MeanStdDev(parts, nil)
	return trace + mean, spread / math.Sqrt(float64(len(parts))), nil
}

// sketch is an orthonormal basis of the images of a number of random vectors.
func sketch(a Operator, vectors int, r *rand.Rand) ([][]float64, error) {
	basis := make([][]float64, 0, vectors)
	err := images(a, vectors, func(int) []float64 { return signs(r, a.Dim()) }, func(_ int, _, image []float64) error {
		before := floats.Norm(image, 2)
		project(image, basis)
		if left := floats.Norm(image, 2); left > 1e-10*before {
			floats.Scale(1/left, image)
			basis = append(basis, slices.Clone(image))
		}
		return nil
	})
	return basis, err
}

// forms is xᵀAx for each of a number of vectors x.
func forms(a Operator, vectors int, x func(k int) []float64) ([]float64, error) {
	all := make([]float64, vectors)
	err := images(a, vectors, x, func(k int, v, image []float64) error {
		if all[k] = floats.Dot(v, image); math.IsNaN(all[k]) || math.IsInf(all[k], 0) {
			return errNotFinite
		}
		return nil
	})
	return all, err
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
