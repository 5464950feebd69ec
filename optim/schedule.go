package optim

import (
	"fmt"
	"math"
	"slices"

	"drift/optim/options"
)

// Schedule gives the learning rate of every step of a run; it is a function of the step alone.
type Schedule struct {
	Kind   string  // constant, cosine or step
	Rate   float64 // η at its height
	Least  float64 // that cosine falls to
	Warmup int     // steps over which the rate first rises in a straight line
	Steps  int     // of the whole run
}

// Schedules are the kinds that there are.
var Schedules = []string{"constant", "cosine", "step"}

// At is the learning rate of a step, counted from 0. After s = step − Warmup of S = Steps − Warmup steps it is
//
//	constant  η
//	cosine    η₀ + (η−η₀)·½(1 + cos(πs/S)), η₀ = Least   (Loshchilov and Hutter 2017, without restarts)
//	step      η, η/10 from half of S on, η/100 from three quarters on
//
// and during the warmup η·(step+1)/(Warmup+1).
func (c Schedule) At(step int) float64 {
	if step < c.Warmup {
		return c.Rate * float64(step+1) / float64(c.Warmup+1)
	}
	s := float64(step-c.Warmup) / math.Max(1, float64(c.Steps-c.Warmup))
	switch {
	case c.Kind == "cosine":
		return c.Least + (c.Rate-c.Least)*0.5*(1+math.Cos(math.Pi*math.Min(1, s)))
	case c.Kind == "step" && s >= 0.75:
		return c.Rate / 100
	case c.Kind == "step" && s >= 0.5:
		return c.Rate / 10
	}
	return c.Rate
}

// Check reports a schedule that cannot be followed. A run of 0 steps is one whose length is not known yet.
func (c Schedule) Check() error {
	switch {
	case !slices.Contains(Schedules, c.Kind):
		return fmt.Errorf("unknown schedule %q: choose from %v", c.Kind, Schedules)
	case !(c.Rate >= 0) || math.IsInf(c.Rate, 0):
		return fmt.Errorf("learning rate %v: give a finite number of at least 0", c.Rate)
	case c.Least > 0 && c.Kind != "cosine":
		return options.Unfit{What: fmt.Sprintf("only the cosine schedule falls to a least learning rate, and this one is %s", c.Kind), Change: []string{"schedule", "lr_min"}}
	case c.Least > c.Rate:
		return options.Unfit{What: fmt.Sprintf("a least learning rate %v above the learning rate %v", c.Least, c.Rate), Change: []string{"lr_min"}}
	case c.Warmup > 0 && c.Steps > 0 && c.Warmup >= c.Steps:
		return options.Unfit{What: fmt.Sprintf("a warmup of %d steps in a run of %d", c.Warmup, c.Steps), Change: []string{"warmup"}}
	}
	return nil
}
