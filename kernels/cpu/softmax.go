package cpu

import (
	"math"

	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

func loadSoftmax[T kernels.Float](l *loader, p kernels.Softmax, o operands[T]) {
	y, x := o.out[0], o.in[0]
	scale := vmath.For[T](kernels.FnScale)
	l.parallel(p.Rows, 12*p.Cols+16, func(_, from, to int) {
		for r := from; r < to; r++ {
			in, out := x[r*p.Cols:(r+1)*p.Cols], y[r*p.Cols:(r+1)*p.Cols]
			m := vmath.Max(in)
			s := vmath.ExpSum(out, in, m)
			if !p.Log {
				scale(out, out, nil, 1/s)
				continue
			}
			log := T(math.Log(float64(s)))
			for i, v := range in {
				out[i] = v - m - log
			}
		}
	})
}

func loadCrossEntropy[T kernels.Float](l *loader, p kernels.CrossEntropy, o operands[T]) {
	loss, z, y := o.out[0], o.in[0], o.index
	l.local.reserve(p.Cols * sizeOf[T]())
	l.parallel(p.Rows, 12*p.Cols+16, func(worker, from, to int) {
		e := view[T](l.local, worker, 0, p.Cols)
		for r := from; r < to; r++ {
			row := z[r*p.Cols : (r+1)*p.Cols]
			c, ok := index(y[r], p.Cols)
			if !ok {
				loss[r] = T(math.NaN())
				continue
			}
			m := vmath.Max(row)
			loss[r] = T(math.Log(float64(vmath.ExpSum(e, row, m)))) - (row[c] - m)
		}
	})
}

// index is an index operand as an int, and whether it is in 0 … n−1.
func index(v int32, n int) (int, bool) { return int(v), v >= 0 && int(v) < n }

func loadCorrect[T kernels.Float](l *loader, p kernels.Correct, o operands[T]) {
	hit, z, y := o.out[0], o.in[0], o.index
	l.parallel(p.Rows, 4*p.Cols+4, func(_, from, to int) {
		for r := from; r < to; r++ {
			hit[r] = 0
			if c, ok := index(y[r], p.Cols); ok && firstLargest(z[r*p.Cols:(r+1)*p.Cols]) == c {
				hit[r] = 1
			}
		}
	})
}

// firstLargest is the place of the first largest element, −1 when one is NaN.
func firstLargest[T kernels.Float](x []T) int {
	best := 0
	for i, v := range x {
		if v != v {
			return -1
		}
		if v > x[best] {
			best = i
		}
	}
	return best
}
