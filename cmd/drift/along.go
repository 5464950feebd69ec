package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"

	"github.com/spf13/pflag"
	"gonum.org/v1/gonum/floats"

	"drift/bench/report"
	"drift/bench/theory"
	"drift/data"
	"drift/graph/objective"
	"drift/graph/weights"
	"drift/optim"
	"drift/optim/rundir"
	"drift/optim/train"
)

// course is a training run followed by drift verify.
type course struct {
	Run    string         `json:"run"`
	Trend  theory.Trend   `json:"trend"`
	Stages []theory.Stage `json:"stages"`
	// Distance is ‖θ − θ_run‖ between the ends of the run when followed and when it was trained; nil where it left no weights.
	Distance *float64 `json:"distance"`
}

// shufflePairs is the pairs of opposite shuffles over which SGD is averaged at a stage.
const shufflePairs = 16

// follow trains the run of --along again and looks at some of its epochs.
func (v *verification) follow(ctx context.Context) (err error) {
	t, err := v.readTraining()
	if err != nil {
		return err
	}
	v.data, v.model, v.seed = t.data, t.model, t.seed
	v.options.Seed = t.seed
	p, err := t.open(t.app, t.init)
	if err != nil {
		return err
	}
	defer func() { err = closing(p, err) }()
	o, run, err := t.resolve(p.Examples(objective.Train))
	if err != nil {
		return err
	}
	rule, err := followable(p, o, run.Steps)
	if err != nil {
		return fmt.Errorf("following the run in %s: %w", v.along, err)
	}
	trainer, err := train.New(p.Objective, o, run)
	if err != nil {
		return err
	}
	defer trainer.Close()
	w, err := v.beside(ctx, p, t.chunk)
	if err != nil {
		return err
	}
	defer w.Close()
	course, checks, err := v.stagesOf(ctx, trainer, rule, w)
	if err == nil {
		err = course.compare(p, v.along)
	}
	if err != nil {
		return fmt.Errorf("following the run in %s: %w", v.along, err)
	}
	return v.deliver(checks, course)
}

// readTraining is the settings of the run, but for where it is computed.
func (v *verification) readTraining() (*training, error) {
	config, err := rundir.ReadConfig(v.along)
	if err != nil {
		return nil, fmt.Errorf("reading the run in %s: %w", v.along, err)
	}
	own := *v.app
	own.line = nil
	t := &training{app: &own}
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	own.globals(flags)
	t.flags(flags)
	if err := setFlags(config, flags); err != nil {
		return nil, fmt.Errorf("reading the run in %s: config.toml: %w", v.along, err)
	}
	own.threads, own.quiet, own.json = v.threads, v.quiet, v.json
	if v.given("device") {
		own.device = v.device
	}
	if v.dataDir != "" {
		t.dataDir = v.dataDir
	}
	return t, nil
}

// followable is the rule of a run, where the theory speaks of it.
func followable(p *problem, o optim.Optimizer, steps int) (rule optim.Heavy, err error) {
	n := p.Examples(objective.Train)
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
		return rule, errors.New("it clips gradients, which the theory does not describe: follow a run without --clip")
	case p.Examples(objective.Test) == 0:
		return rule, errors.New("its data have no test part, and so no generalization gap: follow a run on data with test=N")
	case steps < optim.BatchesPerEpoch(o, n):
		return rule, errors.New("it is shorter than an epoch: follow a longer one")
	}
	return rule, nil
}

// beside is a world in float64 over the run's data.
func (v *verification) beside(ctx context.Context, p *problem, chunk int) (*theory.World, error) {
	split := data.Split{Train: p.Data(objective.Train), Test: p.Data(objective.Test)}
	return theory.NewWorld(ctx, p.device, p.Model, &split, make([]float64, p.NumParams()), chunk)
}

// stagesOf trains to the end, and looks at the chosen epochs on the way.
func (v *verification) stagesOf(ctx context.Context, t *train.Trainer, rule optim.Heavy, w *theory.World) (*course, []theory.Check, error) {
	steps, epoch := t.Options.Steps, optim.BatchesPerEpoch(t.Optimizer, len(w.Train))
	_, batch := t.Optimizer.Batches(len(w.Train))
	o := observer{World: w, trainer: t, options: v.options, run: &course{Run: v.along}, legs: chooseLegs(steps, epoch, v.stages)}
	o.course = theory.Course{Descent: theory.Descent{MomentumWeights: rule.MomentumWeights()}, WeightDecay: rule.WeightDecay, Batch: batch, ShufflePairs: shufflePairs}
	show := v.progress("following the run", "steps", steps)
	defer show.Close()
	for {
		if err := o.look(); err != nil {
			return nil, nil, err
		}
		if t.StepsTaken() == steps {
			o.run.Trend = theory.NewTrend(o.run.Stages)
			return o.run, o.checks, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err := t.Step(); err != nil {
			return nil, nil, err
		}
		show.Set(t.StepsTaken(), "")
	}
}

// observer looks at a run between its steps.
type observer struct {
	*theory.World
	trainer *train.Trainer
	course  theory.Course
	options theory.Options
	legs    [][]int    // steps at which to look, the current leg's first
	leg     theory.Leg // what was seen of that leg
	run     *course
	checks  []theory.Check
}

// look notes the parameters where the current leg wants them. At its end it finds out what the leg shows, and starts the next one,
// which may begin at the same step.
func (o *observer) look() error {
	step := o.trainer.StepsTaken()
	for len(o.legs) > 0 && slices.Contains(o.legs[0], step) {
		theta := make([]float64, o.Parameters())
		if err := o.trainer.Objective.Parameters().Read(theta); err != nil {
			return err
		}
		o.leg.Steps, o.leg.Theta = append(o.leg.Steps, step), append(o.leg.Theta, theta)
		o.leg.Rates = append(o.leg.Rates, o.trainer.RateAt(step))
		if step < o.legs[0][len(o.legs[0])-1] {
			return nil
		}
		stage, err := o.Along(o.course, o.leg, o.options.Seed)
		if err != nil {
			return err
		}
		local, err := theory.Local(o.World, o.options, fmt.Sprintf("step %d", stage.Step))
		if err != nil {
			return err
		}
		o.run.Stages, o.checks = append(o.run.Stages, stage), append(o.checks, local...)
		o.leg, o.legs = theory.Leg{}, o.legs[1:]
	}
	return nil
}

// chooseLegs spreads so many whole epochs of m steps evenly over a run, each as the steps at which it is looked at.
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

// compare finds how far from the run's own weights the followed one has ended.
func (c *course) compare(p *problem, folder string) error {
	theirs, err := weights.Load(folder+"/"+rundir.WeightsName, p.Model.Params(), p.DType())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	ours := make([]float64, len(theirs))
	if err := p.Parameters().Read(ours); err != nil {
		return err
	}
	distance := floats.Distance(ours, theirs, 2)
	c.Distance = &distance
	return nil
}

func (c *course) show(w io.Writer) error {
	fmt.Fprintf(w, "\nAlong the run in %s:\n", c.Run)
	if _, err := theory.StageTable(c.Stages).WriteTo(w); err != nil {
		return err
	}
	t := c.Trend
	fmt.Fprintf(w, "\nDrift of the gap an epoch: measured = %s times predicted, R² = %s.\n", report.Format(t.Slope), report.Format(t.R2))
	fmt.Fprintf(w, "‖∂tr Σ‖ is at most %.3g times its first size.\n", t.Growth)
	fmt.Fprintf(w, "The regularizer explains %s of the displacement between GD and SGD in the mean.\n", percent(t.Explained))
	fmt.Fprintf(w, "η is too large for an expansion at %d of %d stages.\n", t.TooLarge, len(c.Stages))
	if c.Distance != nil {
		fmt.Fprintf(w, "The run when followed ends at a distance of %.3g from the weights that it left.\n", *c.Distance)
	}
	return nil
}

// percent is a share for people.
func percent(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return report.Format(math.Round(100*x)) + " %"
}
