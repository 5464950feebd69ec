// Package timing measures how long work takes, beside the same work in other libraries or beside a gradient.
//
// On a machine that others use too, or whose clock rate wanders, only what was measured in turns can be compared: ours, the
// rival's, ours, the rival's, and so on. Each turn lasts some tens of milliseconds; the median of the ratios of neighbouring
// turns is the result, their range its uncertainty.
package timing

import (
	"context"
	"time"
)

// Timer gives the time in seconds of one call of some work, from calls over about so long a slot.
type Timer func(ctx context.Context, slot time.Duration) (float64, error)

// Rival is what our work is compared with.
type Rival struct {
	Name   string // the library with its setting, or the case whose time is the unit
	Group  string // only the best of the rivals of one group counts: one library's settings
	Time   Timer
	Settle time.Duration // pause before its turn, in which our idle threads go to sleep
}

// Comparison is our work beside one rival's.
type Comparison struct {
	Rival
	Seconds Summary // of one call of the rival's work
	Ratio   Summary // our time as a multiple of its
	Err     error   // why it was left out
}

// Clock is the time, what of it counts as work, and a way to let it pass.
type Clock struct {
	Now   func() time.Time
	Work  func() time.Duration // since some moment in the past
	Sleep func(time.Duration)
}

// Limits of a turn, how many turns of each are aimed at, and the least number that a median is taken of.
const (
	shortest = 500 * time.Microsecond
	longest  = 100 * time.Millisecond
	aim      = 11
	fewest   = 3
)

// turns is a measurement under way.
type turns struct {
	Clock
	slot   time.Duration
	own    Timer
	ours   []float64
	theirs [][]float64
	ratios [][]float64
	failed []error
}

// Measure times own in turns with each rival for about so long a time altogether, and gives the time of one call with the
// comparisons. A rival that fails drops out; own may not fail.
func (c Clock) Measure(ctx context.Context, own Timer, rivals []Rival, budget time.Duration) (Summary, []Comparison, error) {
	n := len(rivals)
	t := &turns{Clock: c, own: own, theirs: make([][]float64, n), ratios: make([][]float64, n), failed: make([]error, n)}
	t.slot = min(max(budget/time.Duration(aim*max(1, 2*n)), shortest), longest)
	start := c.Now()
	for round := 0; round < fewest || c.Now().Sub(start) < budget; round++ {
		if err := t.round(ctx, rivals); err != nil {
			return Summary{}, nil, err
		}
	}
	found := make([]Comparison, n)
	for k, r := range rivals {
		found[k] = Comparison{r, Summarize(t.theirs[k]), Summarize(t.ratios[k]), t.failed[k]}
	}
	return Summarize(t.ours), best(found), nil
}

// round is a turn with each rival that has not failed, or one of ours alone.
func (t *turns) round(ctx context.Context, rivals []Rival) error {
	alone := true
	for k, r := range rivals {
		if t.failed[k] != nil {
			continue
		}
		alone = false
		ours, err := t.turn(ctx)
		if err != nil {
			return err
		}
		t.Sleep(r.Settle)
		theirs, err := r.Time(ctx, t.slot)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			t.failed[k] = err
		default:
			t.theirs[k], t.ratios[k] = append(t.theirs[k], theirs), append(t.ratios[k], ours/theirs)
		}
	}
	if alone {
		_, err := t.turn(ctx)
		return err
	}
	return nil
}

// turn is one of ours.
func (t *turns) turn(ctx context.Context) (float64, error) {
	s, err := t.own(ctx, t.slot)
	if err == nil {
		err = ctx.Err()
	}
	t.ours = append(t.ours, s)
	return s, err
}

// best keeps the rival of each group beside which we do worst; one that failed counts only where all of its group did.
func best(all []Comparison) []Comparison {
	var kept []Comparison
	at := map[string]int{}
	for _, c := range all {
		k, known := at[c.Group]
		switch {
		case !known:
			at[c.Group] = len(kept)
			kept = append(kept, c)
		case c.Err == nil && (kept[k].Err != nil || c.Ratio.Median > kept[k].Ratio.Median):
			kept[k] = c
		}
	}
	return kept
}

// Repeat is the Timer of a function of this process: calls until the slot is over, after one that is not counted, since the turn
// of another emptied the caches. Where a call takes longer than a slot, caches matter little and every call counts.
func (c Clock) Repeat(run func() error) Timer {
	long := false
	return func(ctx context.Context, slot time.Duration) (float64, error) {
		if !long {
			if err := run(); err != nil {
				return 0, err
			}
		}
		for n, start := 1, c.Work(); ; n++ {
			if err := run(); err != nil {
				return 0, err
			}
			if d := c.Work() - start; d >= slot || ctx.Err() != nil {
				long = n == 1 && d > longest
				return d.Seconds() / float64(n), nil
			}
		}
	}
}
