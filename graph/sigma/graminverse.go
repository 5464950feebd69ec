package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"drift/graph/objective"
	"drift/kernels"
)

// GramInverse is exactly (Σ+δI)⁻¹ḡ through the N×N Gram matrix (Woodbury's identity): with K = C G Gᵀ C,
//
//	(Σ+δI)⁻¹ḡ = (1/δ) Gᵀ [1/N − C (δ(N−1)I + K)⁻¹ C G Gᵀ 1/N],
//
// a Gram matrix, a Cholesky factorization in float64, and one weighted gradient.
type GramInverse struct {
	memoryless
	f      *objective.Objective
	sizes  map[int]*gramSize // of batches
	last   *gramSize         // of the last batch
	report Report
}

// gramSize is what batches of one size take.
type gramSize struct {
	stored    *stored    // nil for batches that do not fit one chunk,
	gradients *Gradients // which are worked through once more for each product
	gram      *Gram      // whose matrix is δ(N−1)I + K after a solution
	factor    *cholesky
}

var _ Inverse = (*GramInverse)(nil)

// NewGramInverse prepares solutions over batches of an objective's training data.
func NewGramInverse(f *objective.Objective) (*GramInverse, error) {
	return &GramInverse{f: f, sizes: map[int]*gramSize{}}, nil
}

func (g *GramInverse) Solve(batch []int, d Damping, into kernels.Buffer) (measured objective.Measured, err error) {
	if len(batch) < 2 {
		return measured, fmt.Errorf("covariance of %d gradients: it takes batches of at least 2 examples", len(batch))
	}
	s, err := g.size(batch)
	if err != nil {
		return measured, err
	}
	if measured, err = s.products(batch); err != nil {
		return measured, err
	}
	c, err := g.coefficients(s, d)
	if err != nil {
		return measured, err
	}
	if s.stored != nil {
		return measured, s.stored.combine(c, into)
	}
	return s.gradients.Combine(c, into)
}

// size is what a batch takes, made when the first of its size comes.
func (g *GramInverse) size(batch []int) (*gramSize, error) {
	n := len(batch)
	s := g.sizes[n]
	if s != nil {
		return s, nil
	}
	s = &gramSize{}
	var err error
	if s.factor, err = newCholesky(g.f.Device(), n); err != nil {
		return nil, err
	}
	if n <= g.f.Chunk() {
		s.gram = &Gram{Rest: mat.NewSymDense(n, nil)}
		s.stored, err = newStored(g.f, n)
	} else {
		s.gradients, err = NewGradients(g.f, batch)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	g.sizes[n] = s
	return s, nil
}

// products finds G Gᵀ of a batch.
func (s *gramSize) products(batch []int) (measured objective.Measured, err error) {
	if s.stored != nil {
		if measured, err = s.stored.take(0, batch); err == nil {
			err = s.stored.gram(s.gram)
		}
		return measured, err
	}
	if err := s.gradients.Reset(batch); err != nil {
		return measured, err
	}
	s.gram, err = s.gradients.Gram()
	return measured, err
}

func (s *gramSize) close() {
	if s.stored != nil {
		s.stored.close()
	}
	if s.gradients != nil {
		s.gradients.Close()
	}
	s.factor.close()
}

// coefficients is c with (Σ+δI)⁻¹ḡ = Gᵀc, from the Gram matrix, which it overwrites.
func (g *GramInverse) coefficients(s *gramSize, d Damping) ([]float64, error) {
	k := s.gram.Rest
	n, squares := k.SymmetricDim(), mat.Trace(k)
	slope := Centre(k) // R r̄
	trace := traceOf(mat.Trace(k), squares, s.gram.Center, n, g.f.DType())
	floats.Add(slope, s.gram.Along) // G ḡ = R r̄ + R m + (‖m‖² + ⟨r̄, m⟩)1
	floats.AddConst(s.gram.Center+stat.Mean(s.gram.Along, nil), slope)
	delta := d.Delta(trace, g.f.NumParams())
	if err := invertible(delta, trace); err != nil {
		return nil, err
	}
	for i := range n {
		k.SetSym(i, i, k.At(i, i)+delta*float64(n-1))
	}
	positive, err := s.factor.factor(k)
	if err != nil {
		return nil, fmt.Errorf("factoring Σ+δI: %w", err)
	}
	if !positive {
		return nil, ErrNumerical{fmt.Errorf("Σ+δI with δ = %.3g and tr Σ = %.3g is not positive definite in %v: give a larger damping, or compute in float64",
			delta, trace, g.f.DType())}
	}
	c := append([]float64(nil), slope...)
	centre(c)
	s.factor.solve(c)
	centre(c)
	for i := range c {
		c[i] = (1/float64(n) - c[i]) / delta
	}
	g.last, g.report = s, Report{Trace: trace, Delta: delta, Descent: floats.Dot(slope, c)}
	return c, nil
}

func (g *GramInverse) Report() (Report, error) { return g.report, nil }

// Condition is (λ₁+δ)/δ, where λ₁ is found by Lanczos iteration to a tolerance of 1e-3: Σ has eigenvalues of zero wherever there are
// fewer examples than parameters. Where there are more, the condition is at most that.
func (g *GramInverse) Condition() (float64, error) {
	if g.last == nil {
		return 0, nil
	}
	pairs, err := Leading(Dense{g.last.gram.Rest}, 1, Search{Tolerance: 1e-3})
	if err != nil {
		return 0, fmt.Errorf("condition of Σ+δI: %w", err)
	}
	return pairs[0].Value / (g.report.Delta * float64(g.last.gram.Rest.SymmetricDim()-1)), nil
}

// Cost counts the Gram matrix as a gradient, which is what its products come to for batches about as large as layers are wide,
// and the sweep before it and the weighted gradient after it as another.
func (g *GramInverse) Cost(n int) float64 { return 2 * float64(n) }

// WorkBytes is the device's memory that batches of the sizes met hold, besides the objective's own.
func (g *GramInverse) WorkBytes() int64 {
	var sum int64
	for _, s := range g.sizes {
		if s.stored != nil {
			sum += s.stored.bytes()
		}
		sum += s.factor.bytes()
	}
	return sum
}

func (g *GramInverse) Close() {
	for _, s := range g.sizes {
		s.close()
	}
}
