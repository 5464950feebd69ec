package optim

import "drift/graph"

// WeightDecay adds κθ to the gradient: the gradient of (κ/2)‖θ‖² (coupled, as in PyTorch's SGD).
type WeightDecay struct{ Rate float64 }

var _ Transform = WeightDecay{}

func (w WeightDecay) Apply(u *Symbols, d *graph.Node) *graph.Node {
	return graph.Add(d, graph.Scale(u.Parameters, w.Rate))
}

// MatrixDecay is WeightDecay of the tensors that have two axes and more: of weights and tables, and not of biases and the weights of norms.
type MatrixDecay struct{ Rate float64 }

var _ Transform = MatrixDecay{}

func (w MatrixDecay) Apply(u *Symbols, d *graph.Node) *graph.Node {
	rates := make([]float64, graph.Size(d))
	for _, p := range u.Params {
		if len(p.FileShape()) < 2 {
			continue
		}
		for i := range p.Len {
			rates[p.Offset+i] = w.Rate
		}
	}
	each := graph.Constant(d.Graph(), graph.DTypeOf(d), "weight decay by parameter", rates, len(rates))
	return graph.Add(d, graph.Mul(u.Parameters, each))
}
