package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
)

// indirect is a matrix of which element (i, j) is data[rows[i]+cols[j]], or zero where cols[j] is absent. Products take their
// strips from it directly.
type indirect[T kernels.Float] struct {
	rows, cols []int
	workers    []indirectView[T]
}

// absent marks a column of zeros.
const absent = -1

type indirectView[T kernels.Float] struct {
	*indirect[T]
	data []T
	pack gemm.PackFunc[T]
}

func newIndirect[T kernels.Float](l *loader, rows, cols []int) *indirect[T] {
	m := &indirect[T]{rows: rows, cols: cols, workers: make([]indirectView[T], l.threads)}
	for w := range m.workers {
		v := &m.workers[w]
		v.indirect, v.pack = m, v.strip
	}
	l.bytes += int64(8 * (len(rows) + len(cols)))
	return m
}

// of is the matrix over data, for one worker.
func (m *indirect[T]) of(worker int, data []T) gemm.Matrix[T] {
	m.workers[worker].data = data
	return gemm.Matrix[T]{Pack: m.workers[worker].pack}
}

// run is n columns from at on whose elements lie one behind the other.
type run struct{ at, from, n int }

const stripWidth = 32 // no strip is wider

// strip packs columns [first, first+width) of rows from depth on; see gemm.PackFunc.
func (v *indirectView[T]) strip(dst []T, _, first, width, depth int) {
	var buffer [stripWidth]run
	runs, filled := findRuns(buffer[:0], v.cols[first:first+width])
	rows := v.rows[depth : depth+len(dst)/width]
	if filled < width {
		clear(dst)
	}
	if len(runs) == 1 && filled == width {
		from := runs[0].from
		for i, row := range rows {
			copy(dst[i*width:(i+1)*width], v.data[row+from:])
		}
		return
	}
	for i, row := range rows {
		line, data := dst[i*width:(i+1)*width], v.data[row:]
		for _, r := range runs {
			if r.n < 8 {
				for k, x := range data[r.from : r.from+r.n] {
					line[r.at+k] = x
				}
			} else {
				copy(line[r.at:r.at+r.n], data[r.from:])
			}
		}
	}
}

// findRuns appends the runs among cols and counts the columns that are not absent.
func findRuns(runs []run, cols []int) ([]run, int) {
	filled := 0
	for j, from := range cols {
		if from == absent {
			continue
		}
		filled++
		if k := len(runs) - 1; k >= 0 && runs[k].at+runs[k].n == j && runs[k].from+runs[k].n == from {
			runs[k].n++
		} else {
			runs = append(runs, run{j, from, 1})
		}
	}
	return runs, filled
}
