package timing

import (
	"fmt"
	"io"

	"drift/bench/report"
	"drift/kernels/cuda"
	"drift/kernels/profile"
)

// ProfileReport is where the time of some cases goes.
type ProfileReport struct {
	Machine Setup           `json:"machine"`
	Ceiling profile.Ceiling `json:"ceiling"`
	Cases   []Profiled      `json:"cases"`
	Device  *cuda.Report    `json:"device_report,omitempty"`
}

// shownRows is the rows of a case that are printed; the file has all.
const shownRows = 15

// Write prints the rows that take longest.
func (r *ProfileReport) Write(w io.Writer) error {
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

func calls(p Profiled) int {
	n := 0
	for _, l := range p.Rows {
		if l.Op != Host {
			n += l.Count
		}
	}
	return n
}

// profileTable is the rows of a case, for one step.
func profileTable(p Profiled) *report.Table {
	t := &report.Table{Header: []string{"op", "shape", "kernels", "calls", "time", "part", "MB", "MFLOP", "GB/s", "GFLOP/s", "of ceiling"}, Left: 3}
	for k, l := range p.Rows {
		if k >= shownRows && l.Op != Host {
			continue
		}
		t.Add(l.Op, l.Shape, l.How, fmt.Sprintf("%.3g", float64(l.Count)/float64(p.Steps)), timeText(l.Seconds/float64(p.Steps)),
			fmt.Sprintf("%.1f %%", 100*l.Seconds/p.Sum), fmt.Sprintf("%.3g", l.Bytes/1e6), fmt.Sprintf("%.3g", l.Flops/1e6),
			fmt.Sprintf("%.3g", l.GBs), fmt.Sprintf("%.3g", l.GFlop), fmt.Sprintf("%.2f", l.Share))
	}
	return t
}
