package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"drift/data"
	"drift/graph/objective"
	"drift/optim"
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
	split, model, err := c.load(seed)
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
		settings, err := c.each(part.examples)
		if err != nil {
			return err
		}
		for _, s := range settings {
			c.total += part.times * s.Steps
		}
	}
	return nil
}

// each is the settings of every optimizer: the same number of updates as SGD takes, and for gd-reg the coefficient with which
// it follows SGD unless one is given.
func (c *comparison) each(examples int) ([]optim.Settings, error) {
	reference, err := c.resolve("sgd", examples, c.given)
	if err != nil {
		return nil, err
	}
	var all []optim.Settings
	for _, name := range c.optimizers {
		s := reference
		s.Optimizer = name
		if s.FullBatch() {
			s.Batch = 0
		}
		if s.Lambda == 0 && s.EmulateBatch == 0 {
			s.EmulateBatch = reference.Batch
		}
		s = s.Own()
		if err := s.Check(examples); err != nil {
			if !strings.HasPrefix(err.Error(), name) {
				err = fmt.Errorf("%s: %w", name, err)
			}
			return nil, usagef("%w", err)
		}
		all = append(all, s)
	}
	return all, nil
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
		return usagef("--optimizers: names none: choose from %s", strings.Join(optim.Optimizers, ", "))
	}
	for i, name := range c.optimizers {
		if slices.Contains(c.optimizers[:i], name) {
			return usagef("--optimizers: %s stands there twice: name each once", name)
		}
	}
	return nil
}
