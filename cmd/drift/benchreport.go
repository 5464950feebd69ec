package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"drift/bench/report"
	"drift/bench/timing"
	"drift/kernels/cuda"
)

// benchReport is the result of drift bench.
type benchReport struct {
	Machine benchMachine `json:"machine"`
	Cases   []benchCase  `json:"cases"`
	Claims  []benchClaim `json:"claims"`
	Notes   []string     `json:"notes"`
	Device  *cuda.Report `json:"device_report,omitempty"` // of a GPU
}

type benchMachine struct {
	Processor string   `json:"processor"`
	Features  []string `json:"features"`
	Forced    string   `json:"forced,omitempty"` // DRIFT_CPU
	Threads   int      `json:"threads"`
	Device    string   `json:"device"`
	DType     string   `json:"dtype"`
	Go        string   `json:"go"`
	Peers     []string `json:"peers"`
	Clock     string   `json:"clock"`
	Load      float64  `json:"load"` // average of the minute before, 0 where unknown
}

type benchCase struct {
	Name        string         `json:"name"`
	Seconds     timing.Summary `json:"seconds"`
	GFlops      float64        `json:"gflops,omitempty"`
	Allocations float64        `json:"allocations"`
	Memory      int64          `json:"memory_bytes,omitempty"`
	MemoryRatio float64        `json:"memory_ratio,omitempty"` // of the memory of the gradient that is the unit
	Against     []benchRival   `json:"against"`

	result timing.Result
}

type benchRival struct {
	Name    string         `json:"name"`
	Seconds timing.Summary `json:"seconds"`
	Ratio   timing.Summary `json:"ratio"` // our time as a multiple of its
}

type benchClaim struct {
	Work     string `json:"work"`
	Against  string `json:"against"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Met      bool   `json:"met"`
}

func (r *benchReport) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *benchReport) add(m timing.Result) {
	c := benchCase{Name: m.Name, Seconds: m.Seconds, GFlops: m.Flops / 1e9, Allocations: m.Allocations, Memory: m.Memory,
		MemoryRatio: m.MemoryRatio, result: m}
	for _, a := range m.Against {
		if a.Err != nil {
			r.note("%s is left out of %s: %v", a.Name, m.Name, a.Err)
			continue
		}
		c.Against = append(c.Against, benchRival{a.Name, a.Seconds, a.Ratio})
	}
	r.Cases = append(r.Cases, c)
}

// judge states what was measured of the README's claims.
func (r *benchReport) judge() {
	var results []timing.Result
	for _, c := range r.Cases {
		results = append(results, c.result)
	}
	for _, claim := range timing.Claims() {
		if v := claim.Judge(results); v.Cases > 0 {
			r.Claims = append(r.Claims, benchClaim{claim.Work, claim.Against, wantedText(claim), measuredText(v), v.Met})
		}
	}
}

func wantedText(c timing.Claim) string {
	if !c.Speed {
		text := fmt.Sprintf("time ≤ %.4g", c.Each)
		if c.Memory > 0 {
			text += fmt.Sprintf(", memory ≤ %.4g", c.Memory)
		}
		return text
	}
	text := fmt.Sprintf("speed ≥ %.4g each", c.Each)
	if c.Mean > 0 {
		text += fmt.Sprintf(", %.4g in geometric mean", c.Mean)
	}
	return text
}

func measuredText(v timing.Verdict) string {
	text := fmt.Sprintf("%.2f", v.Worst)
	if v.Cases > 1 {
		text = fmt.Sprintf("%.2f in geometric mean of %d, least %.2f (%s)", v.Average, v.Cases, v.Worst, v.WorstCase)
	}
	if v.Memory > 0 {
		text += fmt.Sprintf(", memory %.2f", v.MostSpace)
	}
	return text
}

func (m benchMachine) String() string {
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
func (r *benchReport) table() *report.Table {
	t := &report.Table{Header: []string{"case", "time", "GFLOP/s", "allocations", "memory", "beside", "its time", "ratio", "range"}, Left: 1}
	for _, c := range r.Cases {
		row := []string{c.Name, timeText(c.Seconds.Median), numberText(c.GFlops, "%.0f"), fmt.Sprint(c.Allocations), ""}
		if c.Memory > 0 {
			row[4] = bytesText(c.Memory)
		}
		if c.MemoryRatio > 0 {
			row[4] += fmt.Sprintf(" (%.2f)", c.MemoryRatio)
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

func (r *benchReport) claims() *report.Table {
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

const benchLegend = "ratio: our time as a multiple of the other's, median over turns; memory: arena and scratch of a step " +
	"(as a multiple of the gradient's)."

// write prints everything, for people or as Markdown.
func (r *benchReport) write(w io.Writer, markdown bool) error {
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
	_, err := fmt.Fprintf(w, "\n%s\n", benchLegend)
	for _, n := range r.Notes {
		fmt.Fprintln(w, "\nnote:", n)
	}
	if d := r.Device; d != nil {
		fmt.Fprintf(w, "\nprograms replayed as CUDA graphs: %d, launched kernel by kernel: %d; convolutions by cuDNN: %d, refused: %d\n",
			d.Graphs, d.Eager, d.Convolutions, d.Refused)
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
	return numberText(s/unit.Seconds(), "%.3g") + " " + map[time.Duration]string{time.Nanosecond: "ns", time.Microsecond: "µs",
		time.Millisecond: "ms", time.Second: "s"}[unit]
}

// numberText is a number, or nothing for 0.
func numberText(x float64, format string) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
