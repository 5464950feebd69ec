package main

import (
	"fmt"
	"strconv"
	"strings"

	"drift/cmd/drift/internal/cmdline"

	"github.com/spf13/pflag"

	"drift/data/suggest"
	"drift/optim"
	"drift/optim/options"
	"drift/optim/train"
)

// recipe is what train and compare share: everything about the updates but the optimizer's name.
type recipe struct {
	options  cmdline.Options
	steps    runLength
	epochs   runEpochs
	standard train.Options // where neither is given
}

// runLength is a number of steps, −1 where none is given.
type runLength int

func (n runLength) String() string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

// runEpochs is a number of passes over the training examples, 0 where none is given.
type runEpochs float64

func (x runEpochs) String() string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(x), 'g', -1, 64)
}

// flags defines the options of all optimizers, with the command's own defaults by option, and the length of the run.
func (r *recipe) flags(flags *pflag.FlagSet, standard map[string]string, length train.Options) {
	r.options.Define(flags, standard)
	r.standard = length
	cmdline.Add(flags, &r.epochs, "epochs", 0, "length of a run in passes over the training examples, in the optimizer's own batches", "float", func(s string) (runEpochs, error) {
		x, err := cmdline.Positive(s)
		return runEpochs(x), err
	})
	cmdline.Add(flags, &r.steps, "steps", -1, "length of a run in updates, in place of --epochs (0: only evaluate)", "int", func(s string) (runLength, error) {
		n, err := cmdline.AtLeast(0)(s)
		return runLength(n), err
	})
	flags.Lookup("epochs").DefValue = runEpochs(length.Epochs).String() // help shows what is taken where neither is given
	if length.Steps > 0 {
		flags.Lookup("steps").DefValue = strconv.Itoa(length.Steps)
	}
}

// length is the length of the run. given tells the flags of the command line, which overrule what a file says in other words.
func (r *recipe) length(given func(string) bool) (train.Options, error) {
	steps, epochs := r.steps >= 0, r.epochs > 0
	if steps && epochs && given("steps") == given("epochs") {
		return train.Options{}, usagef("--steps and --epochs both give the length of the run: leave one out")
	}
	switch {
	case epochs && (!steps || given("epochs")):
		return train.Options{Epochs: float64(r.epochs)}, nil
	case steps:
		return train.Options{Steps: int(r.steps)}, nil
	}
	return r.standard, nil
}

// optimizer is the one chosen, with the options given. Batches that are larger than the data by default are all examples.
func (r *recipe) optimizer(c cmdline.Choice, examples int, given func(string) bool) (optim.Optimizer, error) {
	o, found := optim.Lookup(c.Name)
	if !found {
		return nil, usagef("unknown optimizer %q: %s", c.Name, suggest.Choose(c.Name, optim.Names()))
	}
	o, err := r.options.Apply(o)
	if err == nil {
		o, err = c.Onto(o)
	}
	if err == nil && !given("batch") && !c.Has("batch") && options.Has(o, "batch") && options.Number(o, "batch") > float64(examples) {
		o, err = options.Set(o, "batch", "full")
	}
	if err != nil {
		return nil, usagef("%s: %w", c.Name, err)
	}
	return o, nil
}

// check reports an optimizer and a length of the run that do not fit n examples.
func check(name string, o optim.Optimizer, t train.Options, examples int) (train.Options, error) {
	var err error
	if t.Steps, err = t.Length(o, examples); err == nil {
		err = optim.Check(o, optim.Problem{Examples: examples, Steps: t.Steps})
	}
	if err != nil {
		return t, usagef("%s: %w", name, err)
	}
	return t, nil
}

// every is how often something happens: every n steps, or every n passes over the data; 0 is never.
type every struct {
	n      float64
	epochs bool
}

func (e every) String() string {
	text := strconv.FormatFloat(e.n, 'f', -1, 64) // as it is read again: digits alone for steps
	if e.epochs {
		text += "epoch"
	}
	return text
}

// steps is that in steps, for an epoch of a given number of them.
func (e every) steps(epoch int) int {
	if e.epochs {
		return max(1, int(e.n*float64(epoch)+0.5))
	}
	return int(e.n)
}

// parseEvery reads "500", "1epoch" or "0.5epoch".
func parseEvery(s string) (every, error) {
	if number, ok := strings.CutSuffix(s, "epoch"); ok {
		x, err := cmdline.Positive(number)
		if err != nil || x > 1e9 {
			return every{}, fmt.Errorf("got %q: give a number of epochs above 0, such as 1epoch", s)
		}
		return every{x, true}, nil
	}
	n, err := cmdline.AtLeast(0)(s)
	if err != nil {
		return every{}, fmt.Errorf("%w steps, or epochs such as 1epoch", err)
	}
	return every{float64(min(n, 1<<53)), false}, nil // no run is longer, and float64 holds it
}
