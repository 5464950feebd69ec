package optim

// AdamW is Adam with decoupled weight decay κ (Loshchilov and Hutter 2019), in PyTorch's arithmetic without amsgrad:
//
//	m ← β₁m + (1−β₁)g,   v ← β₂v + (1−β₂)g²,   θ ← θ − η [ (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + κθ ].
type AdamW struct {
	Rate
	Minibatch
	Decoupled
	Moments
}

// DefaultAdamW has PyTorch's defaults.
var DefaultAdamW = AdamW{Rate: Rate{LearningRate: 1e-3, Schedule: "constant"}, Minibatch: defaultMinibatch,
	Moments: defaultMoments, Decoupled: Decoupled{WeightDecay: 0.01, Decay: "all"}}

var _ Optimizer = AdamW{}

func (AdamW) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o AdamW) Transform() Transform {
	return o.around(AdamRule(o.Moments))
}
