package sigma

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/kernels"
)

// Sizes up to which a spectrum is found from a matrix: all of it by LAPACK's algorithm, or its largest part by Lanczos iteration.
const (
	solved = 256
	formed = 4096
)

// Spectrum is the leading eigenpairs of Σ over the examples of G.
type Spectrum struct {
	Values    []float64 // in descending order
	Residuals []float64 // ‖Kq/(N−1) − λq‖ of each pair in the space of the examples, ‖q‖ = 1; 0 where all were found at once
	twins     [][]float64
	gradients *Gradients
}

// Leading is the k largest eigenvalues of Σ, found in the space of the examples: from the centred Gram matrix where there are few,
// by Lanczos iteration with products C G Gᵀ C c where it would not fit. Eigenvalues beyond the N−1 that examples can give
// are zero and have no vectors.
func (g *Gradients) Leading(k int, s Search) (*Spectrum, error) {
	sp, _, err := g.leading(k, s)
	return sp, err
}

// leading is Leading with tr Σ, which comes almost for nothing.
func (g *Gradients) leading(k int, s Search) (*Spectrum, float64, error) {
	n, p := len(g.examples), g.f.Model.NumParams
	if k < 1 || k > p {
		return nil, 0, fmt.Errorf("%d eigenvalues of Σ: give 1 to %d, the number of parameters", k, p)
	}
	if s.Tolerance == 0 && g.f.DType() == kernels.Float32 {
		s.Tolerance = 1e-4 // products rounded to float32 reach not much less; values are good to the square of it
	}
	pairs, trace, err := g.pairs(min(k, n-1), s)
	if err != nil {
		return nil, 0, fmt.Errorf("spectrum of Σ: %w", err)
	}
	sp := &Spectrum{Values: make([]float64, k), Residuals: make([]float64, k), gradients: g}
	for i, pair := range pairs {
		sp.Values[i], sp.Residuals[i] = math.Max(0, pair.Value), pair.Residual
		if pair.Value > 0 {
			sp.twins = append(sp.twins, pair.Vector)
		}
	}
	return sp, trace, nil
}

// pairs is the leading eigenpairs of Σ's twin on the examples, and its trace.
func (g *Gradients) pairs(k int, s Search) (pairs []Pair, trace float64, err error) {
	twin, err := g.twin()
	if err != nil {
		return nil, 0, err
	}
	if trace, err = g.trace(twin); err != nil {
		return nil, 0, err
	}
	d, small := twin.(Dense)
	if n := len(g.examples); small && (n <= solved || 4*k >= n) {
		pairs, err = Solve(d.Matrix, k)
	} else {
		pairs, err = Leading(twin, k, s)
	}
	return pairs, trace, err
}

// Solve is the k largest eigenvalues of a matrix with their vectors, by reduction to a tridiagonal.
func Solve(a *mat.SymDense, k int) ([]Pair, error) {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return nil, Breakdown{fmt.Errorf("eigenvalues of a %d×%d matrix were not found: it holds numbers that are not finite", a.SymmetricDim(), a.SymmetricDim())}
	}
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	values := e.Values(nil)
	pairs := make([]Pair, 0, k)
	for c := len(values) - 1; len(pairs) < k; c-- {
		pairs = append(pairs, Pair{Value: values[c], Vector: mat.Col(nil, c, &vectors)})
	}
	return pairs, nil
}

// Vectors is the number of eigenvectors that there are.
func (s *Spectrum) Vectors() int { return len(s.twins) }

// Vector writes eigenvector k, of norm 1, into a vector [P] on the device: u = Gᵀ C q/√((N−1)λ) for the twin's eigenvector q.
func (s *Spectrum) Vector(k int, into kernels.Buffer) error {
	return s.gradients.Combine(s.coefficients(k), into)
}

// coefficients is c with u = Gᵀc for eigenvector k, zeros where there is none.
func (s *Spectrum) coefficients(k int) []float64 {
	if k >= len(s.twins) {
		return make([]float64, len(s.gradients.examples))
	}
	c := slices.Clone(s.twins[k])
	centre(c)
	floats.Scale(1/math.Sqrt(float64(len(c)-1)*s.Values[k]), c)
	return c
}
