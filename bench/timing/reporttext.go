package timing

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"drift/bench/report"
)

func (m Setup) String() string {
	text := fmt.Sprintf("%s, %s, %s, %s, %s", cmp.Or(m.Processor, "unknown processor"),
		cmp.Or(strings.Join(m.Features, " "), "no vector instructions"), threadsText(m.Threads), m.Device, m.Go)
	if m.Clock == "cpu" {
		text += ", processor time"
	}
	if m.Forced != "" {
		text += ", DRIFT_CPU=" + m.Forced
	}
	if len(m.Peers) > 0 {
		text += "; beside " + strings.Join(m.Peers, ", ")
	}
	return text
}

func threadsText(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}

// table is a line for each case and rival.
func (r *Report) table() *report.Table {
	t := &report.Table{Header: []string{"case", "time", "GFLOP/s", "of peak", "allocations", "memory", "beside", "its time", "ratio", "range"}, Left: 1}
	for _, c := range r.Cases {
		row := []string{c.Name, timeText(c.Seconds.Median), optional(c.GFlops, "%.0f"), optional(c.Share, "%.2f"), fmt.Sprint(c.Allocations), ""}
		if c.Memory > 0 {
			row[5] = report.Bytes(c.Memory)
		}
		if c.MemoryRatio > 0 {
			row[5] += fmt.Sprintf(" (%.2f)", c.MemoryRatio)
		}
		for _, a := range c.Against {
			t.Add(append(row, a.Name, timeText(a.Seconds.Median), fmt.Sprintf("%.2f", a.Ratio.Median),
				fmt.Sprintf("%.2f–%.2f", a.Ratio.Min, a.Ratio.Max))...)
			row = make([]string, len(row))
		}
		if len(c.Against) == 0 {
			t.Add(append(row, "", "", "", "")...)
		}
	}
	return t
}

func (r *Report) claims() *report.Table {
	t := &report.Table{Header: []string{"work", "against", "wanted", "measured", "met"}, Left: 5}
	for _, c := range r.Claims {
		met := "no"
		if c.Met {
			met = "yes"
		}
		t.Add(c.Work, c.Against, c.Wanted, c.Measured, met)
	}
	return t
}

const legend = "ratio: our time as a multiple of the other's, median over turns; memory: arena and scratch of a step " +
	"(as a multiple of the gradient's); of peak: the arithmetic of products as a share of what multiply-adds between registers reach on the " +
	"same threads, measured before and after; Winograd's convolutions count as direct ones, and may pass 1."

// Write prints everything, for people or as Markdown.
func (r *Report) Write(w io.Writer, markdown bool) error {
	show := func(t *report.Table) error {
		if markdown {
			return t.WriteMarkdown(w)
		}
		_, err := t.WriteTo(w)
		return err
	}
	fmt.Fprintf(w, "%v\n\n", r.Machine)
	if len(r.Claims) > 0 {
		if err := show(r.claims()); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err := show(r.table()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", legend)
	for _, n := range r.Notes {
		fmt.Fprintln(w, "\nnote:", n)
	}
	if d := r.Device; d != nil {
		fmt.Fprintf(w, "\nprograms replayed as CUDA graphs: %d, launched kernel by kernel: %d; convolutions by cuDNN: %d, refused: %d; "+
			"attentions in bfloat16 by cuDNN: %d, refused: %d; products with bias or activation by cublasLt: %d, refused: %d\n", d.Graphs, d.Eager, d.Convolutions, d.Refused, d.Attentions, d.AttentionsRefused, d.Epilogues, d.EpiloguesRefused)
		for _, e := range d.Engines {
			fmt.Fprintf(w, "%s by %s, %s, %.3g µs\n", e.Convolution, e.Engine, e.Origin, e.Microseconds)
		}
	}
	return err
}

// timeText is a time in seconds with three digits and its unit.
func timeText(s float64) string {
	if math.IsNaN(s) {
		return "–"
	}
	unit := time.Second
	for _, u := range []time.Duration{time.Nanosecond, time.Microsecond, time.Millisecond} {
		if s < 1000*u.Seconds() {
			unit = u
			break
		}
	}
	return optional(s/unit.Seconds(), "%.3g") + " " + map[time.Duration]string{time.Nanosecond: "ns", time.Microsecond: "µs",
		time.Millisecond: "ms", time.Second: "s"}[unit]
}

// optional is a number, or nothing for 0.
func optional(x float64, format string) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
