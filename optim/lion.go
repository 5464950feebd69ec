package optim

import "drift/graph"

// Lion steps by the signs of a mean of gradients, with decoupled weight decay κ (Chen et al. 2023, program 2):
//
//	θ ← θ − η [ sign(β₁m + (1−β₁)g) + κθ ],   m ← β₂m + (1−β₂)g.
type Lion struct {
	Rate
	Minibatch
	Decoupled
	Beta1 float64 `json:"beta1" range:"[0,1)" help:"β₁ of the mean whose sign is followed"`
	Beta2 float64 `json:"beta2" range:"[0,1)" help:"β₂ of the mean that is kept"`
}

// DefaultLion has the paper's defaults.
var DefaultLion = Lion{Rate: Rate{LearningRate: 1e-4, Schedule: "constant"}, Minibatch: defaultMinibatch, Decoupled: noDecay,
	Beta1: 0.9, Beta2: 0.99}

var _ Optimizer = Lion{}

func (Lion) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o Lion) Transform() Transform {
	return o.around(LionRule{o.Beta1, o.Beta2})
}

// LionRule is the signs of β₁m + (1−β₁)d, with m ← β₂m + (1−β₂)d behind them.
type LionRule struct{ Beta1, Beta2 float64 }

var _ Transform = LionRule{}

func (l LionRule) Apply(u *Symbols, d *graph.Node) *graph.Node {
	m := u.Vector("mean")
	mixed := func(beta float64) *graph.Node { return graph.Add(graph.Scale(m, beta), graph.Scale(d, 1-beta)) }
	u.Set(m, mixed(l.Beta2))
	return graph.Sign(mixed(l.Beta1))
}
