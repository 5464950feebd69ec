package sigma

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/kernels"
)

// A trace of low rank is found exactly; one with a tail to within a few of the standard errors that come with it.
func TestTraceOfOperators(t *testing.T) {
	n := 80
	low, tail := mat.NewSymDense(n, nil), mat.NewSymDense(n, nil)
	for k := range 4 {
		low.SymRankOne(low, float64(k+1), mat.NewVecDense(n, gaussian(uint64(k), n)))
	}
	for i := range n {
		for j := i; j < n; j++ {
			tail.SetSym(i, j, math.Exp(-0.1*math.Abs(float64(i-j)))/float64(1+i+j))
		}
	}
	trace, _, err := Trace(Dense{low}, 30, 1)
	must(t, err)
	near(t, "trace of low rank", []float64{trace}, []float64{mat.Trace(low)}, 1e-10)
	for seed := range uint64(5) {
		trace, deviation, err := Trace(Dense{tail}, 30, seed)
		must(t, err)
		if z := (trace - mat.Trace(tail)) / deviation; math.Abs(z) > 5 || deviation > 0.1*mat.Trace(tail) {
			t.Errorf("seed %d: trace %v ± %v, want %v", seed, trace, deviation, mat.Trace(tail))
		}
	}
	if _, _, err := Trace(Dense{low}, 5, 1); err == nil {
		t.Error("5 products: accepted")
	}
	low.SetSym(0, 0, math.NaN())
	if trace, _, err := Trace(Dense{low}, 30, 1); err == nil {
		t.Errorf("trace %v of a matrix with NaN: accepted", trace)
	}
}

// The Hessian of a network: with twice as many products as parameters nothing is left to chance.
func TestTraceOfTheHessian(t *testing.T) {
	f := open(t, `{"layers": ["flatten", {"linear": {"out": 3}}]}`, noise(few), chunked, kernels.Float64)
	h, err := NewHessian(f, f.All(objective.Train))
	must(t, err)
	defer h.Close()
	full := written(t, h)
	trace, deviation, err := Trace(h, 3*h.Dim(), 1)
	must(t, err)
	near(t, "trace", []float64{trace}, []float64{mat.Trace(full)}, 1e-9)
	if deviation > 1e-9*trace {
		t.Errorf("deviation %v of an exact trace", deviation)
	}
	want, err := Solve(full, 5)
	must(t, err)
	got, err := Leading(h, 5, Search{})
	must(t, err)
	near(t, "leading eigenvalues", values(got), values(want), 1e-9)
}

// Densities from neighbouring seeds share no vector, so that their differences show what is left to chance.
func TestDensitiesOfSeedsAreIndependent(t *testing.T) {
	a := mat.NewSymDense(30, nil)
	for i := range 30 {
		a.SetSym(i, i, float64(i*i))
	}
	seen := map[float64]uint64{}
	for seed := range uint64(3) {
		d, err := SpectralDensity(Dense{a}, 4, 5, seed)
		must(t, err)
		for _, value := range d.Values {
			if other, again := seen[value]; again && other != seed {
				t.Fatalf("seeds %d and %d both give the value %v", other, seed, value)
			}
			seen[value] = seed
		}
	}
}

// Moments of the density are those of the spectrum, to what a few random vectors leave; with one step per dimension the
// values are the eigenvalues.
func TestSpectralDensity(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		sigma, _ := dense(rows(t, f, examples))
		p := float64(f.NumParams())
		g, err := NewGradients(f, examples)
		must(t, err)
		defer g.Close()
		d, err := g.Density(40, 12, 1)
		must(t, err)
		mass, mean, square := 0.0, 0.0, 0.0
		for i, w := range d.Weights {
			mass, mean, square = mass+w, mean+w*d.Values[i], square+w*d.Values[i]*d.Values[i]
			if i > 0 && d.Values[i] < d.Values[i-1] || w < 0 {
				t.Fatalf("values %v, weights %v", d.Values, d.Weights)
			}
		}
		frobenius := mat.Norm(sigma, 2)
		near(t, "mass", []float64{mass}, []float64{1}, 1e-12)
		near(t, "mean", []float64{mean}, []float64{mat.Trace(sigma) / p}, 0.15)
		near(t, "mean square", []float64{square}, []float64{frobenius * frobenius / p}, 0.3)
		top, err := Solve(sigma, 1)
		must(t, err)
		near(t, "largest", d.Values[len(d.Values)-1:], values(top), 1e-6)
	})
}
