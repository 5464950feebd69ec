package theory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Plan is what Run does within a limit of time.
type Plan struct {
	Examples int           `json:"examples"`
	Batches  []int         `json:"batches"`
	Momenta  []float64     `json:"momenta"`
	Rates    int           `json:"rates"`
	Draws    int           `json:"draws"`
	Gradient time.Duration `json:"gradient_ns"` // that of one example takes, by estimate
	Estimate time.Duration `json:"estimate_ns"` // of all that is done
	Sparing  bool          `json:"sparing"`     // fewer examples, batches and draws than the defaults
	LeftOut  []LeftOut     `json:"left_out"`
}

// LeftOut is a group of checks for which there is no time.
type LeftOut struct {
	Name     string        `json:"name"`
	Estimate time.Duration `json:"estimate_ns"`
}

// least are the options that take the fewest gradients with which every check still passes and every control is still rejected.
var least = Options{Examples: 4, Batches: []int{2, 4}, Momenta: []float64{0.9}, Rates: 5, Draws: 400}

// cost is what a group takes, in gradients of one example: as counted on a tanh network, with a loss for a third of a gradient, a Hessian product
// for 2½, ∂tr Σ for 3 and a third derivative for 5. Rounding makes some networks take a few more rates.
type cost struct{ usual, least float64 }

// costs of groups with the default options and with the least ones.
var costs = map[string]cost{
	"one update":                  {90, 45},
	"the covariance of gradients": {2300, 700},
	"the loss after an update":    {560, 260},
	"the gap after an update":     {1000, 460},
	"means over training sets":    {30200, 1300},
	"means over data sets":        {54000, 6200},
	"two updates":                 {1500, 650},
	"shuffled epochs":             {41800, 3000},
	"sampled shuffles":            {60300, 103000},
	"beyond leading order":        {421000, 76600},
	"preconditioners":             {12700, 950},
	"the inverse of Σ":            {13200, 1200},
	"the spread of the gap":       {171000, 17400},
	"the spread of the drift":     {33500, 14600},
}

// within chooses what to do in a limit of time, where a gradient of one example takes some time: everything with the default options; else everything
// with the least ones; else those groups that fit, the cheapest first.
func within(limit, gradient time.Duration) (o Options, p Plan) {
	needs := func(x float64) time.Duration { return time.Duration(x * float64(gradient)) }
	o = Options{}.withDefaults()
	usual := 0.0
	for _, c := range costs {
		usual += c.usual
	}
	p.Gradient, p.Estimate = gradient, needs(usual)
	if p.Estimate > limit {
		o, p.Sparing, p.Estimate = least, true, 0
		names := make([]string, 0, len(costs))
		for name := range costs {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int { return int(costs[a].least - costs[b].least) })
		for _, name := range names {
			if c := needs(costs[name].least); p.Estimate+c <= limit {
				p.Estimate += c
			} else {
				p.LeftOut = append(p.LeftOut, LeftOut{name, c})
			}
		}
	}
	p.Examples, p.Batches, p.Momenta, p.Rates, p.Draws = o.Examples, o.Batches, o.Momenta, o.Rates, o.Draws
	return o, p
}

// Lines say what is done otherwise than by default; there are none where nothing is.
func (p Plan) Lines() (lines []string) {
	if !p.Sparing {
		return nil
	}
	lines = append(lines, fmt.Sprintf("at some %v for a gradient of one example there are fewer examples (%d), batches (%s), draws (%d) and rates (%d): some %v in all",
		p.Gradient.Round(10*time.Microsecond), p.Examples, strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Batches), " ", " and "), "[]"), p.Draws, p.Rates, roughly(p.Estimate)))
	for _, x := range p.LeftOut {
		lines = append(lines, fmt.Sprintf("no time for %s, some %v more", x.Name, roughly(x.Estimate)))
	}
	return lines
}

// roughly is a duration of two digits or so.
func roughly(d time.Duration) time.Duration {
	if d > time.Hour {
		return d.Round(10 * time.Minute)
	}
	if d > 10*time.Minute {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}

// leaves reports whether a group is left out.
func (p Plan) leaves(group string) bool {
	return slices.ContainsFunc(p.LeftOut, func(l LeftOut) bool { return l.Name == group })
}

// A nominal machine, which every estimate is of, so that the same is done everywhere.
const (
	multiplications = 4e9                   // a second, of one core in float64
	overhead        = 30 * time.Microsecond // of a pass over few examples
)

// gradientTime is what the gradient of one example takes the nominal machine.
func (w *World) gradientTime() time.Duration {
	return overhead + time.Duration(3*float64(w.f.Products())/multiplications*float64(time.Second))
}
