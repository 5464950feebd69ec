package optim

import (
	"drift/data"
	"drift/optim/options"
)

// Rate is the options of the learning rate.
type Rate struct {
	LearningRate float64 `json:"lr" range:"[0,inf)" search:"0.1 10" help:"learning rate η"`
	LRMin        float64 `json:"lr_min" range:"[0,inf)" help:"learning rate to which schedule cosine falls"`
	Schedule     string  `json:"schedule" choose:"constant|cosine|step|onecycle" help:"learning rate over the run: cosine falls to lr-min, step to η/10 at half of the run and to η/100 at three quarters, onecycle rises from η/25 over three tenths of the run and falls to η/250000; momentum stays as it is"`
	Warmup       int     `json:"warmup" range:"[0,inf)" help:"steps over which the learning rate rises at first"`
}

// RateAt is Schedule.At.
func (r Rate) RateAt(step, steps int) float64 { return r.schedule(steps).At(step) }

// Check finds nothing beyond what is checked of every optimizer.
func (r Rate) Check(Problem) error { return nil }

func (r Rate) schedule(steps int) Schedule {
	return Schedule{Kind: r.Schedule, Rate: r.LearningRate, Least: r.LRMin, Warmup: r.Warmup, Steps: steps}
}

func (r Rate) checkRate(p Problem) error { return r.schedule(p.Steps).Check() }

// Coupled is the options that most of PyTorch's rules begin with: the gradient is clipped (clip_grad_norm_), then κθ is added to it.
type Coupled struct {
	WeightDecay float64 `json:"weight_decay" range:"[0,inf)" help:"κ of κθ added to the gradient"`
	Clip        float64 `json:"clip" range:"[0,inf)" help:"largest norm of the gradient (0: any)"`
}

// before is clip and weight decay, where they are asked for, and then some stages.
func (c Coupled) before(stages ...Transform) Chain {
	return append(withDecay(clipping(c.Clip), c.WeightDecay), stages...)
}

// Decoupled is the options of rules whose weight decay has no share in their moments: the gradient is clipped, and κθ is added to what
// the rule makes of it.
type Decoupled struct {
	WeightDecay float64 `json:"weight_decay" range:"[0,inf)" search:"0.1 10" help:"κ: each step shrinks θ by ηκθ, apart from the gradient"`
	Decay       string  `json:"decay" choose:"all|matrices" help:"what weight decay shrinks: all parameters, or matrices, tensors of two axes and more, and not biases and the weights of norms"`
	Clip        float64 `json:"clip" range:"[0,inf)" help:"largest norm of the gradient (0: any)"`
}

// noDecay is where most begin.
var noDecay = Decoupled{Decay: "all"}

// around is clip, some stages and then weight decay, where it is asked for.
func (d Decoupled) around(stages ...Transform) Chain {
	c := append(clipping(d.Clip), stages...)
	if d.Decay == "matrices" && d.WeightDecay > 0 {
		return append(c, MatrixDecay{d.WeightDecay})
	}
	return withDecay(c, d.WeightDecay)
}

func clipping(norm float64) (c Chain) {
	if norm > 0 {
		c = append(c, Clip{norm})
	}
	return c
}

func withDecay(c Chain, decay float64) Chain {
	if decay > 0 {
		c = append(c, WeightDecay{decay})
	}
	return c
}

// Moments is the options of Adam's running means.
type Moments struct {
	Beta1 float64 `json:"beta1" range:"[0,1)" help:"β₁ of the mean of gradients"`
	Beta2 float64 `json:"beta2" range:"[0,1)" help:"β₂ of the mean of their squares"`
	Eps   float64 `json:"eps" range:"(0,inf)" help:"ε added to the root of the mean square"`
}

// Heavy is the options of PyTorch's SGD, in its order: clip, weight decay, momentum.
type Heavy struct {
	Rate
	Coupled
	Momentum float64 `json:"momentum" range:"[0,1)" help:"momentum μ: v ← μv + g"`
	Nesterov bool    `json:"nesterov" help:"Nesterov's form of momentum"`
}

// Transform is clip, weight decay and momentum, where they are asked for.
func (h Heavy) Transform() Transform {
	c := h.before()
	switch {
	case h.Nesterov:
		c = append(c, Nesterov{h.Momentum})
	case h.Momentum > 0:
		c = append(c, Momentum{h.Momentum})
	}
	return c
}

// MomentumWeights is the rule of momentum.
func (h Heavy) MomentumWeights() MomentumWeights { return MomentumWeights{h.Momentum, h.Nesterov} }

func (h Heavy) checkHeavy() error {
	if h.Nesterov && h.Momentum == 0 {
		return options.Unfit{What: "nesterov without momentum", Change: []string{"momentum"}}
	}
	return nil
}

// Minibatch is the options of an optimizer whose steps take batches.
type Minibatch struct {
	Batch    int    `json:"batch" range:"[1,inf)" zero:"full" help:"examples a step"`
	Sampling string `json:"sampling" choose:"shuffle|replacement" help:"how batches are drawn"`
}

// Batches is batches of the size and kind chosen; a size of 0 is all examples.
func (b Minibatch) Batches(examples int) (data.Sampling, int) {
	switch {
	case b.Batch == 0:
		return data.Full, examples
	case b.Sampling == data.Replacement.String():
		return data.Replacement, b.Batch
	}
	return data.Shuffle, b.Batch
}

// Whole is an optimizer whose steps take all examples.
type Whole struct{}

// Batches is all examples.
func (Whole) Batches(examples int) (data.Sampling, int) { return data.Full, examples }
