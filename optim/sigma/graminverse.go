package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/kernels"
	"drift/optim/objective"
)

// GramInverse is exactly (Σ+δI)⁻¹ḡ through the N×N Gram matrix (Woodbury's identity): with K = C G Gᵀ C,
//
//	(Σ+δI)⁻¹ḡ = (1/δ) Gᵀ [1/N − C (δ(N−1)I + K)⁻¹ C G Gᵀ 1/N],
//
// a Gram matrix, a Cholesky factorization in float64, and one weighted gradient.
type GramInverse struct {
	memoryless
	gradients *Gradients
	factors   map[int]*cholesky // by batch size
	report    Report
}

var _ Inverse = (*GramInverse)(nil)

// NewGramInverse prepares solutions over batches of an objective's training data.
func NewGramInverse(f *objective.Objective) (*GramInverse, error) {
	gradients, err := newKeeping(f)
	return &GramInverse{gradients: gradients, factors: map[int]*cholesky{}}, err
}

func (g *GramInverse) Solve(batch []int, d Damping, into kernels.Buffer) error {
	n := len(batch)
	if n < 2 {
		return fmt.Errorf("covariance of %d gradients: it takes batches of at least 2 examples", n)
	}
	if err := g.gradients.Reset(batch); err != nil {
		return err
	}
	gram, err := g.gradients.Gram()
	if err != nil {
		return err
	}
	c, err := g.coefficients(gram, d)
	if err != nil {
		return err
	}
	return g.gradients.Recombine([][]float64{c}, into)
}

// coefficients is c with (Σ+δI)⁻¹ḡ = Gᵀc, from G Gᵀ, which it overwrites.
func (g *GramInverse) coefficients(gram *mat.SymDense, d Damping) ([]float64, error) {
	n := gram.SymmetricDim()
	ones := make([]float64, n)
	floats.AddConst(1/float64(n), ones)
	slope := make([]float64, n) // G ḡ = G Gᵀ 1/N
	mat.NewVecDense(n, slope).MulVec(gram, mat.NewVecDense(n, ones))
	right := append([]float64(nil), slope...)
	centre(right)
	Centre(gram)
	trace := mat.Trace(gram) / float64(n-1)
	delta := d.Delta(trace, g.gradients.f.Model.NumParams)
	if !(delta > 0) {
		return nil, fmt.Errorf("damping δ = %v, with tr Σ = %v: it must be above 0 for Σ+δI to have an inverse", delta, trace)
	}
	for i := range n {
		gram.SetSym(i, i, gram.At(i, i)+delta*float64(n-1))
	}
	chol, err := g.factorization(n)
	if err != nil {
		return nil, err
	}
	positive, err := chol.factor(gram)
	if err != nil {
		return nil, fmt.Errorf("factoring Σ+δI: %w", err)
	}
	if !positive {
		return nil, fmt.Errorf("Σ+δI with δ = %.3g and tr Σ = %.3g is not positive definite in %v: give a larger --damping, or --dtype float64", delta, trace,
			g.gradients.f.DType())
	}
	c := right
	chol.solve(c)
	centre(c)
	for i := range c {
		c[i] = (ones[i] - c[i]) / delta
	}
	g.report = Report{Trace: trace, Delta: delta, Condition: chol.condition(), Descent: floats.Dot(slope, c)}
	return c, nil
}

// factorization is one of matrices of n rows.
func (g *GramInverse) factorization(n int) (*cholesky, error) {
	c := g.factors[n]
	if c == nil {
		var err error
		if c, err = newCholesky(g.gradients.f.Device(), n); err != nil {
			return nil, err
		}
		g.factors[n] = c
	}
	return c, nil
}

func (g *GramInverse) Report() (Report, error) { return g.report, nil }

// Cost counts the Gram matrix as a gradient, which is what its products come to for batches about as large as layers are wide,
// and the sweep before it and the weighted gradient after it as two.
func (g *GramInverse) Cost(n int) float64 { return 3 * float64(n) }

func (g *GramInverse) Close() {
	g.gradients.Close()
	for _, c := range g.factors {
		c.close()
	}
}
