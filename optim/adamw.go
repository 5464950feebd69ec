package optim

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

func (AdamW) Direction(c Context) (Direction, error) { return NewGradient(c) }

func (o AdamW) Transform() Transform {
	return withDecay(append(prepared(o.Clip, 0), AdamRule{o.Beta1, o.Beta2, o.Eps}), o.WeightDecay)
}
