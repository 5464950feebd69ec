package sigma

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// Gradients is the matrix G [N,P] whose rows are the gradients g_n of a list of examples. It is never formed.
type Gradients struct {
	f            *objective.Objective
	examples     []int
	coefficients kernels.Buffer // [N]
	vector       kernels.Buffer // [P] room of products that pass through the parameters
}

// NewGradients is G of examples of the training data, at the parameters that the objective holds when a product is taken.
func NewGradients(f *objective.Objective, examples []int) (*Gradients, error) {
	g := &Gradients{f: f}
	return g, g.Reset(examples)
}

// Reset makes G that of other examples.
func (g *Gradients) Reset(examples []int) error {
	g.examples = examples
	n := len(examples)
	if g.coefficients != nil && g.coefficients.Len() >= n {
		return nil
	}
	g.f.Release(g.coefficients)
	var err error
	if g.coefficients, err = g.f.Device().NewBuffer(g.f.DType(), n); err != nil {
		return fmt.Errorf("products with the gradients of %d examples: %w", n, err)
	}
	return nil
}

// Combine writes Gᵀc = Σ_n c_n g_n [P] for coefficients [N]: one gradient of a weighted loss. It leaves the examples' loss and
// accuracy in the objective's Measured buffer.
func (g *Gradients) Combine(c []float64, into kernels.Buffer) error {
	if err := g.coefficients.Slice(0, len(c)).Write(c); err != nil {
		return err
	}
	return g.f.Pass("combination", objective.Train, g.examples, []kernels.Buffer{g.coefficients, into}, func(b *objective.Batch) {
		b.Measure()
		b.Sum(into, graph.Grad([]*graph.Node{b.Loss}, []*graph.Node{b.Rows(g.coefficients)}, b.Params))
	}, nil)
}

// Dot writes Gv, the inner products ⟨g_n, v⟩ [N].
func (g *Gradients) Dot(v kernels.Buffer, into []float64) error {
	return g.f.Pass("inner products", objective.Train, g.examples, []kernels.Buffer{v}, func(b *objective.Batch) {
		b.Read(b.PerExample().Dot(b.Vector(v)))
	}, func(from, to int, read func(int, any) error) error { return read(0, into[from:to]) })
}

// Gram is G Gᵀ [N,N]. Examples that do not fit one chunk are taken in pairs of half chunks.
func (g *Gradients) Gram() (*mat.SymDense, error) {
	n, half := len(g.examples), g.f.Chunk()/2
	gram := mat.NewSymDense(n, nil)
	if n <= g.f.Chunk() {
		return gram, g.products(g.examples, gram.RawSymmetric().Data)
	}
	if half == 0 {
		return nil, fmt.Errorf("the Gram matrix of %d gradients takes chunks of at least 2 examples (--chunk)", n)
	}
	for i := 0; i < n; i += half {
		for j := i + half; j < n; j += half {
			if err := g.pair(i, j, half, gram); err != nil {
				return nil, err
			}
		}
	}
	return gram, nil
}

// pair fills in the inner products among the rows of G from i and from j on, so many of each or as many as there are.
func (g *Gradients) pair(i, j, half int, into *mat.SymDense) error {
	examples := slices.Concat(g.examples[i:i+half], g.examples[j:min(j+half, len(g.examples))])
	n := len(examples)
	products := make([]float64, n*n)
	if err := g.products(examples, products); err != nil {
		return err
	}
	row := func(k int) int {
		if k < half {
			return i + k
		}
		return j + k - half
	}
	for k := range n {
		for l := range k + 1 {
			into.SetSym(row(k), row(l), products[k*n+l])
		}
	}
	return nil
}

// products reads the inner products of the gradients of examples that fit one chunk, [n,n]. It leaves their loss and accuracy in
// the objective's Measured buffer.
func (g *Gradients) products(examples []int, into []float64) error {
	return g.f.Pass("gram", objective.Train, examples, nil, func(b *objective.Batch) {
		b.Measure()
		b.Read(b.PerExample().Gram())
	}, func(_, _ int, read func(int, any) error) error { return read(0, into) })
}

// Close gives the device's memory back.
func (g *Gradients) Close() {
	g.f.Release(g.coefficients)
	g.f.Release(g.vector)
}
