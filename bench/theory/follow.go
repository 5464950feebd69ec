package theory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"drift/graph/objective"
	"drift/optim"
	"drift/optim/train"
)

// Following is a training run taken again, step by step, with a look at some of its epochs.
type Following struct {
	World   *World // in float64 over the run's data
	Trainer *train.Trainer
	Options Options // of the checks that are repeated at each stage
	Stages  int     // most epochs to look at
	// Progress, where given, hears the steps taken.
	Progress func(step int)
	// Looked, where given, hears of each epoch that was looked at.
	Looked func(Stage)
}

// shufflePairs is the pairs of opposite shuffles over which SGD is averaged at a stage; of each half of them, a number are expanded in
// their noise.
const (
	shufflePairs  = 16
	expandedPairs = 2
)

// Followable is an optimizer's rule, where the theory speaks of a run of n steps on an objective.
func Followable(f *objective.Objective, o optim.Optimizer, steps int) (rule optim.Heavy, err error) {
	switch o := o.(type) {
	case optim.SGD:
		rule = o.Heavy
	case optim.GD:
		rule = o.Heavy
	default:
		return rule, fmt.Errorf("its optimizer is %s: the checks follow sgd and gd", optim.NameOf(o))
	}
	switch {
	case rule.Clip > 0:
		return rule, errors.New("it clips gradients, which the theory does not describe: follow a run that does not")
	case f.Examples(objective.Test) == 0:
		return rule, errors.New("its data have no test part, and so no generalization gap: follow a run on data that have one")
	case steps < optim.BatchesPerEpoch(o, f.Examples(objective.Train)):
		return rule, errors.New("it is shorter than an epoch: follow a longer one")
	}
	return rule, nil
}

// Run trains to the end, and returns what the epochs looked at show, with the checks repeated at each.
func (f Following) Run(ctx context.Context) (stages []Stage, checks []Check, err error) {
	t, n := f.Trainer, len(f.World.Train)
	rule, err := Followable(t.Objective, t.Optimizer, t.Options.Steps)
	if err != nil {
		return nil, nil, err
	}
	_, batch := t.Optimizer.Batches(n)
	o := observer{Following: f, legs: chooseLegs(t.Options.Steps, optim.BatchesPerEpoch(t.Optimizer, n), f.Stages),
		course: Course{Descent: Descent{MomentumWeights: rule.MomentumWeights()}, WeightDecay: rule.WeightDecay, Batch: batch, ShufflePairs: shufflePairs, Paths: expandedPairs}}
	for {
		if err := o.look(); err != nil {
			return nil, nil, err
		}
		if t.StepsTaken() == t.Options.Steps {
			return o.stages, o.checks, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := t.Step(); err != nil {
			return nil, nil, err
		}
		if f.Progress != nil {
			f.Progress(t.StepsTaken())
		}
	}
}

// observer looks at a run between its steps.
type observer struct {
	Following
	course Course
	legs   [][]int // steps at which to look, the current leg's first
	leg    Leg     // what was seen of that leg
	stages []Stage
	checks []Check
}

// look notes the parameters where the current leg wants them. At its end it finds out what the leg shows, and starts the next one,
// which may begin at the same step.
func (o *observer) look() error {
	step := o.Trainer.StepsTaken()
	for len(o.legs) > 0 && slices.Contains(o.legs[0], step) {
		theta := make([]float64, o.World.Parameters())
		if err := o.Trainer.Objective.Parameters().Read(theta); err != nil {
			return err
		}
		o.leg.Steps, o.leg.Theta = append(o.leg.Steps, step), append(o.leg.Theta, theta)
		o.leg.Rates = append(o.leg.Rates, o.Trainer.RateAt(step))
		if step < o.legs[0][len(o.legs[0])-1] {
			return nil
		}
		stage, err := o.World.Along(o.course, o.leg, o.Options.Seed)
		if err != nil {
			return err
		}
		local, err := Local(o.World, o.Options, fmt.Sprintf("step %d", stage.Step))
		if err != nil {
			return err
		}
		o.stages, o.checks = append(o.stages, stage), append(o.checks, local...)
		if o.Options.tell(local); o.Looked != nil {
			o.Looked(stage)
		}
		o.leg, o.legs = Leg{}, o.legs[1:]
	}
	return nil
}

// chooseLegs spreads count whole epochs of m steps evenly over a run, each as the steps at which it is looked at.
func chooseLegs(steps, m, count int) [][]int {
	const parts = 4 // of an epoch, between which its drift is integrated
	epochs := steps / m
	var legs [][]int
	for k := range min(count, epochs) {
		start := m * (k * epochs / min(count, epochs))
		var leg []int
		for j := range parts + 1 {
			if at := start + j*m/parts; len(leg) == 0 || at > leg[len(leg)-1] {
				leg = append(leg, at)
			}
		}
		legs = append(legs, leg)
	}
	return legs
}
