package theory

import (
	"fmt"
	"slices"
)

// group is checks that share their measurements.
type group struct {
	name string
	run  func() []Check
}

func (l *lab) groups() []group {
	return []group{
		{"one update", l.update},
		{"the covariance of gradients", l.moments},
		{"overlapping batches", l.overlaps},
		{"the loss after an update", l.change},
		{"the gap after an update", l.single},
		{"means over training sets", l.halves},
		{"means over data sets", l.data},
		{"two updates", l.two},
		{"shuffled epochs", l.regularized},
		{"sampled shuffles", l.sampled},
		{"beyond leading order", l.beyond},
		{"preconditioners", l.preconditioned},
		{"the inverse of Σ", l.inverse},
		{"the spread of the gap", l.gapSpread},
		{"the spread of the drift", l.driftSpread},
	}
}

// tell passes on what is done.
func (o Options) tell(checks []Check) {
	for _, c := range checks {
		if o.Checked != nil {
			o.Checked(c)
		}
	}
}

// Run puts the theory to the test on a world, and on the linear model with Gaussian inputs. An error is one of the device or of the
// context; a statement that fails is a result.
func Run(w *World, o Options) ([]Check, error) {
	var p Plan
	if o.Within > 0 {
		var chosen Options
		chosen, p = within(o.Within, w.gradientTime())
		if o.Planned != nil {
			o.Planned(p)
		}
		o.Examples, o.Batches, o.Momenta, o.Rates, o.Draws = chosen.Examples, chosen.Batches, chosen.Momenta, chosen.Rates, chosen.Draws
	}
	l, err := newLab(w, o)
	if err != nil {
		return nil, err
	}
	var checks []Check
	groups := slices.DeleteFunc(append(l.groups(), linearGroups(l)...), func(g group) bool { return p.leaves(g.name) })
	for k, g := range groups {
		if l.Progress != nil {
			l.Progress(k, len(groups), g.name)
		}
		done := g.run()
		if err := l.Err(); err != nil {
			return nil, fmt.Errorf("checking %s: %w", g.name, err)
		}
		checks = append(checks, done...)
		l.tell(done)
	}
	return checks, nil
}
