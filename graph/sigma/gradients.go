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
	square       *gramPass                          // Gram of one chunk
	reference    *objective.Reference               // of a Gram of several; nil before it is needed
	centering    *objective.Pass                    // sets it
	blocks       *blocks                            // of a Gram of several; nil before it is needed, and where pairs of half chunks serve
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
	if g.square != nil && (len(g.examples) > g.f.Chunk()) != (len(examples) > g.f.Chunk()) {
		g.square.Close() // it takes the gradients apart in the other way
		g.square = nil
	}
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

// Gram is what products of the gradients are made of, with g_n = m + r_n (graph.Deviations): g_n·g_k = r_n·r_k + ⟨r_n+r_k, m⟩ + ‖m‖².
type Gram struct {
	Rest   *mat.SymDense // r_n·r_k [N,N]
	Along  []float64     // ⟨r_n, m⟩ [N]
	Center float64       // ‖m‖²
}

// Gram is that of the examples. Those that do not fit one chunk are taken in blocks whose gradients are formed, or, where the memory of
// a pass has no room for those of one chunk, in pairs of half chunks.
func (g *Gradients) Gram() (*Gram, error) {
	n := len(g.examples)
	gram := &Gram{Rest: mat.NewSymDense(n, nil), Along: make([]float64, n)}
	if n <= g.f.Chunk() {
		return gram, g.products(g.examples, gram.Rest.RawSymmetric().Data, gram)
	}
	if err := g.center(); err != nil {
		return nil, err
	}
	size := g.blockSize(n)
	if size == 0 {
		return gram, g.inPairs(gram)
	}
	if g.blocks == nil || g.blocks.size != size {
		g.blocks.close()
		var err error
		if g.blocks, err = newBlocks(g, size); err != nil {
			return nil, err
		}
	}
	return gram, g.blocks.gram(gram)
}

// inPairs fills in all inner products by pairs of half chunks.
func (g *Gradients) inPairs(into *Gram) error {
	n, half := len(g.examples), g.f.Chunk()/2
	if half == 0 {
		return fmt.Errorf("the Gram matrix of %d gradients takes chunks of at least 2 examples", n)
	}
	for i := 0; i < n; i += half {
		for j := i + half; j < n; j += half {
			if err := g.pair(i, j, half, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// center makes the reference that of the first chunk of examples.
func (g *Gradients) center() (err error) {
	if g.reference == nil {
		if g.reference, err = g.f.NewReference(); err != nil {
			return err
		}
	}
	first := g.examples[:g.f.Chunk()]
	if g.centering == nil {
		g.centering, err = g.f.Undivided().Compile(len(first), func(b *objective.Batch) { b.Deviations(g.reference, b.Here()) }, nil)
		if err != nil {
			return err
		}
	}
	return g.centering.Run(first)
}

// pair fills in the inner products among half rows from i on and half from j on, or what there is of them.
func (g *Gradients) pair(i, j, half int, into *Gram) error {
	examples := slices.Concat(g.examples[i:i+half], g.examples[j:min(j+half, len(g.examples))])
	n := len(examples)
	products, part := make([]float64, n*n), &Gram{Along: make([]float64, n)}
	if err := g.products(examples, products, part); err != nil {
		return err
	}
	row := func(k int) int {
		if k < half {
			return i + k
		}
		return j + k - half
	}
	into.Center = part.Center
	for k := range n {
		into.Along[row(k)] = part.Along[k]
		for l := range k + 1 {
			into.Rest.SetSym(row(k), row(l), products[k*n+l])
		}
	}
	return nil
}

// products reads the inner products of the gradients of examples that fit one chunk, [n,n], and what else a Gram has. Examples that
// are part of more are taken apart by the reference, others by their own means.
func (g *Gradients) products(examples []int, rest []float64, into *Gram) error {
	if g.square == nil {
		p := &gramPass{}
		var err error
		p.Pass, err = g.f.Undivided().Compile(len(examples), func(b *objective.Batch) {
			d := b.Here().PerExample().Deviations()
			if len(g.examples) > g.f.Chunk() {
				d = b.Around(g.reference, b.Here())
			}
			b.Rows(&p.rest, d.Gram())
			b.Rows(&p.along, d.Along())
			b.Number(&p.center, d.CenterNorm())
		}, nil)
		if err != nil {
			return err
		}
		g.square = p
	}
	if err := g.square.Run(examples); err != nil {
		return err
	}
	if err := g.square.Numbers(); err != nil {
		return err
	}
	copy(rest, g.square.rest.Values)
	copy(into.Along, g.square.along.Values)
	into.Center = g.square.center.Value
	return nil
}

// gramPass is a pass over one chunk with what it brings to the host.
type gramPass struct {
	*objective.Pass
	rest, along objective.Rows
	center      objective.Number
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
	g.blocks.close()
	g.centering.Close()
	g.reference.Close()
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
