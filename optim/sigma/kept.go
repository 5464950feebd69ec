package sigma

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
	"drift/optim/objective"
)

// kept is the factors of the gradients of a batch that fits one chunk, which Gram leaves on the device, so that combinations
// of the same gradients need no other sweep over the model.
type kept struct {
	token   kernels.Buffer // [1] tells the passes of one list of gradients from those of others
	batches map[int]*keptBatch
}

// keptBatch is for batches of one size.
type keptBatch struct {
	gradients *graph.PerExample
	factors   []kernels.Buffer
	combine   map[combining]*keptCombination
}

// combining is so many combinations into consecutive vectors.
type combining struct {
	block int
	into  kernels.Buffer
}

type keptCombination struct {
	program      *graph.Program
	coefficients kernels.Buffer // [block·n]
}

// newKeeping is the gradients of batches to come, whose Gram matrices are followed by combinations.
func newKeeping(f *objective.Objective) (*Gradients, error) {
	token, err := f.Device().NewBuffer(f.DType(), 1)
	return &Gradients{f: f, kept: &kept{token, map[int]*keptBatch{}}}, err
}

// keepGram reads G Gᵀ of examples that fit one chunk and keeps their factors. It leaves their loss and accuracy in the objective's
// Measured buffer.
func (g *Gradients) keepGram(into []float64) error {
	what, vectors := "gram", []kernels.Buffer(nil)
	if g.kept != nil {
		what, vectors = "gram, kept", []kernels.Buffer{g.kept.token}
	}
	var memory error
	err := g.f.Pass(what, objective.Train, g.examples, vectors, func(b *objective.Batch) {
		p := b.PerExample()
		b.Measure()
		b.Read(p.Gram())
		if g.kept != nil {
			memory = g.kept.hold(g.f, b, p)
		}
	}, func(_, _ int, read func(int, any) error) error { return read(0, into) })
	if memory != nil {
		return fmt.Errorf("keeping the gradients of %d examples: %w", len(g.examples), memory)
	}
	return err
}

// hold has a batch leave its factors in buffers of their own.
func (k *kept) hold(f *objective.Objective, b *objective.Batch, p *graph.PerExample) error {
	h := k.batches[b.N]
	nodes := p.Nodes()
	if h == nil {
		h = &keptBatch{combine: map[combining]*keptCombination{}}
		for _, n := range nodes {
			buffer, err := f.Device().NewBuffer(f.DType(), graph.Size(n))
			if err != nil {
				return err
			}
			h.factors = append(h.factors, buffer)
		}
		k.batches[b.N] = h
	}
	h.gradients = p
	for i, n := range nodes {
		b.Total(h.factors[i], n)
	}
	return nil
}

// Recombine writes Gᵀc for each of some vectors of coefficients into consecutive vectors [P], for the G of the last Gram matrix.
func (g *Gradients) Recombine(c [][]float64, into kernels.Buffer) error {
	n := len(g.examples)
	if g.kept == nil || n > g.f.Chunk() {
		return g.CombineBlock(c, into)
	}
	h := g.kept.batches[n]
	k := h.combine[combining{len(c), into}]
	if k == nil {
		var err error
		if k, err = g.prepare(h, len(c), into); err != nil {
			return fmt.Errorf("combinations of %d gradients: %w", n, err)
		}
		h.combine[combining{len(c), into}] = k
	}
	for i := range c {
		if err := k.coefficients.Slice(i*n, (i+1)*n).Write(c[i]); err != nil {
			return err
		}
	}
	return k.program.Run()
}

// prepare makes the program of combinations from kept factors.
func (g *Gradients) prepare(h *keptBatch, block int, into kernels.Buffer) (*keptCombination, error) {
	n, p, dt := len(g.examples), g.f.Model.NumParams, g.f.DType()
	coefficients, err := g.f.Device().NewBuffer(dt, block*n)
	if err != nil {
		return nil, err
	}
	var updates []graph.Update
	bind := map[*graph.Node]kernels.Buffer{}
	symbols := graph.New()
	leaf := func(name string, b kernels.Buffer, shape ...int) *graph.Node {
		l := graph.Input(symbols, dt, name, shape...)
		bind[l] = b
		return l
	}
	err = graph.Try(func() {
		var leaves []*graph.Node
		for i, node := range h.gradients.Nodes() {
			leaves = append(leaves, leaf(fmt.Sprint("factor ", i), h.factors[i], node.Shape()...))
		}
		gradients := h.gradients.On(leaves)
		for k := range block {
			c := leaf(fmt.Sprint("coefficients ", k), coefficients.Slice(k*n, (k+1)*n), n)
			for i, part := range gradients.Combine(c) {
				param := g.f.Model.Params[i]
				at := k*p + param.Offset
				to := leaf(fmt.Sprintf("combination %d of %s", k, param.Name), into.Slice(at, at+param.Len), part.Shape()...)
				updates = append(updates, graph.Update{Leaf: to, Value: part})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	program, err := graph.Compile(g.f.Device(), nil, updates, bind)
	return &keptCombination{program, coefficients}, err
}

func (k *kept) close(f *objective.Objective) {
	f.Release(k.token)
	for _, h := range k.batches {
		for _, c := range h.combine {
			c.program.Close()
			c.coefficients.Free()
		}
		for _, b := range h.factors {
			b.Free()
		}
	}
}
