package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"drift/cmd/drift/internal/cmdline"
	"drift/cmd/drift/internal/progress"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/compare"
	"drift/bench/study"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/options"
	"drift/optim/train"
)

// comparison is drift compare.
type comparison struct {
	*app
	shard study.Shard
	task
	recipe
	optimizers           []cmdline.Choice
	seeds, pairs, points int
	paths                int
	trials, total        int // total updates of all runs
	examples             int // of the training part
	out, resume, address string
	force                bool
	model                *nn.Model
	kept                 *study.Store
}

const compareLong = `compare trains the same network with several optimizers over several seeds, and prints means
with 95 % confidence intervals (Student's t). With --steps all optimizers take the same number of
updates; with --epochs each passes over the training examples that often, in its own batches, so
that an optimizer that takes all examples at once makes one update an epoch.
A seed decides data, label noise, first weights and batches; all optimizers share them.

The columns: test accuracy, test loss, train loss (over all training examples, after the last
update), gap (test loss − train loss), example gradients (the cost in gradients of one example;
the exact ∂tr Σ counts as two), seconds, and drift explained: over one epoch from the same start,
1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ with ⟨θ_sgd⟩ the mean over shuffles. It is 1 where the
regularized descent ends at the mean of SGD, and 0 where it ends no nearer to it than plain descent.
It is shown where sgd, gd and gd-reg are compared at one learning rate, sgd shuffles, and gd-reg
follows its batches. It needs a smooth network: a step that crosses a kink of relu or max pooling
is not captured by derivatives of tr Σ, and that can be most of the drift.

Below the table: how much of the same distance the theory explains to second order in the noise of
batches and to all orders in the learning rate, expanded around GD's path: by drift, by diffusion
(the spread of SGD times third derivatives of the loss) and by both; and by both when expanded
around SGD's own mean, which is of the same order and holds further. Neither needs SGD to be run.
What both leave is shown in two parts, of odd and of even order in the noise, told apart by shuffles
whose noise has the opposite sign. With relu or max pooling it is also shown how much crossed kinks
contribute: the difference from SGD with every unit held, for each example, on the side of its kink
on which it is along GD's path; and how much of what that SGD does is explained. Of the pairs of
shuffles, --paths are expanded. A few are enough, because the difference between SGD and its expansion on the
same shuffle varies little; each costs a second and a third derivative of the whole loss a step. Where what is left
is shorter than its noise, it says "not resolved", with a bound: more --paths tell it.
Optimizers that clip have no expansion. It fails where the learning rate times the largest
eigenvalue of the Hessian nears 1.

With --tune N every optimizer is first given N trials over its own settings, and compared at the best
of them by the loss on a fifth of the training examples, which is held out (or on the validation part,
where the data have one). The three best are run again on two more seeds, and the one chosen whose loss
exceeds the best of them on the same seed least, by mean plus standard deviation; one that diverges on
any seed is out. The search goes over the learning rate,
from a tenth of --lr to ten times it; for gd-reg, sgd-reg and gd-noise over the batch size that they
follow, from an eighth to twice; for sigma-inverse over the damping, from a hundredth to ten times;
for adamw over the weight decay, from a tenth to ten times.

The folder --out gets compare.json, compare.csv, runs.csv (every run), compare.png and config.toml,
which runs the experiment again with --config. Results there that have other settings are replaced
only with --force. However a comparison ends, by kill -9 too, --resume continues it and comes to the
same results; until they are written, finished runs and trials are kept in the folder finished/
inside it. --shard 3/16 does every 16th seed, from the third (counted from 0) on, and writes no
results: several processes may work in one folder, on machines that share it, with the same settings,
and --resume merges. With --tune they share the trials: each begins with its own, takes those that others
have finished, and does what is missing. A run that diverges ends early, and its optimizer then has no means.`

const compareExample = `  drift compare
  drift compare --seeds 10 --steps 5000 --out long
  drift compare --resume long
  drift compare --data fashion-mnist,train=500,test=2000,label-noise=0.2 --model mlp:256 --lr 0.1 --batch 10
  drift compare --optimizers sgd,gd,gd-reg,gd-noise,sigma-inverse --tune 8 --steps 1000
  drift compare --optimizers sgd,adamw,sam:batch=50 --epochs 20   # each passes over the data 20 times
  drift compare --optimizers sgd,sgd:momentum=0.9:lr=0.01,adamw:lr=0.002,sgd-reg:batch=50
  drift compare --optimizers sgd,gd --model cnn --data glyphs,train=1000 --json -`

func (a *app) compareCommand() *cobra.Command {
	c := &comparison{app: a}
	cmd := &cobra.Command{
		Use: "compare", Short: "Train one network with several optimizers over several seeds", Long: compareLong, Example: compareExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && slices.Contains(optim.Names(), args[0]) {
				return usagef("%s takes no argument %q: put commas between names, without spaces", cmd.CommandPath(), args[0])
			}
			return noArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context(), cmd.Flags()) },
	}
	flags := cmd.Flags()
	c.task.flags(flags, "glyphs,train=500,test=2000,label-noise=0.2", "mlp:64,act=tanh")
	c.partsFlag(flags)
	cmdline.AddList(flags, &c.optimizers, "optimizers", []cmdline.Choice{{Name: "sgd"}, {Name: "gd"}, {Name: "gd-reg"}, {Name: "sigma-inverse", Options: [][2]string{{"lr", "0.02"}, {"damping", "5"}}}},
		"`names` to compare, of "+strings.Join(optim.Names(), ", ")+"; NAME:OPTION=VALUE:… gives one options of its own", "names", cmdline.ParseChoice)
	cmdline.Add(flags, &c.seeds, "seeds", 5, "number of seeds, from --seed on", "int", cmdline.AtLeast(1))
	c.recipe.flags(flags, map[string]string{"batch": "10"}, train.Options{Steps: 3000})
	cmdline.Add(flags, &c.pairs, "shuffles", 32, "pairs of opposite shuffles for drift explained, at least 2 (0: leave it out)", "int", shuffles)
	cmdline.Add(flags, &c.paths, "paths", 3, "of these pairs, how many are expanded in their noise, at least 2 (0: none)", "int", shuffles)
	cmdline.Add(flags, &c.trials, "tune", 0, "trials of each optimizer over its own settings before the comparison (0: none)", "int", cmdline.AtLeast(0))
	cmdline.Add(flags, &c.points, "points", 40, "points of a learning curve", "int", cmdline.AtLeast(1))
	serveFlag(flags, &c.address)
	flags.StringVar(&c.out, "out", "out", "`folder` for results, which replace those of the same settings there")
	flags.BoolVar(&c.force, "force", false, "replace results of other settings too")
	flags.StringVar(&c.resume, "resume", "", "go on with the comparison in this `folder`, with its settings")
	cmdline.Add(flags, &c.shard, "shard", study.Shard{}, "do only every n-th seed, from the i-th on, and write no results: `i/n`", "i/n", study.ParseShard)
	return cmd
}

func (c *comparison) run(ctx context.Context, flags *pflag.FlagSet) (err error) {
	if err := c.copies(); err != nil {
		return err
	}
	page, err := c.serve(c.address, cmp.Or(c.resume, c.out))
	if err != nil {
		return err
	}
	defer func() { err = closing(page, err) }()
	lock, err := c.folder(flags)
	if err != nil {
		return err
	}
	defer func() { err = closing(lock, err) }()
	about, err := c.about(flags)
	if err != nil {
		return err
	}
	e := compare.Experiment{Open: c.problem, Entries: c.each, Points: c.points, Pairs: c.pairs, Paths: c.paths, Trials: c.trials, OpenTuning: c.tuning, Kept: c.kept,
		SoFar: c.soFar(about), Shard: c.shard}
	if c.shard.Of > 0 {
		e.SoFar = nil
	}
	for i := range c.seeds {
		e.Seeds = append(e.Seeds, c.seed+uint64(i))
	}
	var show *progress.Display
	e.Observe = func(n study.News) {
		if show == nil {
			var names []string
			for _, choice := range c.optimizers {
				names = append(names, choice.Name)
			}
			c.note(c.options.Idle(c.given, names...)...)
			show = c.progress("comparing", "updates", c.total)
		}
		tell(show, n)
	}
	outcome, err := e.Run(ctx)
	show.Close()
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("comparing: %w: go on with drift compare --resume %s", train.ErrInterrupted, c.out)
	}
	if err != nil {
		return fmt.Errorf("comparing: %w", err)
	}
	if c.shard.Of > 0 {
		fmt.Fprintf(c.human(), "Shard %s is done: drift compare --resume %s merges all\n", c.shard, c.out)
		return nil
	}
	return c.deliver(about, outcome)
}

// problem is the task with data and first weights of a seed.
func (c *comparison) problem(seed uint64) (*objective.Objective, io.Closer, error) {
	return c.place(seed, false)
}

// tuning is the problem of a seed with a fifth of the training examples, or the validation part, in place of the test part.
func (c *comparison) tuning(seed uint64) (*objective.Objective, io.Closer, error) {
	return c.place(seed, true)
}

func (c *comparison) place(seed uint64, tuning bool) (*objective.Objective, io.Closer, error) {
	own := *c.app
	own.seed = seed
	split, model, err := c.load(c.app, seed)
	if err != nil {
		return nil, nil, err
	}
	c.model = model
	if err := c.count(split.Train.Len()); err != nil {
		return nil, nil, err
	}
	if tuning {
		if split, err = study.HoldOut(split, seed); err != nil {
			return nil, nil, err
		}
	}
	p, err := c.task.place(&own, split, model, "")
	if err != nil {
		return nil, nil, err
	}
	return p.Objective, p, nil
}

// count adds up the updates of all runs, for the display.
func (c *comparison) count(examples int) error {
	if c.total > 0 {
		return nil
	}
	if c.trials > 0 && examples < 10 {
		return usagef("--tune holds out a fifth of the %d training examples: give more data", examples)
	}
	for _, part := range []struct{ examples, times int }{{examples, c.seeds}, {examples - examples/5, c.trials + min(c.trials, study.FinalistsOf)*study.AgainOn}} {
		if part.times == 0 {
			continue
		}
		entries, err := c.each(part.examples)
		if err != nil {
			return err
		}
		for _, e := range entries {
			c.total += part.times * e.Steps
		}
	}
	return nil
}

// each is the optimizers with the lengths of their runs. Those that follow an SGD follow the one that the flags describe, unless their
// coefficient is given.
func (c *comparison) each(examples int) ([]compare.Entry, error) {
	run, err := c.length(c.given)
	if err != nil {
		return nil, err
	}
	reference, err := c.optimizer(cmdline.Choice{Name: "sgd"}, examples, c.given)
	if err != nil {
		return nil, err
	}
	var all []compare.Entry
	for i, name := range cmdline.Labels(c.optimizers) {
		o, err := c.optimizer(c.own(c.optimizers[i]), examples, c.given)
		if err == nil {
			o, err = following(o, options.Get(reference, "batch"))
		}
		if err != nil {
			return nil, err
		}
		own, err := check(name, o, run, examples)
		if err != nil {
			return nil, err
		}
		all = append(all, compare.Entry{Name: name, Optimizer: o, Steps: own.Steps})
	}
	return all, nil
}

// own is a choice with its own options, as far as flags of the command line do not overrule those of a choice that stands there by default.
func (c *comparison) own(of cmdline.Choice) cmdline.Choice {
	if !c.given("optimizers") {
		of.Options = slices.DeleteFunc(slices.Clone(of.Options), func(o [2]string) bool { return c.given(cmdline.Flag(o[0])) })
	}
	return of
}

// following is an optimizer that follows an SGD with batches of a size, where it can and nothing else is given.
func following(o optim.Optimizer, batch string) (optim.Optimizer, error) {
	if batch == "full" || !options.Has(o, "emulate_batch") || options.Number(o, "emulate_batch") != 0 ||
		options.Has(o, "lambda") && options.Number(o, "lambda") != 0 {
		return o, nil
	}
	return options.Set(o, "emulate_batch", batch)
}

// shuffles parses --shuffles and --paths: a variance takes two pairs.
func shuffles(s string) (int, error) {
	n, err := cmdline.AtLeast(0)(s)
	if err == nil && n == 1 {
		err = fmt.Errorf("got %q: give at least 2, or 0 to leave it out", s)
	}
	return n, err
}

// checkOptimizers wants names, each once.
func (c *comparison) checkOptimizers() error {
	if len(c.optimizers) == 0 {
		return usagef("--optimizers: names none: choose from %s", strings.Join(optim.Names(), ", "))
	}
	names := cmdline.Labels(c.optimizers)
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return usagef("--optimizers: %s stands there twice: name each once, or give it other options (NAME:OPTION=VALUE)", name)
		}
	}
	return nil
}
