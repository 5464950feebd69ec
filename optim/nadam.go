package optim

import (
	"math"

	"drift/graph"
)

// NAdam is Adam with Nesterov's form of momentum (Dozat 2016), in PyTorch's arithmetic with coupled weight decay: with
// μ_t = β₁(1 − ½·0.96^(tψ)) and Π_t = μ_1…μ_t,
//
//	θ ← θ − η [ (1−μ_t)/(1−Π_t)·g + μ_{t+1}/(1−Π_{t+1})·m ] / (√(v/(1−β₂ᵗ)) + ε).
type NAdam struct {
	Rate
	Minibatch
	Coupled
	Moments
	MomentumDecay float64 `json:"momentum_decay" range:"[0,inf)" help:"ψ, by which the momentum rises to β₁"`
}

// DefaultNAdam has PyTorch's defaults.
var DefaultNAdam = NAdam{Rate: Rate{LearningRate: 2e-3, Schedule: "constant"}, Minibatch: defaultMinibatch,
	Moments: defaultMoments, MomentumDecay: 4e-3}

var _ Optimizer = NAdam{}

func (NAdam) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o NAdam) Transform() Transform {
	return o.before(NAdamRule{o.Moments, o.MomentumDecay})
}

// NAdamRule is what NAdam makes of a gradient.
type NAdamRule struct {
	Moments
	MomentumDecay float64
}

var _ Transform = NAdamRule{}

func (a NAdamRule) Apply(u *Symbols, d *graph.Node) *graph.Node {
	// Sums of weights are carried on, 1 − 0.96^(tψ) and 1 − Π_t, which start at zero and keep their digits.
	c := math.Pow(0.96, a.MomentumDecay)
	risen, without := u.Scalar("momentum risen"), u.Scalar("mean share")
	now := graph.AddConst(graph.Scale(risen, c), 1-c)
	later := graph.AddConst(graph.Scale(now, c), 1-c)
	mu := func(risen *graph.Node) *graph.Node { return graph.Scale(graph.AddConst(risen, 1), a.Beta1/2) } // β₁(1 − ½(1 − risen))
	kept := func(mu, without *graph.Node) *graph.Node {                                                   // 1 − μ(1 − without)
		return graph.AddConst(graph.Neg(graph.Mul(mu, graph.AddConst(graph.Neg(without), 1))), 1)
	}
	share := kept(mu(now), without)
	u.Set(risen, now)
	u.Set(without, share)

	mean := runningMean(u, "mean", a.Beta1, d)
	square, share2 := average(u, "square", a.Beta2, graph.Square(d))
	wide := func(x *graph.Node) *graph.Node { return graph.BroadcastScalar(x, d.Shape()...) }
	root := graph.AddConst(graph.Div(graph.Sqrt(square), wide(graph.Sqrt(share2))), a.Eps)
	ofGradient := graph.Div(graph.AddConst(graph.Neg(mu(now)), 1), share)
	ofMean := graph.Div(mu(later), kept(mu(later), share))
	return graph.Div(graph.Add(graph.Mul(wide(ofGradient), d), graph.Mul(wide(ofMean), mean)), root)
}
