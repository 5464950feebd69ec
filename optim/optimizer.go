package optim

import (
	"fmt"

	"drift/data"
	"drift/graph/objective"
	"drift/optim/options"
)

// Optimizer is a way to train: how a step's direction follows from the data, what becomes of it before it is subtracted from the
// parameters, and which batches and learning rates the steps have. It is a struct whose fields are its options (see package
// options), an immutable value like a number: a changed optimizer is another one.
//
// Embedding Heavy or Rate, and Minibatch or Whole, leaves Direction to write, and with Rate Transform.
type Optimizer interface {
	// Check reports options that do not fit each other or the problem. What their tags say, and what embedded options need, has
	// been checked before: see the function Check.
	Check(p Problem) error
	// Batches is how batches are drawn from n examples, and of what size.
	Batches(examples int) (kind data.Sampling, size int)
	// RateAt is the learning rate η of a step, counted from 0, of a run of the given length.
	RateAt(step, steps int) float64
	// Direction prepares what the steps follow downhill.
	Direction(c Context) (Direction, error)
	// Transform is what becomes of the direction: θ ← θ − η·T(d).
	Transform() Transform
}

// Problem is what an optimizer must fit.
type Problem struct {
	Examples int // of the training part
	Steps    int // of the run; 0 where there is none
}

// Context is what a direction works on.
type Context struct {
	*objective.Objective
	Seed  uint64 // of the run, from which random choices follow
	Batch int    // examples of a step
}

// Check reports an optimizer's options that cannot be: those that their tags do not allow, those of embedded options that do not
// fit, and what the optimizer's own Check finds.
func Check(o Optimizer, p Problem) error {
	if w, ok := o.(transformed); ok {
		return Check(w.Optimizer, p)
	}
	if err := options.Check(o); err != nil {
		return err
	}
	if r, ok := o.(interface{ checkRate(Problem) error }); ok {
		if err := r.checkRate(p); err != nil {
			return err
		}
	}
	if h, ok := o.(interface{ checkHeavy() error }); ok {
		if err := h.checkHeavy(); err != nil {
			return err
		}
	}
	if _, size := o.Batches(p.Examples); size < 1 || size > p.Examples {
		return options.Unfit{What: fmt.Sprintf("a batch of %d is more than there are training examples, %d", size, p.Examples), Change: []string{"batch"}}
	}
	return o.Check(p)
}

// BatchesPerEpoch is the number of steps in which an optimizer goes through n examples once.
func BatchesPerEpoch(o Optimizer, examples int) int {
	_, size := o.Batches(examples)
	return (examples + size - 1) / size
}

// AlongGradient is an optimizer whose steps follow, in the mean, the gradient of the loss or of a modified loss, so that the
// theory's statements about them apply.
type AlongGradient interface {
	Optimizer
	// Response is what its momentum makes of one gradient over the steps that follow.
	Response() MomentumWeights
}
