package cpu

import (
	"math"

	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

func loadPick[T kernels.Float](l *loader, p kernels.Pick, o operands[T]) {
	out, x, at := o.out[0], o.in[0], o.index
	l.parallel(p.Rows, 8, func(_, from, to int) {
		for r := from; r < to; r++ {
			out[r] = T(math.NaN())
			if c, ok := index(at[r], p.Cols); ok {
				out[r] = x[r*p.Cols+c]
			}
		}
	})
}

func loadPlace[T kernels.Float](l *loader, p kernels.Place, o operands[T]) {
	out, g, at := o.out[0], o.in[0], o.index
	l.parallel(p.Rows, p.Cols+4, func(_, from, to int) {
		clear(out[from*p.Cols : to*p.Cols])
		for r := from; r < to; r++ {
			if c, ok := index(at[r], p.Cols); ok {
				out[r*p.Cols+c] = g[r]
			}
		}
	})
}

func loadGather[T kernels.Float](l *loader, p kernels.Gather, o operands[T]) {
	gatherRows(l, p, o.out[0], o.in[0], o.index, T(math.NaN()))
}

// gatherRows copies rows of a table; missing is what an index out of range gives.
func gatherRows[E any](l *loader, p kernels.Gather, out, table []E, at []int32, missing E) {
	w := p.Width
	l.parallel(p.Rows, 2*w+8, func(_, from, to int) {
		for r := from; r < to; r++ {
			row := out[r*w : (r+1)*w]
			if t, ok := index(at[r], p.Table); ok {
				copy(row, table[t*w:])
				continue
			}
			for i := range row {
				row[i] = missing
			}
		}
	})
}

// scatterParts bounds the pieces of the table that are filled at the same time: each reads all indices.
const scatterParts = 16

func loadScatter[T kernels.Float](l *loader, p kernels.Scatter, o operands[T]) {
	out, x, at := o.out[0], o.in[0], o.index
	w, add := p.Width, vmath.For[T](kernels.FnAdd)
	if w == 0 {
		return
	}
	part := max(1, (p.Table+scatterParts-1)/scatterParts)
	cost := 2*p.Rows + 2*(p.Rows+p.Table)*w/scatterParts
	l.parallel((p.Table+part-1)/part, cost, func(_, from, to int) {
		from, to = from*part, min(to*part, p.Table)
		clear(out[from*w : to*w])
		for r, v := range at {
			if t, ok := index(v, p.Table); ok && t >= from && t < to {
				row := out[t*w : (t+1)*w]
				add(row, row, x[r*w:(r+1)*w], 0)
			}
		}
	})
}
