package optim

import "drift/graph"

// Adam is AdamRule with coupled weight decay, κθ added to the gradient (Kingma and Ba 2015), in PyTorch's arithmetic without
// amsgrad.
type Adam struct {
	Rate
	Minibatch
	Coupled
	Moments
}

// DefaultAdam has PyTorch's defaults.
var DefaultAdam = Adam{Rate: Rate{LearningRate: 1e-3, Schedule: "constant"}, Minibatch: defaultMinibatch, Moments: defaultMoments}

// defaultMoments is PyTorch's for all of the family.
var defaultMoments = Moments{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}

var _ Optimizer = Adam{}

func (Adam) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o Adam) Transform() Transform {
	return o.before(AdamRule(o.Moments))
}

// AdamRule divides the running mean of gradients by the root of that of their squares (Kingma and Ba 2015): m̂/(√v̂ + ε), with
// m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).
type AdamRule struct{ Beta1, Beta2, Eps float64 }

var _ Transform = AdamRule{}

func (a AdamRule) Apply(u *Symbols, d *graph.Node) *graph.Node {
	mean, share1 := average(u, "mean", a.Beta1, d)
	square, share2 := average(u, "square", a.Beta2, graph.Square(d))
	root := graph.AddConst(graph.Div(graph.Sqrt(square), graph.BroadcastScalar(graph.Sqrt(share2), d.Shape()...)), a.Eps)
	return graph.Div(graph.Div(mean, graph.BroadcastScalar(share1, d.Shape()...)), root)
}

// average is the new running mean βx̄ + (1−β)x and 1−βᵗ (1), the sum of the weights in it. That sum is carried on as it is:
// a power βᵗ taken from 1 would lose most digits of float32 at first.
func average(u *Symbols, name string, beta float64, x *graph.Node) (mean, share *graph.Node) {
	mean = runningMean(u, name, beta, x)
	s := u.Scalar(name + " share")
	share = graph.AddConst(graph.Scale(s, beta), 1-beta)
	u.Set(s, share)
	return mean, share
}

// runningMean is the new βx̄ + (1−β)x, of a mean that starts at zero.
func runningMean(u *Symbols, name string, beta float64, x *graph.Node) *graph.Node {
	state := u.State(name, x.Shape()...)
	mean := graph.Add(graph.Scale(state, beta), graph.Scale(x, 1-beta))
	u.Set(state, mean)
	return mean
}
