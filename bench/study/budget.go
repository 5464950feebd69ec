package study

import (
	"context"
	"fmt"
	"math"
	"strings"

	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// Budget is the length of every run of a task, by the one of its numbers that is given. Runs of optimizers with other batches or costlier
// steps then differ in the others.
type Budget struct {
	Updates   int     `toml:"updates" json:"updates,omitempty"`
	Gradients float64 `toml:"gradients" json:"gradients,omitempty"` // of one example
	Passes    float64 `toml:"passes" json:"passes,omitempty"`       // over the training examples
	Seconds   float64 `toml:"seconds" json:"seconds,omitempty"`     // of training, evaluation left out
}

// String is "3,000 updates" and the like.
func (b Budget) String() string {
	var parts []string
	for _, p := range b.parts() {
		if p.value != 0 {
			parts = append(parts, fmt.Sprintf("%v %s", p.value, p.unit))
		}
	}
	return strings.Join(parts, ", ")
}

type budgetPart struct {
	unit  string
	value float64
}

func (b Budget) parts() []budgetPart {
	return []budgetPart{{"updates", float64(b.Updates)}, {"gradients", b.Gradients}, {"passes", b.Passes}, {"seconds", b.Seconds}}
}

func (b Budget) check() error {
	given := 0
	for _, p := range b.parts() {
		if p.value < 0 || notFinite(p.value) {
			return fmt.Errorf("a budget of %v %s: give a finite number above 0", p.value, p.unit)
		}
		if p.value > 0 {
			given++
		}
	}
	if given != 1 {
		return fmt.Errorf("the budget names %d of updates, gradients, passes and seconds: give one, above 0", given)
	}
	return nil
}

// calibration is the share of a budget in seconds that finds out how long a step takes.
const calibration = 0.05

// steps is the length of an optimizer's run, which starts at the first weights start.
func (b Budget) steps(ctx context.Context, f *objective.Objective, o optim.Optimizer, seed uint64, start []float64) (int, error) {
	switch {
	case b.Updates > 0:
		return b.Updates, nil
	case b.Passes > 0:
		return train.Options{Epochs: b.Passes}.Length(o, f.Examples(objective.Train))
	}
	if err := f.Parameters().Write(start); err != nil {
		return 0, err
	}
	t, err := train.New(f, o, train.Options{Seed: seed})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	steps := b.Gradients / t.StepCost()
	if b.Seconds > 0 {
		steps, err = b.timed(ctx, t)
	}
	return int(math.Max(1, math.Min(math.Round(steps), 1<<40))), err
}

// timed is the steps that fit into the seconds, after how long some of them take. The first is left out: it warms up.
func (b Budget) timed(ctx context.Context, t *train.Trainer) (float64, error) {
	if err := t.Step(); err != nil {
		return 0, err
	}
	before, taken := t.Seconds(), 0
	for t.Seconds()-before < calibration*b.Seconds && ctx.Err() == nil {
		if err := t.Step(); err != nil {
			return 0, err
		}
		taken++
		if err := t.Objective.Device().Synchronize(); err != nil {
			return 0, err
		}
	}
	return b.Seconds / math.Max(1e-9, t.Seconds()-before) * float64(taken), nil
}
