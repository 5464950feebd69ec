package main

import (
	"context"
	"fmt"
	"io"

	"drift/bench/timing"
	"drift/data/atomicfile"
	"drift/kernels/profile"
)

// runProfile finds out where the time of the cases goes.
func (b *benchmark) runProfile(ctx context.Context, some []timing.Case) (err error) {
	p := new(profile.Profile)
	dev, err := b.openProfiled(p)
	if err != nil {
		return err
	}
	defer func() { err = closing(dev, err) }()
	r := &timing.ProfileReport{Machine: b.machine(dev)}
	if r.Ceiling, err = profile.Measure(dev, b.dtype); err != nil {
		return err
	}
	bar := b.progress("profiling", "cases", len(some))
	defer bar.Close()
	for k, c := range some {
		bar.Set(k, c.Name)
		found, err := timing.Profile(ctx, dev, p, []profile.Ceiling{r.Ceiling}, c)
		if ctx.Err() != nil {
			return fmt.Errorf("profiling: interrupted after %d of %d cases, which are written", k, len(some))
		}
		if err != nil {
			return err
		}
		r.Cases = append(r.Cases, found)
		r.Device, _ = reportOf(dev)
		if err := atomicfile.Write(b.profile, func(w io.Writer) error { return encodeJSON(w, r) }); err != nil {
			return fmt.Errorf("writing the profile: %w", err)
		}
	}
	bar.Close()
	if err := r.Write(b.human()); err != nil {
		return err
	}
	return b.writeJSON(r)
}
