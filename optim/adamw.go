package optim

import (
	"drift/graph"
)

// AdamW is Adam with decoupled weight decay κ (Loshchilov and Hutter 2019), in PyTorch's arithmetic without amsgrad:
//
//	m ← β₁m + (1−β₁)g,   v ← β₂v + (1−β₂)g²,   θ ← θ − η [ (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + κθ ].
type AdamW struct {
	Rate
	Minibatch
	Beta1       float64 `json:"beta1" range:"[0,1)" help:"β₁ of the mean of gradients"`
	Beta2       float64 `json:"beta2" range:"[0,1)" help:"β₂ of the mean of their squares"`
	Eps         float64 `json:"eps" range:"(0,inf)" help:"ε added to the root of the mean square"`
	WeightDecay float64 `json:"weight_decay" range:"[0,inf)" search:"0.1 10" help:"κ: each step shrinks θ by ηκθ, apart from the gradient"`
	Clip        float64 `json:"clip" range:"[0,inf)" help:"largest norm of the gradient (0: any)"`
}

// DefaultAdamW has PyTorch's defaults.
var DefaultAdamW = AdamW{Rate: Rate{LearningRate: 1e-3, Schedule: "constant"}, Minibatch: defaultMinibatch,
	Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}

var _ Optimizer = AdamW{}

func (AdamW) Direction(c Context) (Direction, error) { return NewGradient(c.Objective) }

func (o AdamW) Transform() Transform {
	var c Chain
	if o.Clip > 0 {
		c = append(c, Clip{o.Clip})
	}
	c = append(c, Adam{o.Beta1, o.Beta2, o.Eps})
	if o.WeightDecay > 0 { // θ before the step: the gradient has no share in it
		c = append(c, WeightDecay{o.WeightDecay})
	}
	return c
}

// Adam divides the running mean of gradients by the root of that of their squares (Kingma and Ba 2015): m̂/(√v̂ + ε), with
// m̂ = m/(1−β₁ᵗ) and v̂ = v/(1−β₂ᵗ).
type Adam struct{ Beta1, Beta2, Eps float64 }

var _ Transform = Adam{}

func (a Adam) Apply(u *Symbols, d *graph.Node) *graph.Node {
	mean, share1 := average(u, "mean", a.Beta1, d)
	square, share2 := average(u, "square", a.Beta2, graph.Square(d))
	root := graph.AddConst(graph.Div(graph.Sqrt(square), graph.BroadcastScalar(graph.Sqrt(share2), d.Shape()...)), a.Eps)
	return graph.Div(graph.Div(mean, graph.BroadcastScalar(share1, d.Shape()...)), root)
}

// average is the new running mean βx̄ + (1−β)x [P] and 1−βᵗ (1), the sum of the weights in it. That sum is carried on as it is:
// a power βᵗ taken from 1 would lose most digits of float32 at first.
func average(u *Symbols, name string, beta float64, x *graph.Node) (mean, share *graph.Node) {
	m, s := u.Vector(name), u.Scalar(name+" share")
	mean = graph.Add(graph.Scale(m, beta), graph.Scale(x, 1-beta))
	share = graph.AddConst(graph.Scale(s, beta), 1-beta)
	u.Set(m, mean)
	u.Set(s, share)
	return mean, share
}
