package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drift/bench/compare"
	"drift/graph/nn"
	"drift/optim"
	"drift/optim/train"
)

// comparison is drift compare.
type comparison struct {
	*app
	task
	recipe
	optimizers           []choice
	seeds, pairs, points int
	trials, total        int // total updates of all runs
	examples             int // of the training part
	out, resume          string
	force                bool
	model                *nn.Model
	kept                 *compare.Kept
}

const compareLong = `compare trains the same network with several optimizers over several seeds, for the same number of
updates, and prints means with 95 % confidence intervals (Student's t).
A seed decides data, label noise, first weights and batches; all optimizers share them.

The columns: test accuracy, test loss, train loss (over all training examples, after the last
update), gap (test loss − train loss), example gradients (the cost in gradients of one example;
the exact ∂tr Σ counts as two), seconds, and drift explained: over one epoch from the same start,
1 − ‖θ_reg − ⟨θ_sgd⟩‖/‖θ_gd − ⟨θ_sgd⟩‖ with ⟨θ_sgd⟩ the mean over shuffles. It is 1 where the
regularized descent arrives just where SGD does in the mean, and 0 where it is no nearer than
plain descent. It is there where sgd, gd and gd-reg are compared at one learning rate, sgd shuffles,
and gd-reg follows its batches. It needs a smooth network: what a trajectory meets at the kinks of
relu or max pooling is in no derivative of tr Σ, and can be most of the drift.

With --tune N every optimizer is first given N trials over its own settings, and compared at the best
of them by the loss on a fifth of the training examples, which is held out: over the learning rate,
from a tenth of --lr to ten times it; for gd-reg, sgd-reg and gd-noise over the batch size that they
follow, from an eighth to twice; for sigma-inverse over the damping, from a hundredth to ten times;
for adamw over the weight decay, from a tenth to ten times.

The folder --out gets compare.json, compare.csv, runs.csv (every run), compare.png and config.toml,
which runs the experiment again with --config. Results there that have other settings are replaced
only with --force. Whatever ends a comparison, kill -9 included, --resume goes on with it: finished
runs and trials are in the folder's part finished/ until the results are written, and the results
are those of a comparison that was not cut short. A run that diverges ends by itself and leaves its
optimizer without means.`

const compareExample = `  drift compare
  drift compare --seeds 10 --epochs 100 --out long
  drift compare --resume long
  drift compare --data fashion-mnist,train=500,test=2000,label-noise=0.2 --model mlp:256 --lr 0.1 --batch 10 --epochs 60
  drift compare --optimizers sgd,gd,gd-reg,gd-noise,sigma-inverse --tune 8 --epochs 20
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
	addList(flags, &c.optimizers, "optimizers", []choice{{name: "sgd"}, {name: "gd"}, {name: "gd-reg"}, {"sigma-inverse", [][2]string{{"lr", "0.02"}, {"damping", "5"}}}},
		"`names` to compare, of "+strings.Join(optim.Names(), ", ")+"; NAME:OPTION=VALUE:… gives one options of its own", "names", parseChoice)
	add(flags, &c.seeds, "seeds", 5, "number of seeds, from --seed on", "int", atLeast(1))
	c.recipe.flags(flags, map[string]string{"batch": "10"}, 60)
	add(flags, &c.pairs, "shuffles", 32, "pairs of opposite shuffles for drift explained, at least 2 (0: leave it out)", "int", shuffles)
	add(flags, &c.trials, "tune", 0, "trials of each optimizer over its own settings before the comparison (0: none)", "int", atLeast(0))
	add(flags, &c.points, "points", 40, "points of a learning curve", "int", atLeast(1))
	flags.StringVar(&c.out, "out", "out", "`folder` for results, which replace those of the same settings there")
	flags.BoolVar(&c.force, "force", false, "replace results of other settings too")
	flags.StringVar(&c.resume, "resume", "", "go on with the comparison in this `folder`, with its settings")
	return cmd
}

func (c *comparison) run(ctx context.Context, flags *pflag.FlagSet) (err error) {
	lock, err := c.folder(flags)
	if err != nil {
		return err
	}
	defer func() { err = closing(lock, err) }()
	e := compare.Experiment{Open: c.problem, Entries: c.each, Points: c.points, Pairs: c.pairs, Trials: c.trials, OpenTuning: c.tuning, Kept: c.kept}
	for i := range c.seeds {
		e.Seeds = append(e.Seeds, c.seed+uint64(i))
	}
	var show *progress
	e.Observe = func(done int, what string) {
		if show == nil {
			var names []string
			for _, choice := range c.optimizers {
				names = append(names, choice.name)
			}
			c.noteIdle(c.options, names...)
			show = c.progress("comparing", "updates", c.total)
		}
		show.Set(done, what)
	}
	outcome, err := e.Run(ctx)
	show.Close()
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("comparing: %w: go on with drift compare --resume %s", train.ErrInterrupted, c.out)
	}
	if err != nil {
		return fmt.Errorf("comparing: %w", err)
	}
	return c.deliver(flags, outcome)
}
