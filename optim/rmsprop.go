package optim

import "drift/graph"

// RMSProp divides the gradient by the root of a running mean of its squares, and may follow a momentum of that (Tieleman and Hinton
// 2012), in PyTorch's arithmetic without centring:
//
//	v ← αv + (1−α)g²,   b ← μb + g/(√v + ε),   θ ← θ − ηb.
type RMSProp struct {
	Rate
	Minibatch
	Coupled
	Alpha    float64 `json:"alpha" range:"[0,1)" help:"α of the mean of squared gradients"`
	Eps      float64 `json:"eps" range:"(0,inf)" help:"ε added to the root of the mean square"`
	Momentum float64 `json:"momentum" range:"[0,1)" help:"momentum μ: v ← μv + g"`
}

// DefaultRMSProp has PyTorch's defaults.
var DefaultRMSProp = RMSProp{Rate: Rate{LearningRate: 1e-2, Schedule: "constant"}, Minibatch: defaultMinibatch, Alpha: 0.99, Eps: 1e-8}

var _ Optimizer = RMSProp{}

func (RMSProp) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o RMSProp) Transform() Transform {
	c := o.before(RMS{o.Alpha, o.Eps})
	if o.Momentum > 0 {
		c = append(c, Momentum{o.Momentum})
	}
	return c
}

// RMS is d/(√v + ε) with v ← αv + (1−α)d².
type RMS struct{ Alpha, Eps float64 }

var _ Transform = RMS{}

func (r RMS) Apply(u *Symbols, d *graph.Node) *graph.Node {
	v := runningMean(u, "square", r.Alpha, graph.Square(d))
	return graph.Div(d, graph.AddConst(graph.Sqrt(v), r.Eps))
}
