package optim

import "drift/graph"

// WeightDecay adds κθ to the gradient: the gradient of (κ/2)‖θ‖² (coupled, as in PyTorch's SGD).
type WeightDecay struct{ Rate float64 }

var _ Transform = WeightDecay{}

func (w WeightDecay) Apply(u *Symbols, d *graph.Node) *graph.Node {
	return graph.Add(d, graph.Scale(u.Parameters, w.Rate))
}
