package optim

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate of every step of a run; it is a function of the step alone.
type Schedule struct {
	Kind   string  // constant, cosine or step
	Rate   float64 // η at its height
	Warmup int     // steps over which the rate first rises in a straight line
	Steps  int     // of the whole run
}

// Schedules are the kinds that there are.
var Schedules = []string{"constant", "cosine", "step"}

// At is the learning rate of a step, counted from 0. After s = step − Warmup of S = Steps − Warmup steps it is
//
//	constant  η
//	cosine    η·½(1 + cos(πs/S))   (Loshchilov and Hutter 2017, without restarts)
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
		return c.Rate * 0.5 * (1 + math.Cos(math.Pi*math.Min(1, s)))
	case c.Kind == "step" && s >= 0.75:
		return c.Rate / 100
	case c.Kind == "step" && s >= 0.5:
		return c.Rate / 10
	}
	return c.Rate
}

// Check reports a schedule that cannot be followed.
func (c Schedule) Check() error {
	if c.Kind != "constant" && c.Kind != "cosine" && c.Kind != "step" {
		return fmt.Errorf("unknown schedule %q: choose from %v", c.Kind, Schedules)
	}
	if !(c.Rate > 0) || math.IsInf(c.Rate, 0) {
		return fmt.Errorf("learning rate %v: give a finite number above 0", c.Rate)
	}
	if c.Warmup < 0 || c.Warmup > 0 && c.Warmup >= c.Steps {
		return fmt.Errorf("warmup of %d steps in a run of %d: give fewer than the run has", c.Warmup, c.Steps)
	}
	return nil
}
