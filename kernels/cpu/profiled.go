package cpu

import (
	"time"

	"drift/kernels/profile"
)

// profiled is an executable that times each of its calls.
type profiled struct {
	*executable
	profile *profile.Profile
	parts   []part
}

// part is a call's share of the steps: those before end that no part before it has.
type part struct {
	key   profile.Key
	end   int
	until time.Duration // from the start of the run to the end of the call
}

func (e *profiled) Run() error {
	e.changes()
	start, from := time.Now(), 0
	for k := range e.parts {
		p := &e.parts[k]
		for _, s := range e.steps[from:p.end] {
			s(e.pool)
		}
		from, p.until = p.end, time.Since(start)
	}
	before := time.Duration(0)
	for _, p := range e.parts {
		e.profile.Add(p.key, (p.until - before).Seconds())
		before = p.until
	}
	e.profile.AddWhole(before.Seconds())
	return nil
}
