package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"drift/bench/compare"
	"drift/data"
	"drift/graph/objective"
	"drift/optim"
	"drift/optim/options"
)

// problem is the task with data and first weights of a seed.
func (c *comparison) problem(seed uint64) (*objective.Objective, io.Closer, error) {
	return c.place(seed, false)
}

// tuning is the problem of the first seed with a fifth of the training examples in place of the test part.
func (c *comparison) tuning() (*objective.Objective, io.Closer, error) { return c.place(c.seed, true) }

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
		n := split.Train.Len()
		order := rand.New(rand.NewPCG(seed, 0x7e57)).Perm(n)
		split = &data.Split{Train: split.Train.Select(order[n/5:]), Test: split.Train.Select(order[:n/5])}
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
	for _, part := range []struct{ examples, times int }{{examples, c.seeds}, {examples - examples/5, c.trials}} {
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

// each is the optimizers: they take the same number of updates as SGD does, and those that follow an SGD follow this one unless
// their coefficient is given.
func (c *comparison) each(examples int) ([]compare.Entry, error) {
	run, err := c.length(c.given)
	if err != nil {
		return nil, err
	}
	reference, err := c.optimizer(choice{name: "sgd"}, examples, c.given)
	if err != nil {
		return nil, err
	}
	if run, err = check("sgd", reference, run, examples); err != nil {
		return nil, err
	}
	var all []compare.Entry
	for i, name := range labels(c.optimizers) {
		o, err := c.optimizer(c.own(c.optimizers[i]), examples, c.given)
		if err == nil {
			o, err = following(o, options.Get(reference, "batch"))
		}
		if err != nil {
			return nil, err
		}
		if _, err := check(name, o, run, examples); err != nil {
			return nil, err
		}
		all = append(all, compare.Entry{Name: name, Optimizer: o, Steps: run.Steps})
	}
	return all, nil
}

// own is a choice with its own options, as far as flags of the command line do not overrule those of a choice that stands there by default.
func (c *comparison) own(of choice) choice {
	if !c.given("optimizers") {
		of.options = slices.DeleteFunc(slices.Clone(of.options), func(o [2]string) bool { return c.given(flagOf(o[0])) })
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

// shuffles parses --shuffles: a variance takes two pairs.
func shuffles(s string) (int, error) {
	n, err := atLeast(0)(s)
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
	for i, name := range labels(c.optimizers) {
		if slices.Contains(labels(c.optimizers)[:i], name) {
			return usagef("--optimizers: %s stands there twice: name each once, or give it other options (NAME:OPTION=VALUE)", name)
		}
	}
	return nil
}
