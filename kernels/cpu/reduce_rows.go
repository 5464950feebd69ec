package cpu

import (
	"math"

	"drift/kernels/cpu/internal/vmath"
)

// rowsOf reduces columns [c0, c1) of rows [from, to) of part a.
func (r *reduction[T]) rowsOf(worker, a, c0, c1, from, to int) []float64 {
	n := c1 - c0
	acc := view[float64](r.local, worker, r.accumulator, n)
	if n == 1 {
		acc[0] = r.column(worker, a, c0, from, to)
		return acc
	}
	start := r.accumulator + n*8
	size := (r.rows*n*sizeOf[T]() + 7) / 8 * 8
	sums := view[T](r.local, worker, start, n)
	fold := view[T](r.local, worker, start+size, r.rows*n)
	first := 0.0
	if r.Max {
		first = math.Inf(-1)
	}
	for i := range acc {
		acc[i], sums[i] = first, T(first)
	}
	held := 0
	for b := from; b < to; b += r.rows {
		rows := min(r.rows, to-b)
		index := (a*r.B+b)*r.C + c0
		e := r.chain.eval(worker, index, index+rows*n)
		r.add(sums, sums, r.foldRows(fold, e, rows, n), 0)
		if held++; held == flushAfter || b+rows == to {
			r.flush(acc, sums, T(first))
			held = 0
		}
	}
	return acc
}

// column is rowsOf for the one column c.
func (r *reduction[T]) column(worker, a, c, from, to int) float64 {
	acc := math.Inf(-1)
	if !r.Max {
		acc = 0
	}
	for b := from; b < to; b += r.rows {
		rows := min(r.rows, to-b)
		index := (a*r.B+b)*r.C + c
		if e := r.chain.eval(worker, index, index+rows); r.Max {
			acc = max(acc, float64(vmath.Max(e)))
		} else {
			acc += float64(vmath.Sum(e))
		}
	}
	return acc
}

// foldRows adds rows of n elements pairwise into one.
func (r *reduction[T]) foldRows(dst, e []T, rows, n int) []T {
	for rows > 1 {
		half := (rows + 1) / 2
		r.add(dst[:(rows-half)*n], e[:(rows-half)*n], e[half*n:rows*n], 0)
		copy(dst[(rows-half)*n:half*n], e[(rows-half)*n:half*n])
		e, rows = dst, half
	}
	return e[:n]
}

func (r *reduction[T]) flush(acc []float64, sums []T, first T) {
	for i, v := range sums {
		if r.Max {
			acc[i] = max(acc[i], float64(v))
		} else {
			acc[i] += float64(v)
		}
		sums[i] = first
	}
}
