package timing

import (
	"fmt"

	"drift/kernels/cuda"
)

// Report is what a run of benchmarks has found.
type Report struct {
	Machine Setup        `json:"machine"`
	Cases   []Row        `json:"cases"`
	Claims  []Judgment   `json:"claims"`
	Notes   []string     `json:"notes"`
	Device  *cuda.Report `json:"device_report,omitempty"` // of a GPU
}

// Setup is what cases ran on.
type Setup struct {
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

// Row is the result of a case.
type Row struct {
	Name        string     `json:"name"`
	Seconds     Summary    `json:"seconds"`
	GFlops      float64    `json:"gflops,omitempty"`
	Peak        float64    `json:"peak_gflops,omitempty"`   // of the processor's multiply-adds on the same threads
	Share       float64    `json:"share_of_peak,omitempty"` // GFlops as a part of it
	Allocations float64    `json:"allocations"`
	Memory      int64      `json:"memory_bytes,omitempty"`
	MemoryRatio float64    `json:"memory_ratio,omitempty"` // of the memory of the gradient that is the unit
	Against     []RowRival `json:"against"`

	result Result
}

// RowRival is what a case was timed beside.
type RowRival struct {
	Name    string  `json:"name"`
	Seconds Summary `json:"seconds"`
	Ratio   Summary `json:"ratio"` // our time as a multiple of its
}

// Judgment is what was measured of one of the claims.
type Judgment struct {
	Work     string `json:"work"`
	Against  string `json:"against"`
	Wanted   string `json:"wanted"`
	Measured string `json:"measured"`
	Met      bool   `json:"met"`
}

// Note adds a remark.
func (r *Report) Note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Add adds the result of a case.
func (r *Report) Add(m Result) {
	c := Row{Name: m.Name, Seconds: m.Seconds, GFlops: m.Flops / 1e9, Allocations: m.Allocations, Memory: m.Memory,
		MemoryRatio: m.MemoryRatio, Peak: m.Peak / 1e9, result: m}
	if m.Peak > 0 {
		c.Share = m.Flops / m.Peak
	}
	for _, a := range m.Against {
		if a.Err != nil {
			r.Note("%s is left out of %s: %v", a.Name, m.Name, a.Err)
			continue
		}
		c.Against = append(c.Against, RowRival{a.Name, a.Seconds, a.Ratio})
	}
	r.Cases = append(r.Cases, c)
}

// Judge states what was measured of the claims.
func (r *Report) Judge() {
	var results []Result
	for _, c := range r.Cases {
		results = append(results, c.result)
	}
	for _, claim := range Claims() {
		if v := claim.Judge(results); v.Cases > 0 {
			r.Claims = append(r.Claims, Judgment{claim.Work, claim.Against, wantedText(claim), measuredText(v), v.Met})
		}
	}
}

func wantedText(c Claim) string {
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

func measuredText(v Verdict) string {
	text := fmt.Sprintf("%.2f", v.Worst)
	if v.Cases > 1 {
		text = fmt.Sprintf("%.2f in geometric mean of %d, least %.2f (%s)", v.Average, v.Cases, v.Worst, v.WorstCase)
	}
	if v.Memory > 0 {
		text += fmt.Sprintf(", memory %.2f", v.MostSpace)
	}
	return text
}
