package optim

import (
	"fmt"

	"drift/graph/objective"
	"drift/optim/options"
)

// GDReg is gradient descent over all examples on ℓ + λ tr Σ, with the exact gradient of tr Σ (Regularized), or by random blocks of
// EmulateBatch examples (Blocks). Where Lambda is 0, λ is what makes it follow SGD with batches of EmulateBatch in the mean over
// shuffles: see Emulation.
type GDReg struct {
	Heavy
	Whole
	EmulateBatch int     `json:"emulate_batch,omitempty" range:"[0,inf)" search:"0.125 2" help:"batch size of the SGD to follow"`
	Lambda       float64 `json:"lambda,omitempty" range:"[0,inf)" help:"coefficient of tr Σ, set by hand"`
	Penalty      string  `json:"penalty" choose:"trace|blocks" help:"add to the loss λ tr Σ, or the norms of the gradients of blocks"`
	Estimator    string  `json:"estimator" choose:"exact|difference" help:"how the penalty's gradient is found"`
}

var _ AlongGradient = GDReg{}

// DefaultGDReg wants EmulateBatch or Lambda.
var DefaultGDReg = GDReg{Heavy: defaultHeavy, Penalty: "trace", Estimator: "exact"}

// InBlocks reports whether it works with random blocks of EmulateBatch examples.
func (o GDReg) InBlocks() bool { return o.Penalty == "blocks" || o.Estimator == "difference" }

// NotSearched keeps the size of blocks, which must divide the examples, out of a search.
func (o GDReg) NotSearched() []string {
	if o.InBlocks() {
		return []string{"emulate_batch"}
	}
	return nil
}

func (o GDReg) Response() MomentumWeights { return o.MomentumWeights() }

func (o GDReg) Check(p Problem) error {
	if o.InBlocks() && (o.EmulateBatch < 1 || p.Examples%o.EmulateBatch != 0 || p.Examples == o.EmulateBatch) {
		return options.Unfit{What: fmt.Sprintf("penalty blocks or estimator difference splits the %d examples by a batch size that divides them", p.Examples),
			Change: []string{"emulate_batch"}}
	}
	emulate := o.EmulateBatch
	if o.InBlocks() && o.Lambda != 0 {
		emulate = 0 // the size of the blocks alone
	}
	return checkPenalty(p, p.Examples, o.Lambda, emulate)
}

// checkPenalty reports a coefficient of tr Σ over batches of n examples that is not given, or given twice.
func checkPenalty(p Problem, batch int, lambda float64, emulate int) error {
	switch {
	case batch < 2:
		return fmt.Errorf("the covariance of the gradients takes at least 2 examples, here is %d", batch)
	case lambda != 0 && emulate != 0:
		return options.Unfit{What: "the coefficient of tr Σ is given twice, leave one out", Change: []string{"emulate_batch", "lambda"}}
	case lambda == 0 && emulate == 0:
		return options.Unfit{What: "it needs its coefficient of tr Σ", Change: []string{"emulate_batch", "lambda"}}
	case lambda == 0:
		return Emulation{Examples: p.Examples, Batch: emulate}.Check()
	}
	return nil
}

// byHand and proportional are λ as a function of the learning rate.
func byHand(lambda float64) func(rate float64) float64 {
	return func(float64) float64 { return lambda }
}

func proportional(unit float64) func(rate float64) float64 {
	return func(rate float64) float64 { return unit * rate }
}

func (o GDReg) Direction(c Context) (Direction, error) {
	lambda := byHand(o.Lambda)
	if o.Lambda == 0 {
		lambda = proportional(Emulation{c.Examples(objective.Train), o.EmulateBatch, o.MomentumWeights()}.Coefficient(1))
	}
	if o.InBlocks() {
		return NewBlocks(c.Objective, lambda, o.EmulateBatch, o.Penalty != "blocks", o.Estimator == "difference", c.Seed)
	}
	return NewRegularized(c.Objective, c.Batch, lambda)
}
