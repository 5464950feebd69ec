package optim

import (
	"context"
	"errors"
	"fmt"
	"math"

	"drift/optim/objective"
	"drift/optim/rundir"
)

// Logging says how often things happen during a run, in steps; 0 is never. The last step is always logged and evaluated.
type Logging struct {
	LogEvery, EvalEvery, CheckpointEvery int
	Dir                                  *rundir.Dir // nil: nothing is kept
	// Observe, where given, is called after each step, with the entry that was logged for it or nil.
	Observe func(step int, logged *Entry)
}

// Result is how a run ended.
type Result struct {
	Steps            int              `json:"steps"`
	Train            objective.Value  `json:"train"`
	Test             *objective.Value `json:"test"` // nil without test examples
	ExampleGradients float64          `json:"example_gradients"`
	Seconds          float64          `json:"seconds"`
}

// ErrInterrupted ends a run that was asked to stop; its checkpoint is written.
var ErrInterrupted = errors.New("interrupted")

// longest is the number of steps after which a run looks whether its loss is finite, however seldom it logs.
const longest = 100

// Train takes the steps that are left of a run, and evaluates its end.
func Train(ctx context.Context, t *Trainer, l Logging) (Result, error) {
	for t.StepsTaken() < t.Settings.Steps {
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
		if step := t.StepsTaken(); due(step, l.CheckpointEvery) || step == t.Settings.Steps {
			if err := l.save(t); err != nil {
				return Result{}, err
			}
		}
	}
	return t.finish()
}

func due(step, every int) bool { return every > 0 && step%every == 0 }

// log looks at the loss, and writes an entry where one is due.
func (l Logging) log(t *Trainer) (*Entry, error) {
	step, last := t.StepsTaken(), t.StepsTaken() == t.Settings.Steps
	evaluate := due(step, l.EvalEvery) || last
	write := due(step, l.LogEvery) || evaluate
	if !write && !due(step, longest) && !due(step, l.CheckpointEvery) {
		return nil, nil
	}
	if err := t.synchronize(); err != nil {
		return nil, err
	}
	loss, accuracy, err := t.meter.mean()
	if err != nil {
		return nil, err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil, fmt.Errorf("the loss is not finite: it left all bounds in the %d steps before step %d: lower --lr, or add --clip or --warmup", t.meter.steps, step+1)
	}
	if !write {
		return nil, nil
	}
	e := &Entry{Step: step, Epoch: t.Epochs(), Loss: loss, Accuracy: accuracy, Rate: t.schedule.At(step - 1), Seconds: t.Seconds(),
		Numbers: t.direction.Metrics()}
	if e.GradNorm2, err = t.directionNorm2(); err != nil {
		return nil, err
	}
	if evaluate {
		if err := t.evaluate(e, last); err != nil {
			return nil, err
		}
	}
	if l.Dir != nil {
		if err := l.Dir.Log(e); err != nil {
			return nil, err
		}
	}
	return e, t.meter.reset()
}

// evaluate adds the loss over the test part, and after the last step over the training part too.
func (t *Trainer) evaluate(e *Entry, last bool) error {
	r, err := t.values(last)
	if err != nil {
		return err
	}
	if last {
		e.TrainLoss, t.end = &r.Train.Loss, &r
	}
	if r.Test != nil {
		e.TestLoss, e.TestAccuracy = &r.Test.Loss, &r.Test.Accuracy
	}
	return nil
}

// finish is the result of a run whose steps are taken.
func (t *Trainer) finish() (r Result, err error) {
	if t.end != nil {
		r = *t.end
	} else if r, err = t.values(true); err != nil { // resumed at its end
		return r, fmt.Errorf("training: %w", err)
	}
	r.Steps, r.ExampleGradients, r.Seconds = t.StepsTaken(), t.cost, t.Seconds()
	return r, nil
}

func (t *Trainer) values(train bool) (r Result, err error) {
	f := t.Objective
	if train {
		if r.Train, err = evaluate(f, objective.Train); err != nil {
			return r, err
		}
	}
	if f.Examples(objective.Test) > 0 {
		var test objective.Value
		if test, err = evaluate(f, objective.Test); err == nil {
			r.Test = &test
		}
	}
	return r, err
}

func evaluate(f *objective.Objective, part objective.Part) (objective.Value, error) {
	v, err := f.Evaluate(part, f.All(part))
	if err == nil && (math.IsNaN(v.Loss) || math.IsInf(v.Loss, 0)) {
		err = errors.New("evaluating: the loss is not finite: lower --lr, or add --clip or --warmup")
	}
	return v, err
}

func (l Logging) interrupt(t *Trainer) error {
	if err := l.save(t); err != nil {
		return err
	}
	if l.Dir == nil {
		return fmt.Errorf("training: %w after step %d of %d: nothing is kept without --out", ErrInterrupted, t.StepsTaken(), t.Settings.Steps)
	}
	return fmt.Errorf("training: %w after step %d of %d: go on with drift train --resume %s", ErrInterrupted, t.StepsTaken(), t.Settings.Steps, l.Dir.Path())
}

// save writes a checkpoint where there is a folder for it.
func (l Logging) save(t *Trainer) error {
	if l.Dir == nil {
		return nil
	}
	state, vectors, err := t.Snapshot()
	if err != nil {
		return fmt.Errorf("reading the state for a checkpoint: %w", err)
	}
	return l.Dir.Save(state, vectors)
}

// Resume brings a trainer to where the run in the folder stopped: to its checkpoint, or to its beginning where it has none.
func Resume(t *Trainer, dir *rundir.Dir) error {
	var c counters
	vectors, found, err := dir.Load(&c)
	if err == nil && found {
		err = t.restore(c, vectors)
	}
	if err != nil {
		return err
	}
	return dir.Rewind(c.Step)
}
