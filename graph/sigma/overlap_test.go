package sigma

import (
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/graph/objective"
	"drift/kernels"
)

// topVectors is the eigenvectors of the k largest eigenvalues of a matrix.
func topVectors(t *testing.T, a *mat.SymDense, k int) [][]float64 {
	t.Helper()
	pairs, err := Solve(a, k)
	must(t, err)
	var out [][]float64
	for _, p := range pairs {
		out = append(out, p.Vector)
	}
	return out
}

// The overlap is that of the eigenvectors of both matrices written out.
func TestOverlapOfEigenvectors(t *testing.T) {
	cases(t, func(t *testing.T, f *objective.Objective, examples []int) {
		const k = 3
		sigma, _ := dense(rows(t, f, examples))
		h, err := NewHessian(f, examples)
		must(t, err)
		defer h.Close()
		u, v := topVectors(t, sigma, k), topVectors(t, written(t, h), k)
		m, err := Measure(f, examples, Wanted{Eigenvalues: k, Hessian: k, Seed: 2})
		must(t, err)
		if m.Overlap == nil || m.Overlap.Dimension != k {
			t.Fatalf("overlap %+v", m.Overlap)
		}
		share := 0.0
		for i := range k {
			want := make([]float64, k)
			for j := range k {
				c := floats.Dot(u[i], v[j])
				want[j] = c * c
				share += c * c / k
			}
			if d := floats.Distance(m.Overlap.Cosines2[i], want, 2); d > 1e-6 { // squares of the eigenvectors' errors aside
				t.Errorf("u_%d: squared cosines %v, want %v", i+1, m.Overlap.Cosines2[i], want)
			}
		}
		near(t, "share", []float64{m.Overlap.Share}, []float64{share}, 1e-6)
	})
}

// A Σ of rank one has one direction to compare, and one of zero none.
func TestOverlapWithoutDirections(t *testing.T) {
	for name, model := range networks {
		f := open(t, model, noise(few), 64, kernels.Float64)
		m, err := Measure(f, []int{0, 1}, Wanted{Eigenvalues: 3, Hessian: 2})
		must(t, err)
		if m.Overlap == nil || m.Overlap.Dimension != 1 {
			t.Errorf("%s: two gradients have one direction, got %+v", name, m.Overlap)
		}
		if m, err = Measure(f, []int{0, 0}, Wanted{Eigenvalues: 2, Hessian: 2}); err != nil || m.Overlap != nil {
			t.Errorf("%s: the same gradient twice: %+v, %v", name, m.Overlap, err)
		}
	}
}
