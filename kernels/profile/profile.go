// Package profile adds up what the calls of a device take, and compares it with what the device can do at best.
package profile

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"drift/kernels"
)

// Key is what calls of one row have in common.
type Key struct {
	Op    string `json:"op"`    // "gemm"; "maxindex+maxgather" where one kernel does two calls
	Shape string `json:"shape"` // see kernels.Describe
	DType string `json:"dtype"`
	How   string `json:"how"` // the kernels that did it: "cublas", "cudnn eng28_k2=3 NHWC", "im2col cublas"
	kernels.Cost
}

// Of is the key of calls that a device does together.
func Of(calls ...kernels.Call) Key {
	var key Key
	var names []string
	for _, c := range calls {
		names = append(names, c.Op.Name())
		cost := c.Cost()
		key.Bytes += cost.Bytes
		key.Flops += cost.Flops
	}
	key.Op, key.Shape = strings.Join(names, "+"), kernels.Describe(calls[0].Op)
	key.DType = calls[0].DType().String()
	return key
}

// Row is the calls of a key: how many there were, and the time of all of them.
type Row struct {
	Key
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
}

// Profile collects rows. Its methods may be called from several goroutines.
type Profile struct {
	mu       sync.Mutex
	rows     map[Key]*Row
	whole    float64
	uploaded int
}

// Add counts a call that took this time.
func (p *Profile) Add(key Key, seconds float64) { p.AddCalls(key, 1, seconds) }

// AddCalls counts calls that took this time together.
func (p *Profile) AddCalls(key Key, count int, seconds float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rows == nil {
		p.rows = map[Key]*Row{}
	}
	row, ok := p.rows[key]
	if !ok {
		row = &Row{Key: key}
		p.rows[key] = row
	}
	row.Count += count
	row.Seconds += seconds
}

// AddWhole counts the time from the first to the last call of a program, measured apart from theirs.
func (p *Profile) AddWhole(seconds float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole += seconds
}

// AddUpload counts bytes that go from the host to the device.
func (p *Profile) AddUpload(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uploaded += bytes
}

// Uploaded is the bytes of AddUpload since the last Clear.
func (p *Profile) Uploaded() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.uploaded
}

// Rows is what was added since the last Clear, that which took longest first, and the time of whole programs.
func (p *Profile) Rows() (rows []Row, whole float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rows {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Op+a.Shape+a.How, b.Op+b.Shape+b.How))
	})
	return rows, p.whole
}

// Clear forgets everything.
func (p *Profile) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows, p.whole, p.uploaded = nil, 0, 0
}

// Sum is the time of all rows.
func Sum(rows []Row) float64 {
	s := 0.0
	for _, r := range rows {
		s += r.Seconds
	}
	return s
}
