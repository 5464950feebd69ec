package cpu

import "drift/kernels"

func loadSlice[T kernels.Float](l *loader, p kernels.Slice, o operands[T]) {
	out, x := o.out[0], o.in[0]
	width := (p.To - p.From) * p.C
	l.pieces(p.A, width, func(a, from, to int) {
		copy(out[a*width+from:a*width+to], x[(a*p.B+p.From)*p.C+from:])
	})
}

func loadPad[T kernels.Float](l *loader, p kernels.Pad, o operands[T]) {
	out, x := o.out[0], o.in[0]
	width, first, end := p.B*p.C, p.From*p.C, p.To*p.C
	l.pieces(p.A, width, func(a, from, to int) {
		row := out[a*width : (a+1)*width]
		clear(row[from:max(from, min(to, first))])
		clear(row[min(to, max(from, end)):to])
		if from, to = max(from, first), min(to, end); from < to {
			copy(row[from:to], x[a*(end-first)+from-first:])
		}
	})
}

// pieces adds a step that moves rows of width elements, long rows in several pieces.
func (l *loader) pieces(rows, width int, move func(row, from, to int)) {
	if width == 0 {
		return
	}
	size := min(width, chunkWork)
	per := (width + size - 1) / size
	l.parallel(rows*per, size, func(_, from, to int) {
		for i := from; i < to; i++ {
			at := i % per * size
			move(i/per, at, min(at+size, width))
		}
	})
}
