package main

import (
	"context"
	"fmt"
	"io"

	"drift/bench/report"
	"drift/bench/timing"
	"drift/data/atomicfile"
	"drift/kernels/cuda"
	"drift/kernels/profile"
)

// benchProfile is the result of drift bench --profile.
type benchProfile struct {
	Machine benchMachine      `json:"machine"`
	Ceiling profile.Ceiling   `json:"ceiling"`
	Cases   []timing.Profiled `json:"cases"`
	Device  *cuda.Report      `json:"device_report,omitempty"`
}

// runProfile finds out where the time of the cases goes.
func (b *benchmark) runProfile(ctx context.Context, some []timing.Case) (err error) {
	p := new(profile.Profile)
	dev, err := b.openProfiled(p)
	if err != nil {
		return err
	}
	defer func() { err = closing(dev, err) }()
	r := &benchProfile{Machine: b.machine(dev)}
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
	if err := r.write(b.human()); err != nil {
		return err
	}
	return b.writeJSON(r)
}

// shownRows is the rows of a case that are printed; the file has all.
const shownRows = 15

// write prints the rows that take longest.
func (r *benchProfile) write(w io.Writer) error {
	c := r.Ceiling
	fmt.Fprintf(w, "%v\nceiling: a copy moves %.1f GB/s, a %s product does %.0f GFLOP/s\n", r.Machine, c.Bytes/1e9, c.DType, c.Flops/1e9)
	for _, p := range r.Cases {
		fmt.Fprintf(w, "\n%s: %s a step, %d calls; %.1f %% of it between programs\n\n", p.Name, timeText(p.Seconds), calls(p)/p.Steps, 100*p.Between())
		if _, err := profileTable(p).WriteTo(w); err != nil {
			return err
		}
	}
	return nil
}

func calls(p timing.Profiled) int {
	n := 0
	for _, l := range p.Rows {
		if l.Op != timing.Host {
			n += l.Count
		}
	}
	return n
}

// profileTable is the rows of a case, for one step.
func profileTable(p timing.Profiled) *report.Table {
	t := &report.Table{Header: []string{"op", "shape", "kernels", "calls", "time", "part", "MB", "MFLOP", "GB/s", "GFLOP/s", "of ceiling"}, Left: 3}
	for k, l := range p.Rows {
		if k >= shownRows && l.Op != timing.Host {
			continue
		}
		t.Add(l.Op, l.Shape, l.How, fmt.Sprintf("%.3g", float64(l.Count)/float64(p.Steps)), timeText(l.Seconds/float64(p.Steps)),
			fmt.Sprintf("%.1f %%", 100*l.Seconds/p.Sum), fmt.Sprintf("%.3g", l.Bytes/1e6), fmt.Sprintf("%.3g", l.Flops/1e6),
			fmt.Sprintf("%.3g", l.GBs), fmt.Sprintf("%.3g", l.GFlop), fmt.Sprintf("%.2f", l.Share))
	}
	return t
}
