package cpu

import (
	"slices"

	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
)

// indirect is a matrix of which element (i, j) is data[rows[i]+cols[j]]. Products take their strips from it directly.
type indirect[T kernels.Float] struct {
	rows, cols []int // cols in ascending order
	last       int   // the largest of rows
	workers    []indirectView[T]
}

type indirectView[T kernels.Float] struct {
	*indirect[T]
	data   []T
	stride int // from one item of a batch to the next
	pack   gemm.PackFunc[T]
}

func newIndirect[T kernels.Float](l *loader, rows, cols []int) *indirect[T] {
	m := &indirect[T]{rows: rows, cols: cols, workers: make([]indirectView[T], l.threads)}
	if len(rows) > 0 {
		m.last = slices.Max(rows)
	}
	for w := range m.workers {
		v := &m.workers[w]
		v.indirect, v.pack = m, v.strip
	}
	l.bytes += int64(8 * (len(rows) + len(cols)))
	return m
}

// of is a batch of matrices over data, each stride elements behind the one before, for one worker.
func (m *indirect[T]) of(worker int, data []T, stride int) gemm.Matrix[T] {
	v := &m.workers[worker]
	v.data, v.stride = data, stride
	return gemm.Matrix[T]{Pack: v.pack}
}

// run is n columns from at on whose elements lie one behind the other.
type run struct{ at, from, n int }

const stripWidth = 32 // no strip is wider

// strip packs columns [first, first+width) of rows from depth on; see gemm.PackFunc.
func (v *indirectView[T]) strip(dst []T, q, first, width, depth int) {
	var buffer [stripWidth]run
	runs, rows := findRuns(buffer[:0], v.cols[first:first+width]), v.rows[depth:depth+len(dst)/width]
	data := v.data[q*v.stride:]
	if len(runs) > 0 && len(rows) > 0 {
		end := runs[len(runs)-1]
		_ = data[v.last+end.from+end.n-1] // the furthest element
	}
	for i := 0; i < len(rows); i += packLines {
		some := rows[i:min(i+packLines, len(rows))]
		for _, r := range runs {
			gemm.Gather(dst[i*width+r.at:], width, data[r.from:], some, r.n)
		}
	}
}

// packLines is how many lines of a strip are filled run by run: they stay in the first-level cache.
const packLines = 64

// findRuns appends the runs among cols.
func findRuns(runs []run, cols []int) []run {
	for j, from := range cols {
		if k := len(runs) - 1; k >= 0 && runs[k].from+runs[k].n == from {
			runs[k].n++
		} else {
			runs = append(runs, run{j, from, 1})
		}
	}
	return runs
}
