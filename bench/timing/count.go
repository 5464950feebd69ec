package timing

import (
	"fmt"
	"strings"

	"drift/bench/report"
	"drift/kernels"
	"drift/kernels/profile"
)

// Counted is what one step of a case asks of a device, whatever the device: see profile.Counting.
type Counted struct {
	Name  string  `json:"name"`
	Calls float64 `json:"calls"` // of primitives
	Bytes float64 `json:"bytes"` // that they read and write, each operand once
	// BytesBF16 is those bytes where a GPU stores numbers of examples as bfloat16, and CallsBF16 those calls; the same where the case is not in float32.
	BytesBF16 float64            `json:"bytes_bf16"`
	CallsBF16 float64            `json:"calls_bf16"`
	Uploaded  float64            `json:"uploaded"` // bytes that go from the host to the device: indices, images that were augmented there, scalars
	Kinds     map[string]float64 `json:"kinds"`    // the bytes by kind of call
	Flops     float64            `json:"flops"`
	Steps     int                `json:"steps"` // that the rows are of
	Rows      []profile.Row      `json:"rows"`
}

// The kinds of calls.
const (
	kindMap     = "maps"
	kindReduce  = "reductions"
	kindRows    = "rows" // maps and reductions of the same rows or columns
	kindProduct = "products"
	kindOther   = "other"
)

func kindOf(op string) string {
	switch op {
	case "map", "copies":
		return kindMap
	case "reduce":
		return kindReduce
	case "rowwise", "columnwise":
		return kindRows
	case "gemm", "product", "conv", "convolved", "convsum", "convinput", "convweight", "attention", "attentiongradient", "attentiontangent", "attentionhvp":
		return kindProduct
	}
	return kindOther
}

// InCountTable reports whether a case is counted where none is named: steps of SGD, and what takes a GPU.
func InCountTable(name string) bool { return strings.HasSuffix(name, "/sgd") || ForGPU(name) }

// Count counts the calls of a case's steps without computing anything. Those of opening it do not count.
func Count(c Case) (Counted, error) {
	found, err := count(c, kernels.Float32)
	if err != nil {
		return found, err
	}
	narrow, err := count(c, kernels.BFloat16)
	found.BytesBF16, found.CallsBF16 = narrow.Bytes, narrow.Calls
	return found, err
}

// count is for a device that stores values in another type than float32 (kernels.Storing).
func count(c Case, stored kernels.DType) (Counted, error) {
	p := new(profile.Profile)
	found := Counted{Name: c.Name, Kinds: map[string]float64{}}
	w, err := c.Open(profile.CountingStored(p, stored))
	if err != nil {
		return found, fmt.Errorf("preparing %s: %w", c.Name, err)
	}
	defer w.Close()
	p.Clear()
	if err := w.Run(); err != nil {
		return found, fmt.Errorf("counting %s: %w", c.Name, err)
	}
	found.Steps = max(w.Steps, 1)
	found.Rows, _ = p.Rows()
	found.Uploaded = float64(p.Uploaded()) / w.steps()
	for _, r := range found.Rows {
		n := float64(r.Count) / w.steps()
		found.Calls += n
		found.Bytes += n * r.Bytes
		found.Flops += n * r.Flops
		found.Kinds[kindOf(r.Op)] += n * r.Bytes
	}
	return found, nil
}

// CountTable is a row for each case.
func CountTable(all []Counted) *report.Table {
	t := &report.Table{Header: []string{"case", "calls", "calls in bf16", "MB", "MB in bf16", "kB uploaded", "in products", "in maps", "in reductions", "in rows", "in others", "GFLOP",
		"least MB", "times that"}, Left: 1}
	mb := func(bytes float64) string { return fmt.Sprintf("%.*f", decimals(bytes/1e6), bytes/1e6) }
	for _, c := range all {
		fewest, times := "", ""
		if bytes, known := least(c.Name); known {
			fewest, times = mb(bytes), fmt.Sprintf("%.2f", c.Bytes/bytes)
		}
		t.Add(c.Name, fmt.Sprintf("%.0f", c.Calls), fmt.Sprintf("%.0f", c.CallsBF16), mb(c.Bytes), mb(c.BytesBF16), fmt.Sprintf("%.1f", c.Uploaded/1e3), mb(c.Kinds[kindProduct]), mb(c.Kinds[kindMap]), mb(c.Kinds[kindReduce]),
			mb(c.Kinds[kindRows]), mb(c.Kinds[kindOther]), fmt.Sprintf("%.4g", c.Flops/1e9), fewest, times)
	}
	return t
}

// decimals leaves a number four digits, more where it is large.
func decimals(x float64) int {
	switch {
	case x >= 1000:
		return 0
	case x >= 100:
		return 1
	}
	return 2
}
