package sigma

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
	"drift/optim/objective"
)

// Parameters is an operator on vectors of the parameters' length P: every block of vectors takes one pass over the examples.
type Parameters struct {
	f          *objective.Objective
	examples   []int
	name       string
	width      int            // most vectors in one pass
	from, into kernels.Buffer // [width·P]
	mean       kernels.Buffer // ḡ [P]; nil where the operator needs none
	share      share
}

// share is what a batch contributes to A·v, in the shapes of the parameters, for each vector of a block.
type share func(b *objective.Batch, mean []*graph.Node, block [][]*graph.Node) [][]*graph.Node

var _ Operator = (*Parameters)(nil)

// NewHessian is H, the Hessian of the mean loss over examples of the training data, applied to at most width vectors in
// one pass, which holds 2·width vectors on the device.
func NewHessian(f *objective.Objective, examples []int, width int) (*Parameters, error) {
	return newParameters(f, examples, width, "hessian", false, func(b *objective.Batch, _ []*graph.Node, block [][]*graph.Node) [][]*graph.Node {
		loss := []*graph.Node{b.Weighted()}
		return each(block, func(v []*graph.Node) []*graph.Node { return graph.HVP(loss, b.Params, v) })
	})
}

// NewCovariance is Σ = (1/(N−1)) Σ_n (g_n−ḡ)(g_n−ḡ)ᵀ over examples of the training data, at least two of them; a product is
// Σv = (1/(N−1)) Σ_n ⟨g_n−ḡ, v⟩ g_n.
func NewCovariance(f *objective.Objective, examples []int, width int) (*Parameters, error) {
	if len(examples) < 2 {
		return nil, fmt.Errorf("covariance of %d gradients: it takes at least 2 examples", len(examples))
	}
	return newParameters(f, examples, width, "covariance", true, func(b *objective.Batch, mean []*graph.Node, block [][]*graph.Node) [][]*graph.Node {
		p, weight := b.PerExample(), graph.BroadcastScalar(b.Spread, b.N)
		return each(block, func(v []*graph.Node) []*graph.Node {
			along := graph.Sub(p.Dot(v), graph.BroadcastScalar(graph.Inner(mean, v), b.N))
			return p.Combine(graph.Mul(weight, along))
		})
	})
}

// NewSecondMoment is (1/N) Σ_n g_n g_nᵀ, uncentred, over examples of the training data: the empirical Fisher matrix.
func NewSecondMoment(f *objective.Objective, examples []int, width int) (*Parameters, error) {
	return newParameters(f, examples, width, "second moment", false, func(b *objective.Batch, _ []*graph.Node, block [][]*graph.Node) [][]*graph.Node {
		p, weight := b.PerExample(), graph.BroadcastScalar(b.Mean, b.N)
		return each(block, func(v []*graph.Node) []*graph.Node { return p.Combine(graph.Mul(weight, p.Dot(v))) })
	})
}

func each(block [][]*graph.Node, product func(v []*graph.Node) []*graph.Node) [][]*graph.Node {
	all := make([][]*graph.Node, len(block))
	for k, v := range block {
		all[k] = product(v)
	}
	return all
}

func newParameters(f *objective.Objective, examples []int, width int, name string, centred bool, s share) (*Parameters, error) {
	a := &Parameters{f: f, name: name, width: max(1, width), share: s}
	buffers := map[*kernels.Buffer]int{&a.from: a.width, &a.into: a.width}
	if centred {
		buffers[&a.mean] = 1
	}
	for b, n := range buffers {
		var err error
		if *b, err = f.Device().NewBuffer(f.DType(), n*f.Model.NumParams); err != nil {
			a.Close()
			return nil, fmt.Errorf("%s: memory for %d vectors of %d parameters: %w", name, n, f.Model.NumParams, err)
		}
	}
	if err := a.Reset(examples); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Reset makes the operator that of other examples, at the parameters that the objective holds now.
func (a *Parameters) Reset(examples []int) error {
	a.examples = examples
	if a.mean == nil {
		return nil
	}
	return a.f.Gradient(examples, a.mean)
}

// Dim is P.
func (a *Parameters) Dim() int { return a.f.Model.NumParams }

func (a *Parameters) Apply(into, from [][]float64) error {
	for len(from) > 0 {
		n := min(a.width, len(from))
		if err := a.apply(into[:n], from[:n]); err != nil {
			return err
		}
		into, from = into[n:], from[n:]
	}
	return nil
}

// apply takes one block through a pass.
func (a *Parameters) apply(into, from [][]float64) error {
	for k, v := range from {
		if err := a.part(a.from, k).Write(v); err != nil {
			return err
		}
	}
	err := a.f.Pass(fmt.Sprintf("%s times %d", a.name, len(from)), objective.Train, a.examples, []kernels.Buffer{a.from, a.into, a.mean},
		func(b *objective.Batch) { a.express(b, len(from)) }, nil)
	for k := range into {
		if err == nil {
			err = a.part(a.into, k).Read(into[k])
		}
	}
	return err
}

func (a *Parameters) express(b *objective.Batch, width int) {
	block := make([][]*graph.Node, width)
	for k := range block {
		block[k] = b.Vector(a.part(a.from, k))
	}
	var mean []*graph.Node
	if a.mean != nil {
		mean = b.Vector(a.mean)
	}
	for k, image := range a.share(b, mean, block) {
		b.Sum(a.part(a.into, k), image)
	}
}

// part is vector k of a block.
func (a *Parameters) part(block kernels.Buffer, k int) kernels.Buffer {
	return block.Slice(k*a.Dim(), (k+1)*a.Dim())
}

// Close gives the device's memory back.
func (a *Parameters) Close() {
	for _, b := range []kernels.Buffer{a.from, a.into, a.mean} {
		a.f.Release(b)
	}
}
