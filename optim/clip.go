package optim

import "drift/graph"

// Clip scales d by min(1, c/(‖d‖ + 1e-6)), so that its norm stays below c (PyTorch's clip_grad_norm_; Pascanu, Mikolov,
// Bengio 2013).
type Clip struct{ Norm float64 }

var _ Transform = Clip{}

func (c Clip) Apply(_ *Symbols, d *graph.Node) *graph.Node {
	norm := graph.Sqrt(graph.SumAll(graph.Square(d)))
	factor := graph.Scale(graph.Recip(graph.AddConst(norm, 1e-6)), c.Norm)
	factor = graph.Min(factor, graph.Fill(factor, 1))
	return graph.Mul(d, graph.BroadcastScalar(factor, d.Shape()...))
}
