package optim

import "drift/graph"

// Adagrad divides the gradient by the root of the sum of its squares so far (Duchi, Hazan and Singer 2011), in PyTorch's arithmetic
// without a decay of the rate:
//
//	s ← s + g²,   θ ← θ − η g/(√s + ε).
type Adagrad struct {
	Rate
	Minibatch
	Coupled
	Eps float64 `json:"eps" range:"(0,inf)" help:"ε added to the root of the mean square"`
}

// DefaultAdagrad has PyTorch's defaults.
var DefaultAdagrad = Adagrad{Rate: Rate{LearningRate: 1e-2, Schedule: "constant"}, Minibatch: defaultMinibatch, Eps: 1e-10}

var _ Optimizer = Adagrad{}

func (Adagrad) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o Adagrad) Transform() Transform {
	return o.before(SumOfSquares{o.Eps})
}

// SumOfSquares is d/(√s + ε) with s ← s + d².
type SumOfSquares struct{ Eps float64 }

var _ Transform = SumOfSquares{}

func (a SumOfSquares) Apply(u *Symbols, d *graph.Node) *graph.Node {
	s := u.Vector("squares")
	next := graph.Add(s, graph.Square(d))
	u.Set(s, next)
	return graph.Div(d, graph.AddConst(graph.Sqrt(next), a.Eps))
}
