package timing

import (
	"context"
	"fmt"
	"time"

	"drift/kernels"
	"drift/kernels/profile"
)

// Profiled is where the time of a case's steps goes.
type Profiled struct {
	Name    string  `json:"name"`
	Steps   int     `json:"steps"`
	Seconds float64 `json:"step_seconds"` // of a step, by the clock, with all that the host does
	profile.Table
}

// Host is the operation of the row that holds the time between programs: that of launching them and waiting for them, of transfers,
// and of the Go code around. With it the rows add up to the time of the steps.
const Host = "host"

// Between is the part of the steps' time that passes between programs.
func (p Profiled) Between() float64 {
	for _, l := range p.Rows {
		if l.Op == Host {
			return l.Seconds / p.Sum
		}
	}
	return 0
}

// profiledRuns is the number of runs that are looked at, after one that is not.
const profiledRuns = 3

// Profile runs a case on a device that fills p, whose ceilings are known.
func Profile(ctx context.Context, dev kernels.Device, p *profile.Profile, ceilings []profile.Ceiling, c Case) (Profiled, error) {
	found := Profiled{Name: c.Name}
	w, err := c.Open(dev)
	if err != nil {
		return found, fmt.Errorf("preparing %s: %w", c.Name, err)
	}
	defer w.Close()
	if err := w.Run(); err != nil {
		return found, fmt.Errorf("running %s: %w", c.Name, err)
	}
	p.Clear()
	start := time.Now()
	runs := 0
	for ; runs < profiledRuns && ctx.Err() == nil; runs++ {
		if err := w.Run(); err != nil {
			return found, fmt.Errorf("running %s: %w", c.Name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return found, err
	}
	found.Steps = runs * max(w.Steps, 1)
	whole := time.Since(start).Seconds()
	found.Seconds = whole / float64(found.Steps)
	rows, _ := p.Rows()
	key := profile.Key{Op: Host, Shape: "between programs"}
	p.AddCalls(key, found.Steps, whole-profile.Sum(rows))
	found.Table = p.Table(dev.Name(), ceilings)
	return found, nil
}
