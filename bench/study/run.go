package study

import (
	"context"
	"math"

	"drift/graph/objective"
	"drift/optim/train"
)

// Run is one optimizer trained once.
type Run struct {
	Entry    Entry         `json:"settings"`
	Seed     uint64        `json:"seed"`
	Result   train.Result  `json:"result"`
	Entries  []train.Entry `json:"entries"`  // of the learning curve
	Costs    []float64     `json:"costs"`    // at each entry, in gradients of one example
	Classes  bool          `json:"classes"`  // accuracy means something
	Diverged bool          `json:"diverged"` // there is no result
}

// Train trains from the first weights start [P], with points on the learning curve. A run that diverges ends early and is no error.
// heard is told how many updates went by, and what was logged of the last of them, if anything was.
func Train(ctx context.Context, f *objective.Objective, entry Entry, seed uint64, start []float64, points int, heard func(steps int, logged *train.Entry)) (Run, error) {
	r := Run{Entry: entry, Seed: seed, Classes: f.Scored()}
	if err := f.Parameters().Write(start); err != nil {
		return r, err
	}
	t, err := train.New(f, entry.Optimizer, train.Options{Steps: entry.Steps, Seed: seed})
	if err != nil {
		return r, err
	}
	defer t.Close()
	every := max(1, entry.Steps/max(1, points))
	r.Result, err = t.Run(ctx, train.Logging{LogEvery: every, EvalEvery: every, Observe: func(_ int, entry *train.Entry) {
		if entry != nil {
			r.Entries = append(r.Entries, *entry)
			r.Costs = append(r.Costs, t.ExampleGradients())
		}
		heard(1, entry)
	}})
	if train.Diverged(err) {
		heard(entry.Steps-t.StepsTaken()+1, nil) // the last step was not observed
		r.Diverged, err = true, nil
		r.Result = train.Result{Steps: t.StepsTaken(), ExampleGradients: t.ExampleGradients(), Seconds: t.Seconds()}
	}
	return r, err
}

// TrainLoss is the loss over the training part at the end, NaN where the run diverged.
func (r Run) TrainLoss() float64 {
	if r.Diverged {
		return math.NaN()
	}
	return r.Result.Train.Loss
}

// TestLoss is that over the test part, NaN where there is none or the run diverged.
func (r Run) TestLoss() float64 {
	if r.Result.Test == nil {
		return math.NaN()
	}
	return r.Result.Test.Loss
}

// TestAccuracy is the accuracy on the test part, NaN in a regression too.
func (r Run) TestAccuracy() float64 {
	if r.Result.Test == nil || !r.Classes {
		return math.NaN()
	}
	return r.Result.Test.Accuracy
}

// Gap is the test loss minus the train loss.
func (r Run) Gap() float64 { return r.TestLoss() - r.TrainLoss() }

// ExampleGradients is the cost of the run.
func (r Run) ExampleGradients() float64 { return r.Result.ExampleGradients }
