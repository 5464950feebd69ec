package train

import (
	"fmt"
	"maps"
	"math"

	"drift/optim/rundir"
)

// Logging says how often things happen during a run, in steps; 0 is never. The last step is always logged and evaluated.
type Logging struct {
	LogEvery, EvalEvery, CheckpointEvery int
	Dir                                  *rundir.Dir // nil: nothing is kept
	// Observe, where given, is called after each step, with the entry that was logged for it or nil.
	Observe func(step int, logged *Entry)
	// Improved, where given, is called when an evaluation has found the least validation loss so far: Trainer.Best holds the parameters.
	Improved func(Best) error
}

// longest is the number of steps after which a run looks whether its loss is finite, however seldom it logs.
const longest = 100

func due(step, every int) bool { return every > 0 && step%every == 0 }

// log looks at the loss, and writes an entry where one is due.
func (l Logging) log(t *Trainer) (*Entry, error) {
	step := t.StepsTaken()
	evaluate := due(step, l.EvalEvery) || step == t.Options.Steps
	measure := t.probe != nil && t.probe.budget.due(step)
	write := due(step, l.LogEvery) || evaluate || measure
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
		return nil, fmt.Errorf("%w: the run diverged in the %d steps before step %d", ErrNotFinite, t.meter.steps, step+1)
	}
	if !write {
		return nil, nil
	}
	e, err := t.entry(loss, accuracy, measure, evaluate)
	if err != nil {
		return nil, err
	}
	if l.Dir != nil {
		if err := l.Dir.Log(e); err != nil {
			return nil, err
		}
		if err := l.distributions(t, measure); err != nil {
			return nil, err
		}
	}
	return e, t.meter.reset()
}

// entry is the line of the log for the step just taken, with the probe's and the test part's numbers where they are wanted.
func (t *Trainer) entry(loss, accuracy float64, measure, evaluate bool) (*Entry, error) {
	step := t.StepsTaken()
	e := &Entry{Step: step, Epoch: t.Epochs(), Loss: loss, Rate: t.RateAt(step - 1), Seconds: t.Seconds()}
	if t.Objective.Scored() {
		e.Accuracy = &accuracy
	}
	var err error
	if e.Numbers, err = t.direction.Metrics(); err != nil {
		return nil, fmt.Errorf("the direction's own numbers: %w", err)
	}
	if e.GradNorm2, err = t.directionNorm2(); err != nil {
		return nil, err
	}
	if math.IsNaN(e.GradNorm2) || math.IsInf(e.GradNorm2, 0) {
		return nil, fmt.Errorf("%w, or the gradient: its squared norm is not at step %d", ErrNotFinite, step)
	}
	if measure {
		if err := t.measure(e); err != nil {
			return nil, err
		}
	}
	if evaluate {
		return e, t.evaluate(e, step == t.Options.Steps)
	}
	return e, nil
}

// measure adds the probe's numbers to those of the direction, which are of the examples that it stepped by.
func (t *Trainer) measure(e *Entry) error {
	numbers := map[string]float64{}
	if err := t.probe.measure(e.Step, numbers); err != nil {
		return err
	}
	maps.Copy(numbers, e.Numbers)
	e.Numbers = numbers
	return nil
}

// observed passes on what was found of the step just taken.
func (l Logging) observed(t *Trainer, e *Entry) error {
	if l.Observe != nil {
		l.Observe(t.StepsTaken(), e)
	}
	if best := t.best.result(); l.Improved != nil && e != nil && best != nil && best.Step == t.StepsTaken() {
		return l.Improved(*best)
	}
	return nil
}

func (l Logging) interrupt(t *Trainer) error {
	if err := l.save(t); err != nil {
		return err
	}
	stopped := Interruption{Step: t.StepsTaken(), Of: t.Options.Steps}
	if l.Dir != nil {
		stopped.Dir = l.Dir.Path()
	}
	return stopped
}

// save writes a checkpoint where there is a folder for it.
func (l Logging) save(t *Trainer) error {
	if err := t.Objective.SameParameters(); err != nil {
		return fmt.Errorf("training: after step %d: %w", t.StepsTaken(), err)
	}
	if l.Dir == nil {
		return nil
	}
	state, vectors, err := t.Snapshot()
	if err != nil {
		return fmt.Errorf("reading the state for a checkpoint: %w", err)
	}
	return l.Dir.Save(state, vectors)
}
