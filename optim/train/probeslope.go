package train

import (
	"drift/graph"
	"drift/graph/objective"
)

// prepareSlopes prepares what slopes takes for halves of n examples.
func (p *probe) prepareSlopes(half int) (err error) {
	p.first, err = p.f.Compile(half, func(b *objective.Batch) {
		b.Sum(p.slope, graph.Grad([]*graph.Node{trace(b)}, []*graph.Node{nil}, b.Params))
	}, nil)
	if err != nil {
		return err
	}
	p.second, err = p.f.Compile(half, func(b *objective.Batch) {
		t := trace(b)
		change := graph.JVP([]*graph.Node{t}, b.Params, b.Vector(p.slope))[0]
		if change == nil {
			change = graph.Fill(t, 0)
		}
		b.Number(&p.change, change)
	}, nil)
	return err
}

// slopes is ⟨∂tr Σ, ∂tr Σ⟩ over two samples of one size without a common example: ‖∂tr Σ‖² in the mean, where the square over one
// sample would have its noise in it.
func (p *probe) slopes(one, other []int) (float64, error) {
	for _, run := range []func() error{
		func() error { return p.first.Run(one) },
		func() error { return p.second.Run(other) },
		p.second.Numbers,
	} {
		if err := run(); err != nil {
			return 0, err
		}
	}
	return p.change.Value, nil
}

// trace is tr Σ from the inner products of the gradients, which for few examples is cheaper than to form ḡ.
func trace(b *objective.Batch) *graph.Node {
	g, n := b.Here().PerExample().Deviations(), float64(b.N)
	pairs := graph.Sub(graph.Scale(graph.SumAll(g.SquaredNorms()), n), graph.SumAll(g.Gram()))
	return graph.Scale(pairs, 1/(n*(n-1)))
}
