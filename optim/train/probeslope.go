package train

import (
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// slopes is ⟨∂tr Σ, ∂tr Σ⟩ over two samples of one size without a common example: ‖∂tr Σ‖² in the mean, where the square over one
// sample would have its noise in it.
func (p *probe) slopes(one, other []int) (product float64, err error) {
	err = p.f.Pass("slope", objective.Train, one, []kernels.Buffer{p.slope}, func(b *objective.Batch) {
		b.Sum(p.slope, graph.Grad([]*graph.Node{trace(b)}, []*graph.Node{nil}, b.Params))
	}, nil)
	if err != nil {
		return 0, err
	}
	var out [1]float64
	err = p.f.Pass("change along the slope", objective.Train, other, []kernels.Buffer{p.slope}, func(b *objective.Batch) {
		t := trace(b)
		change := graph.JVP([]*graph.Node{t}, b.Params, b.Vector(p.slope))[0]
		if change == nil {
			change = graph.Fill(t, 0)
		}
		b.Read(change)
	}, func(_, _ int, read func(int, any) error) error { return read(0, out[:]) })
	return out[0], err
}

// trace is tr Σ from the inner products of the gradients, which for few examples is cheaper than to form ḡ.
func trace(b *objective.Batch) *graph.Node {
	g, n := b.PerExample(), float64(b.N)
	pairs := graph.Sub(graph.Scale(graph.SumAll(g.SquaredNorms()), n), graph.SumAll(g.Gram()))
	return graph.Scale(pairs, 1/(n*(n-1)))
}
