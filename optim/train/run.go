package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"drift/graph/objective"
	"drift/graph/sigma"
	"drift/optim/rundir"
)

// Result is the outcome of a run.
type Result struct {
	Steps            int              `json:"steps"`
	Train            objective.Value  `json:"train"`
	Test             *objective.Value `json:"test"`            // nil without test examples
	Valid            *objective.Value `json:"valid,omitempty"` // nil without a validation part
	ExampleGradients float64          `json:"example_gradients"`
	Seconds          float64          `json:"seconds"`
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
		if ctx.Err() != nil {
			return Result{}, l.interrupt(t)
		}
		if err := t.Step(); err != nil {
			return Result{}, fmt.Errorf("training: %w", err)
		}
		entry, err := l.log(t)
		if err != nil {
			return Result{}, fmt.Errorf("training: %w", err)
		}
		if l.Observe != nil {
			l.Observe(t.StepsTaken(), entry)
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
	r, err := values(t.Objective, last)
	if err != nil {
		return err
	}
	if last {
		e.TrainLoss, t.end = &r.Train.Loss, &r
	}
	e.TestLoss, e.TestAccuracy = of(r.Test, e.Accuracy != nil)
	e.ValidLoss, e.ValidAccuracy = of(r.Valid, e.Accuracy != nil)
	return nil
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

// finish is the result of a run whose steps are taken.
func (t *Trainer) finish() (r Result, err error) {
	if t.end != nil {
		r = *t.end
	} else if r, err = values(t.Objective, true); err != nil { // resumed at its end
		return r, fmt.Errorf("training: %w", err)
	}
	r.Steps, r.ExampleGradients, r.Seconds = t.StepsTaken(), t.cost, t.Seconds()
	return r, nil
}

// Evaluate computes loss and accuracy of all parts at the parameters that an objective holds.
func Evaluate(f *objective.Objective) (Result, error) { return values(f, true) }

func values(f *objective.Objective, train bool) (r Result, err error) {
	if train {
		if r.Train, err = evaluate(f, objective.Train); err != nil {
			return r, err
		}
	}
	if r.Test, err = evaluateOptional(f, objective.Test); err == nil {
		r.Valid, err = evaluateOptional(f, objective.Valid)
	}
	return r, err
}

// evaluateOptional is nil for a part without examples.
func evaluateOptional(f *objective.Objective, part objective.Part) (*objective.Value, error) {
	if f.Examples(part) == 0 {
		return nil, nil
	}
	v, err := evaluate(f, part)
	return &v, err
}

func evaluate(f *objective.Objective, part objective.Part) (objective.Value, error) {
	v, err := f.Evaluate(f.All(part))
	if err == nil && (math.IsNaN(v.Loss) || math.IsInf(v.Loss, 0)) {
		err = fmt.Errorf("evaluating: %w", ErrNotFinite)
	}
	return v, err
}

// Resume brings the trainer to where the run in the folder stopped: to its checkpoint, or to its beginning where it has none.
func (t *Trainer) Resume(dir *rundir.Dir) error {
	var c counters
	vectors, found, err := dir.Load(&c)
	if err == nil && found {
		err = t.restore(c, vectors)
		if err == nil && c.Step > t.Options.Steps {
			err = fmt.Errorf("it has taken %d steps already, more than %d", c.Step, t.Options.Steps)
		}
	}
	if err != nil {
		return fmt.Errorf("resuming the run in %s: %w", dir.Path(), err)
	}
	return dir.Rewind(c.Step)
}
