package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"drift/kernels"
)

// Sizes up to which a spectrum is found from a matrix: all of it by LAPACK's algorithm, or its largest part by Lanczos iteration.
const (
	solved = 256
	formed = 4096
)

// Leading is the k largest eigenvalues of Σ over the examples of G in descending order, found in the space of the examples: from the
// centred Gram matrix where there are few, by Lanczos iteration with products C G Gᵀ C c where it would not fit. Those beyond the
// N−1 that examples can give are zero, and so are those that are rounding noise beside the largest. Residuals are ‖Kq/(N−1) − λq‖ with ‖q‖ = 1, and 0 where all were found at once.
func (g *Gradients) Leading(k int, s Search) (values, residuals []float64, err error) {
	values, residuals, _, err = g.leading(k, s)
	return values, residuals, err
}

// leading also gives the pairs on the examples, no more than N−1.
func (g *Gradients) leading(k int, s Search) (values, residuals []float64, pairs []Pair, err error) {
	n, p := len(g.examples), g.f.NumParams()
	if k < 1 || k > p {
		return nil, nil, nil, fmt.Errorf("%d eigenvalues of Σ: give 1 to %d, the number of parameters", k, p)
	}
	if s.Tolerance == 0 && g.f.DType() == kernels.Float32 {
		s.Tolerance = 1e-4 // products rounded to float32 reach not much less; values are good to the square of it
	}
	pairs, err = g.pairs(min(k, n-1), s)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("spectrum of Σ: %w", err)
	}
	values, residuals = make([]float64, k), make([]float64, k)
	for i, pair := range pairs {
		values[i], residuals[i] = Resolved(pair.Value, pairs[0].Value, g.f.DType()), pair.Residual
		pairs[i].Value = values[i]
	}
	return values, residuals, pairs, nil
}

// pairs is the leading eigenpairs of K/(N−1) of the examples (GramOperator).
func (g *Gradients) pairs(k int, s Search) ([]Pair, error) {
	operator, err := g.gramOperator()
	if err != nil {
		return nil, err
	}
	d, small := operator.(Dense)
	if n := len(g.examples); small && (n <= solved || 4*k >= n) {
		return Solve(d.Matrix, k)
	}
	return Leading(operator, k, s)
}

// Solve is the k largest eigenvalues of a matrix with their vectors, by reduction to a tridiagonal.
func Solve(a *mat.SymDense, k int) ([]Pair, error) {
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return nil, ErrNumerical{fmt.Errorf("eigenvalues of a %d×%d matrix were not found: it holds numbers that are not finite", a.SymmetricDim(), a.SymmetricDim())}
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
