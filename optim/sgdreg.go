package optim

import (
	"fmt"

	"drift/graph/objective"
	"drift/optim/options"
)

// SGDReg is minibatch SGD on ℓ_B + λ tr Σ_B, with the exact gradient of tr Σ_B and Σ_B the unbiased covariance over the batch: large
// batches that follow, in the mean, the smaller ones of EmulateBatch (Roberts 2021, §4). Where Lambda is 0,
//
//	λ = (η/4)(1/b − 1/B),
//
// with b = EmulateBatch and B the batch; momentum multiplies it by what momentum makes of the drift (see Emulation).
type SGDReg struct {
	Heavy
	Minibatch
	EmulateBatch int     `json:"emulate_batch,omitempty" range:"[0,inf)" search:"0.125 2" help:"batch size of the SGD to follow"`
	Lambda       float64 `json:"lambda,omitempty" range:"[0,inf)" help:"coefficient of tr Σ, set by hand"`
}

var _ AlongGradient = SGDReg{}

// DefaultSGDReg wants EmulateBatch or Lambda.
var DefaultSGDReg = SGDReg{Heavy: defaultHeavy, Minibatch: defaultMinibatch}

func (o SGDReg) Response() MomentumWeights { return o.MomentumWeights() }

func (o SGDReg) Check(p Problem) error {
	_, batch := o.Batches(p.Examples)
	if o.Lambda == 0 && o.EmulateBatch > batch {
		return options.Unfit{What: fmt.Sprintf("batches of %d that are to behave like larger ones of %d", batch, o.EmulateBatch),
			Change: []string{"emulate_batch", "batch"}}
	}
	if err := checkPenalty(p, batch, o.Lambda, o.EmulateBatch); err != nil {
		return err
	}
	return o.checkRemainder(p.Examples)
}

// checkRemainder reports batches of which the last of an epoch has fewer examples than a covariance takes.
func (b Minibatch) checkRemainder(examples int) error {
	_, size := b.Batches(examples)
	if last := examples % size; size < 2 || b.Sampling != "replacement" && last == 1 {
		return options.Unfit{What: fmt.Sprintf("the covariance is taken over each batch, and batches of %d leave one with a single example among %d",
			size, examples), Change: []string{"batch"}}
	}
	return nil
}

// Coefficient is λ for a learning rate, among n examples.
func (o SGDReg) Coefficient(rate float64, examples int) float64 {
	if o.Lambda != 0 {
		return o.Lambda
	}
	_, batch := o.Batches(examples)
	if batch == o.EmulateBatch {
		return 0
	}
	lambda := rate / 4 * (1/float64(o.EmulateBatch) - 1/float64(batch))
	if o.Momentum == 0 {
		return lambda
	}
	between := func(m MomentumWeights) float64 {
		return Emulation{examples, o.EmulateBatch, m}.Coefficient(1) - Emulation{examples, batch, m}.Coefficient(1)
	}
	return lambda * between(o.MomentumWeights()) / between(MomentumWeights{})
}

func (o SGDReg) Direction(c Context) (Direction, error) {
	lambda := byHand(o.Lambda)
	if o.Lambda == 0 {
		lambda = proportional(o.Coefficient(1, c.Examples(objective.Train)))
	}
	return NewRegularized(c.Objective, c.Batch, lambda)
}
