package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/progress"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/report"
	"drift/bench/theory"
	"drift/data"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// verification is drift verify.
type verification struct {
	*app
	task
	fromRun
	weights, out, along string
	stages              int
	options             theory.Options
	plan                *theory.Plan // where --within chose one
	network             objective.Model
}

const verifyLong = `verify puts the theory of "SGD Implicitly Regularizes Generalization Error" (Roberts 2021) to the
test, equation by equation, on a network and a data set, and its closed forms on a linear model.

Means over subsets and shuffles are exact, over all subsets and shuffles of the first --examples
training examples, or, to the order of η in question, for 8 examples in more than two batches: over
56 shuffles in which every pair of examples stands at every pair of places once. The other training examples stand for the data distribution in means over data
sets. If a statement claims an order in the learning rate η, the slope of its error over --rates rates
a factor 2 apart is shown beside the claimed one, without rates at which rounding dominates. Means
over random draws come with z, their distance from the prediction in standard errors. Controls are
wrong statements that must be rejected. Everything is computed in float64.

Where all of this would take a core longer than --within, there are fewer examples, batches and draws,
and groups of checks for which there is no time are left out, and named. The estimate is of 4·10⁹
multiplications a second, so that every machine does the same. --examples, --batches, --momenta, --rates
or --draws lift the limit, and so does --within 0.

--along trains a run that drift train has kept once more and stops at --stages of its epochs to
measure: the drift of the generalization gap beside its prediction; the growth of ∂tr Σ; the share of
the displacement between GD and SGD that the regularizer explains, and the share that drift and
diffusion explain to second order in the noise, from a few shuffles expanded around GD's path; the
share of pairs of an example and a unit with a kink (ReLU, max pooling) that change side in an update and
in the epoch; and whether η is too large for an expansion. The checks of one and two updates are repeated there.

The folder --out gets verify.json, verify.csv and the figures slopes and agreement as PNG and SVG.
The exit status is 1 if a check fails. One for which rounding, or kinks that are crossed, leave too few
learning rates is open: it neither passes nor fails.`

const verifyExample = `  drift verify
  drift verify --data fashion-mnist,train=256,test=256 --model mlp:16,act=tanh
  drift verify --model lenet --examples 6 --batches 2,3,6
  drift verify --data gaussian --model linear --json -
  drift train --data glyphs,train=500,label-noise=0.2 --model mlp:32,act=tanh --epochs 40 --out run && drift verify --along run`

func (a *app) verifyCommand() *cobra.Command {
	v := &verification{app: a}
	cmd := &cobra.Command{
		Use: "verify", Short: "Check the theory, equation by equation, on a network and a data set", Long: verifyLong, Example: verifyExample,
		Args: noArguments, RunE: func(cmd *cobra.Command, _ []string) error { return v.verify(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	v.fromRun.flags(flags)
	v.task.flags(flags, "glyphs,train=256,test=256", "mlp:8,act=tanh")
	v.partsFlag(flags)
	flags.StringVar(&v.weights, "weights", "", "check at the weights in this `file` (safetensors, or PyTorch's .pt, .pth) instead of the initial ones")
	v.namesFlag(flags)
	cmdline.Add(flags, &v.options.Examples, "examples", 8, "number of training examples whose subsets and shuffles are enumerated", "int", cmdline.AtLeast(4))
	cmdline.AddList(flags, &v.options.Batches, "batches", []int{2, 4, 8}, "`numbers` of batches in an epoch of these examples", "ints", cmdline.AtLeast(2))
	cmdline.AddList(flags, &v.options.Momenta, "momenta", []float64{0.5, 0.9}, "momentum `coefficients` to check", "floats", cmdline.Fraction)
	cmdline.Add(flags, &v.options.Rates, "rates", 6, "number of learning rates for a slope", "int", cmdline.AtLeast(5))
	cmdline.Add(flags, &v.options.Draws, "draws", 4000, "number of random draws for means that cannot be enumerated", "int", cmdline.AtLeast(100))
	flags.DurationVar(&v.options.Within, "within", 5*time.Minute, "time that the checks may take a core, by an estimate (0: as long as they take)")
	flags.StringVar(&v.along, "along", "", "train the run in this `folder` again and measure along it")
	cmdline.Add(flags, &v.stages, "stages", 10, "number of epochs of that run to measure at", "int", cmdline.AtLeast(1))
	flags.StringVar(&v.out, "out", "out", "`folder` for results, which replace older ones there")
	return cmd
}

func (v *verification) verify(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if err := v.aside(&v.out); err != nil {
		return err
	}
	if v.given("dtype") && v.dtype != kernels.Float64 {
		return usagef("--dtype %v: the checks need float64: leave it out", v.dtype)
	}
	if v.run != "" && v.along != "" {
		return usagef("--run checks at the weights of a run and --along follows it: leave one out")
	}
	if v.weights, err = v.weightsOf(v.weights, flags); err != nil {
		return err
	}
	v.options.Seed = v.seed
	if err := v.limit(flags); err != nil {
		return err
	}
	if err := v.options.Check(); err != nil {
		return usagef("%w", err)
	}
	if v.along != "" {
		return v.follow(ctx, flags)
	}
	w, dev, err := v.world(ctx)
	if err != nil {
		return err
	}
	defer func() { err = closing(dev, err) }()
	defer w.Close()
	if err := v.prepare(); err != nil {
		return err
	}
	var show *progress.Display
	failed := 0
	v.options.Progress = func(done, all int, next string) {
		if show == nil {
			show = v.progress("checking", "groups of checks", all)
		}
		if failed > 0 {
			next += fmt.Sprintf(", %d failed", failed)
		}
		show.Set(done, next)
	}
	v.options.Checked = func(c theory.Check) {
		if !c.Control {
			show.Point("relative error", c.RelativeError)
		}
		if !c.Pass && !c.Open {
			failed++
		}
	}
	checks, err := theory.Run(w, v.options)
	show.Close()
	if err != nil {
		return err
	}
	v.chunk = w.Chunk()
	return v.deliver(flags, checks, nil)
}

// prepare makes the folder for results, once data and network are known to work.
func (v *verification) prepare() error { return prepareFolder(v.out, "verify.json") }

// planned are the flags that --within takes the place of.
var planned = []string{"examples", "batches", "momenta", "rates", "draws"}

// limit lifts the limit of time where options say what to do, and refuses one that is given beside them.
func (v *verification) limit(flags *pflag.FlagSet) error {
	for _, name := range append([]string{"along"}, planned...) {
		switch {
		case !flags.Changed(name):
		case flags.Changed("within"):
			return usagef("--within chooses what --%s says: leave one out", name)
		default:
			v.options.Within = 0
		}
	}
	v.options.Planned = func(p theory.Plan) {
		v.plan = &p
		v.note(p.Lines()...)
	}
	return nil
}

// settled are the settings that do the same again.
func (v *verification) settled() map[string]any {
	changes := map[string]any{"weights": v.weights}
	if v.along != "" {
		changes = map[string]any{"along": v.along, "data": nil, "model": nil}
	} else {
		changes["chunk"] = v.chunk
	}
	if v.options.Within > 0 {
		for _, name := range planned {
			changes[name] = nil
		}
	} else {
		changes["within"] = nil
	}
	return changes
}

// world puts the task on the device in float64.
func (v *verification) world(ctx context.Context) (*theory.World, kernels.Device, error) {
	split, model, err := v.load(v.app, v.seed)
	if err != nil {
		return nil, nil, err
	}
	v.network = model
	dev, err := v.openDevice()
	if err != nil {
		return nil, nil, err
	}
	w, err := v.worldOn(ctx, dev, split, model)
	if err != nil {
		return nil, nil, closing(dev, err)
	}
	return w, dev, nil
}

// worldOn is the world at the weights of --weights, or at those that training starts from.
func (v *verification) worldOn(ctx context.Context, dev kernels.Device, split *data.Split, model *nn.Model) (*theory.World, error) {
	if err := objective.Fits(dev, model, kernels.Float64); err != nil { // before the weights are drawn
		return nil, err
	}
	values, err := objective.Draw(model, v.seed), v.noNames()
	if v.weights != "" {
		values, _, err = v.read(v.weights, objective.Tensors(model), kernels.Float64)
	}
	if err != nil {
		return nil, err
	}
	options, err := v.division(v.app, objective.Options{Chunk: v.chunk})
	if err != nil {
		return nil, err
	}
	return theory.NewWorld(ctx, dev, model, split, values, options)
}

// verdict is the result of drift verify.
type verdict struct {
	Checks []theory.Check   `json:"checks"`
	Data   string           `json:"data"`
	Model  string           `json:"model"`
	Seed   uint64           `json:"seed"`
	Passed int              `json:"passed"`
	Failed int              `json:"failed"`
	Open   int              `json:"open"`
	Along  *theory.Followed `json:"along,omitempty"`
	Plan   *theory.Plan     `json:"plan,omitempty"`
	origin
}

func (v *verification) deliver(flags *pflag.FlagSet, checks []theory.Check, run *theory.Followed) error {
	again, err := v.app.origin(flags, v.network, v.settled())
	if err != nil {
		return err
	}
	result := verdict{Checks: checks, Data: v.data, Model: v.model, Seed: v.seed, Along: run, Plan: v.plan, origin: again}
	for _, c := range checks {
		switch {
		case c.Pass:
			result.Passed++
		case c.Open:
			result.Open++
		default:
			result.Failed++
		}
	}
	figures := map[string]report.Figure{"slopes": theory.Slopes(checks), "agreement": theory.Agreement(checks)}
	if run != nil {
		figures["along"] = theory.StageFigure(run.Stages)
	}
	written := v.write(result, figures) // before the tables, which a closed pipe may end
	if err := errors.Join(v.show(result), written); err != nil {
		return err
	}
	v.tellFolder("Figures and numbers", v.out)
	if err := v.writeJSON(result); err != nil {
		return err
	}
	if result.Failed > 0 {
		return fmt.Errorf("checking the theory: %d of %d checks fail: the table shows which", result.Failed, len(checks))
	}
	return nil
}

// write fills the folder for results.
func (v *verification) write(result verdict, figures map[string]report.Figure) error {
	files := map[string]func(io.Writer) error{
		"verify.json": func(w io.Writer) error { return encodeJSON(w, result) },
		"verify.csv":  theory.List(result.Checks).WriteCSV,
	}
	for name, figure := range figures {
		files[name+".png"], files[name+".svg"] = figure.WritePNG, figure.WriteSVG
	}
	return writeFiles(v.out, elsewhere, files)
}

// show prints the table by equation, what else was found, and the stages of a run.
func (v *verification) show(result verdict) error {
	if _, err := theory.Table(result.Checks).WriteTo(v.human()); err != nil {
		return err
	}
	fmt.Fprintln(v.human())
	for _, note := range theory.Notes(result.Checks) {
		fmt.Fprintln(v.human(), note)
	}
	if result.Along != nil {
		if err := result.Along.Write(v.human()); err != nil {
			return err
		}
	}
	open := ""
	if result.Open > 0 {
		open = fmt.Sprintf("; open: %d, where rounding and kinks leave too few learning rates for a slope", result.Open)
	}
	_, err := fmt.Fprintf(v.human(), "\n%d of %d checks pass%s.\n", result.Passed, len(result.Checks), open)
	return err
}
