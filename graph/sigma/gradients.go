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

	combinations map[kernels.Buffer]*objective.Pass // Gᵀc, by the vector that they write
	inner        map[kernels.Buffer]*product        // Gv, by the vector that they read
	square       *product                           // G Gᵀ of one chunk
}

// product is a pass with the rows that it brings to the host.
type product struct {
	*objective.Pass
	rows objective.Rows
}

// NewGradients is G of examples of the training data, at the parameters that the objective holds when a product is taken.
func NewGradients(f *objective.Objective, examples []int) (*Gradients, error) {
	g := &Gradients{f: f, combinations: map[kernels.Buffer]*objective.Pass{}, inner: map[kernels.Buffer]*product{}}
	return g, g.Reset(examples)
}

// Reset makes G that of other examples.
func (g *Gradients) Reset(examples []int) error {
	g.examples = examples
	n := len(examples)
	if g.coefficients != nil && g.coefficients.Len() >= n {
		return nil
	}
	g.release()
	var err error
	if g.coefficients, err = g.f.Device().NewBuffer(g.f.DType(), n); err != nil {
		return fmt.Errorf("products with the gradients of %d examples: %w", n, err)
	}
	return nil
}

// Combine writes Gᵀc = Σ_n c_n g_n [P] for coefficients [N]: one gradient of a weighted loss. It returns the examples' loss and
// accuracy. Programs are kept for each vector that is written, until Close.
func (g *Gradients) Combine(c []float64, into kernels.Buffer) (measured objective.Measured, err error) {
	p := g.combinations[into]
	if p == nil {
		p, err = g.f.Compile(len(g.examples), func(b *objective.Batch) {
			b.Measure(b.Here())
			b.Sum(into, graph.Grad([]*graph.Node{b.Here().Loss}, []*graph.Node{b.PerPass(g.coefficients)}, b.Params))
		}, nil)
		if err != nil {
			return measured, err
		}
		g.combinations[into] = p
	}
	if err := g.coefficients.Slice(0, len(c)).Write(c); err != nil {
		return measured, err
	}
	return p.Measured(), p.Run(g.examples)
}

// Dot writes Gv, the inner products ⟨g_n, v⟩ [N]. Programs are kept for each vector that is read, until Close.
func (g *Gradients) Dot(v kernels.Buffer, into []float64) error {
	p := g.inner[v]
	if p == nil {
		p = &product{}
		var err error
		p.Pass, err = g.f.Compile(len(g.examples), func(b *objective.Batch) {
			b.Rows(&p.rows, b.Here().PerExample().Dot(b.Vector(v)))
		}, nil)
		if err != nil {
			return err
		}
		g.inner[v] = p
	}
	err := p.Run(g.examples)
	if err == nil {
		copy(into, p.rows.Values)
	}
	return err
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

// products reads the inner products of the gradients of examples that fit one chunk, [n,n].
func (g *Gradients) products(examples []int, into []float64) error {
	if g.square == nil {
		p := &product{}
		var err error
		p.Pass, err = g.f.Compile(len(examples), func(b *objective.Batch) { b.Rows(&p.rows, b.Here().PerExample().Gram()) }, nil)
		if err != nil {
			return err
		}
		g.square = p
	}
	err := g.square.Run(examples)
	if err == nil {
		copy(into, g.square.rows.Values)
	}
	return err
}

// Close gives the device's memory back.
func (g *Gradients) Close() {
	g.release()
	for _, p := range g.inner {
		p.Close()
	}
	if g.square != nil {
		g.square.Close()
	}
	objective.Free(g.vector)
}

// release gives the coefficients back, with the programs that read them.
func (g *Gradients) release() {
	for into, p := range g.combinations {
		p.Close()
		delete(g.combinations, into)
	}
	objective.Free(g.coefficients)
	g.coefficients = nil
}
