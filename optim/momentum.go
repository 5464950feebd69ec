package optim

import "drift/graph"

// Momentum is Polyak's heavy ball as PyTorch has it: v ← μv + d, and the step follows v. v starts at zero.
type Momentum struct{ Mu float64 }

// Nesterov is momentum that looks ahead, as PyTorch has it: v ← μv + d, and the step follows d + μv.
type Nesterov struct{ Mu float64 }

var _, _ Transform = Momentum{}, Nesterov{}

func (m Momentum) Apply(u *Symbols, d *graph.Node) *graph.Node { return accumulate(u, m.Mu, d) }

func (n Nesterov) Apply(u *Symbols, d *graph.Node) *graph.Node {
	return graph.Add(d, graph.Scale(accumulate(u, n.Mu, d), n.Mu))
}

// accumulate is the new v = μv + d.
func accumulate(u *Symbols, mu float64, d *graph.Node) *graph.Node {
	v := u.Vector("momentum")
	next := graph.Add(graph.Scale(v, mu), d)
	u.Set(v, next)
	return next
}
