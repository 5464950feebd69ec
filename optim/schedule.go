package optim

import (
	"fmt"
	"math"
	"slices"

	"drift/optim/options"
)

// Schedule gives the learning rate of every step of a run; it is a function of the step alone.
type Schedule struct {
	Kind   string  // constant, cosine, step or onecycle
	Rate   float64 // η at its height
	Least  float64 // that cosine falls to
	Warmup int     // steps over which the rate first rises in a straight line
	Steps  int     // of the whole run
}

// Schedules are the kinds that there are.
var Schedules = []string{"constant", "cosine", "step", "onecycle"}

// At is the learning rate of a step, counted from 0. After s = step − Warmup of S = Steps − Warmup steps it is
//
//	constant  η
//	cosine    η₀ + (η−η₀)·½(1 + cos(πs/S)), η₀ = Least   (Loshchilov and Hutter 2017, without restarts)
//	step      η, η/10 from half of S on, η/100 from three quarters on
//	onecycle  from η/25 up to η at step 0.3·Steps − 1 and from there down to η/25·10⁻⁴ at the last, each along half a cosine: PyTorch's
//	          OneCycleLR with its defaults (Smith and Topin 2019), save that momentum stays as it is
//
// and during the warmup η·(step+1)/(Warmup+1).
func (c Schedule) At(step int) float64 {
	if c.Kind == "onecycle" {
		return c.oneCycle(float64(step))
	}
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

// oneCycle is PyTorch's arithmetic.
func (c Schedule) oneCycle(step float64) float64 {
	const share, rise, fall = 0.3, 25, 1e4
	initial := c.Rate / rise
	between := func(from, to, first, last float64) float64 {
		s := 1.0
		if last > first {
			s = math.Min(1, (step-first)/(last-first))
		}
		return to + (from-to)/2*(1+math.Cos(math.Pi*s))
	}
	top, last := share*float64(c.Steps)-1, float64(c.Steps-1)
	if step <= top {
		return between(initial, c.Rate, 0, top)
	}
	return between(c.Rate, initial/fall, top, last)
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
	case c.Warmup > 0 && c.Kind == "onecycle":
		return options.Unfit{What: "the onecycle schedule has a warmup of its own", Change: []string{"warmup"}}
	case c.Warmup > 0 && c.Steps > 0 && c.Warmup >= c.Steps:
		return options.Unfit{What: fmt.Sprintf("a warmup of %d steps in a run of %d", c.Warmup, c.Steps), Change: []string{"warmup"}}
	}
	return nil
}
