package train

import (
	"context"
	"errors"
	"fmt"

	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/optim/rundir"
)

// Result is the outcome of a run.
type Result struct {
	Steps int `json:"steps"`
	Values
	EMA              *Values `json:"ema,omitempty"`  // at the average of the parameters; nil without one
	Best             *Best   `json:"best,omitempty"` // nil without a validation part
	ExampleGradients float64 `json:"example_gradients"`
	Seconds          float64 `json:"seconds"`
}

// ErrNotFinite is the error of a run that diverged.
var ErrNotFinite = errors.New("the loss is not finite")

// Diverged reports whether an error says that a run diverged: its loss is not finite, or Σ was not finite before the loss was read.
func Diverged(err error) bool {
	var broken sigma.ErrNumerical
	return errors.Is(err, ErrNotFinite) || errors.As(err, &broken)
}

// ErrInterrupted is the error of a run that was asked to stop.
var ErrInterrupted = errors.New("interrupted")

// Interruption is the ErrInterrupted of a run, whose checkpoint is written.
type Interruption struct {
	Step, Of int    // steps taken, and those of the whole run
	Dir      string // the run's folder; "" where nothing is kept
}

func (i Interruption) Error() string {
	return fmt.Sprintf("training: %v after step %d of %d", ErrInterrupted, i.Step, i.Of)
}

// Is reports ErrInterrupted.
func (i Interruption) Is(target error) bool { return target == ErrInterrupted }

// Run takes the steps that are left of a run, and evaluates its end.
func (t *Trainer) Run(ctx context.Context, l Logging) (Result, error) {
	for t.StepsTaken() < t.Options.Steps {
		stop, err := t.Objective.Group().Any(ctx.Err() != nil)
		if err != nil {
			return Result{}, fmt.Errorf("training: %w", err)
		}
		if stop {
			return Result{}, l.interrupt(t)
		}
		if err := t.Step(); err != nil {
			return Result{}, fmt.Errorf("training: %w", err)
		}
		entry, err := l.log(t)
		if err == nil {
			err = l.observed(t, entry)
		}
		if err != nil {
			return Result{}, fmt.Errorf("training: %w", err)
		}
		if step := t.StepsTaken(); due(step, l.CheckpointEvery) || step == t.Options.Steps {
			if err := l.save(t); err != nil {
				return Result{}, err
			}
		}
	}
	return t.finish()
}

// evaluate adds the losses over the test and validation parts, and after the last step over the training part too.
func (t *Trainer) evaluate(e *Entry, last bool) error {
	r, err := t.values(last)
	if err != nil {
		return err
	}
	if last {
		e.TrainLoss, t.end = &r.Train.Loss, &r
		e.TrainLossError, _ = errorsOf(&r.Train, false)
	}
	e.TestLoss, e.TestAccuracy = of(r.Test, e.Accuracy != nil)
	e.ValidLoss, e.ValidAccuracy = of(r.Valid, e.Accuracy != nil)
	e.TestLossError, e.TestAccuracyError = errorsOf(r.Test, e.Accuracy != nil)
	e.ValidLossError, e.ValidAccuracyError = errorsOf(r.Valid, e.Accuracy != nil)
	if r.EMA != nil {
		e.EMATestLoss, e.EMATestAccuracy = of(r.EMA.Test, e.Accuracy != nil)
		e.EMAValidLoss, e.EMAValidAccuracy = of(r.EMA.Valid, e.Accuracy != nil)
	}
	if t.best == nil {
		return nil
	}
	return t.best.consider(e.Step, r.Valid, r.Test)
}

// of is the numbers of a part, nil where it is.
func of(v *objective.Value, scored bool) (loss, accuracy *float64) {
	if v == nil {
		return nil, nil
	}
	if scored {
		accuracy = &v.Accuracy
	}
	return &v.Loss, accuracy
}

// errorsOf is the standard errors of a part that a sample stands for, else nil.
func errorsOf(v *objective.Value, scored bool) (loss, accuracy *float64) {
	if v == nil || v.Sample.Examples == 0 {
		return nil, nil
	}
	return of(&objective.Value{Loss: v.Sample.Loss, Accuracy: v.Sample.Accuracy}, scored)
}

// finish is the result of a run whose steps are taken.
func (t *Trainer) finish() (r Result, err error) {
	if t.end != nil {
		r = *t.end
	} else if r, err = t.values(true); err != nil { // resumed at its end
		return r, fmt.Errorf("training: %w", err)
	}
	r.Best = t.best.result()
	r.Steps, r.ExampleGradients, r.Seconds = t.StepsTaken(), t.cost, t.Seconds()
	return r, nil
}

// Resume brings the trainer to where the run in the folder stopped: to its checkpoint, or to its beginning where it has none. Of several
// processes the first has the folder, and the others give nil.
func (t *Trainer) Resume(dir *rundir.Dir) error {
	var c counters
	vectors, found, err := dir.Load(&c, t.Objective.Group().Broadcast)
	if err == nil && found {
		err = t.restore(c, vectors)
		if err == nil && c.Step > t.Options.Steps {
			err = fmt.Errorf("it has taken %d steps already, more than %d", c.Step, t.Options.Steps)
		}
	}
	switch {
	case dir == nil:
		return err
	case err != nil:
		return fmt.Errorf("resuming the run in %s: %w", dir.Path(), err)
	}
	return dir.Rewind(c.Step)
}
