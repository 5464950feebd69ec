// Package planes holds loops over rows of planes of images: sums of rows, and pooling by windows 2×2 side by side. They are in
// assembly for AVX-512 and AVX2 and in Go elsewhere; package level says which are in use.
package planes

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

//go:generate go run drift/kernels/cpu/internal/gen ..

// loops are the functions for one instruction set.
type loops[T kernels.Float] struct {
	addRows      func(dst, src *T, rows, n, dstStride, srcStride int)
	places       func(place *int32, x *T, rows, n, width int)
	pick, spread func(a, b *T, place *int32, rows, n, width int)
}

// active are the loops of the level in use, nil for the portable ones.
func active[T kernels.Float]() *loops[T] {
	if v, ok := any(loops32[level.Active()]).(*loops[T]); ok {
		return v
	}
	return any(loops64[level.Active()]).(*loops[T])
}

// longest is about the number of elements that one call of assembly is given: the scheduler cannot interrupt it.
const longest = 1 << 14

// AddRows is dst[i·dstStride+j] += src[i·srcStride+j] for i < rows, j < n.
func AddRows[T kernels.Float](dst []T, dstStride int, src []T, srcStride, rows, n int) {
	if rows <= 0 || n <= 0 {
		return
	}
	dst, src = dst[:(rows-1)*dstStride+n], src[:(rows-1)*srcStride+n]
	v := active[T]()
	for step := max(1, longest/n); rows > 0; rows -= step {
		count := min(step, rows)
		if v != nil {
			v.addRows(&dst[0], &src[0], count, n, dstStride, srcStride)
		} else {
			addRows(dst, dstStride, src, srcStride, count, n)
		}
		if count < rows {
			dst, src = dst[count*dstStride:], src[count*srcStride:]
		}
	}
}

func addRows[T kernels.Float](dst []T, dstStride int, src []T, srcStride, rows, n int) {
	for i := range rows {
		to := dst[i*dstStride:][:n]
		for j, x := range src[i*srcStride:][:n] {
			to[j] += x
		}
	}
}

// Pool is a plane of rows×n windows 2×2 side by side over pixels in rows of width ≥ 2n elements, of which there are 2·rows.
type Pool struct{ Rows, N, Width int }

// parts calls f for groups of rows that are short enough for assembly.
func (p Pool) parts(f func(part Pool, windows, pixels int)) {
	if p.N <= 0 {
		return
	}
	step := max(1, longest/(4*p.N))
	for r := 0; r < p.Rows; r += step {
		f(Pool{min(step, p.Rows-r), p.N, p.Width}, r*p.N, 2*r*p.Width)
	}
}

// row is the two rows of pixels under a row of windows.
func row[T kernels.Float](p Pool, r int, x []T) (upper, lower []T) {
	at := 2 * r * p.Width
	return x[at : at+2*p.N], x[at+p.Width : at+p.Width+2*p.N]
}

func (p Pool) pixels() int { return (2*p.Rows-1)*p.Width + 2*p.N }

// Places is kernels.MaxIndex.
func Places[T kernels.Float](p Pool, place []int32, x []T) {
	v := active[T]()
	p.parts(func(p Pool, windows, pixels int) {
		place, x := place[windows:][:p.Rows*p.N], x[pixels:][:p.pixels()]
		if v != nil {
			v.places(&place[0], &x[0], p.Rows, p.N, p.Width)
			return
		}
		for r := range p.Rows {
			upper, lower := row(p, r, x)
			largestOfFour(place[r*p.N:(r+1)*p.N], upper, lower)
		}
	})
}

// Pick is kernels.MaxGather: y = x at the places, zero where there is no such place.
func Pick[T kernels.Float](p Pool, y, x []T, place []int32) {
	v := active[T]()
	p.parts(func(p Pool, windows, pixels int) {
		y, place, x := y[windows:][:p.Rows*p.N], place[windows:][:p.Rows*p.N], x[pixels:][:p.pixels()]
		if v != nil {
			v.pick(&y[0], &x[0], &place[0], p.Rows, p.N, p.Width)
			return
		}
		for r := range p.Rows {
			upper, lower := row(p, r, x)
			for i, k := range place[r*p.N : (r+1)*p.N] {
				to := &y[r*p.N+i]
				switch k {
				case 0, 1:
					*to = upper[2*i+int(k)]
				case 2, 3:
					*to = lower[2*i+int(k)-2]
				default:
					*to = 0
				}
			}
		}
	})
}

// Spread is kernels.MaxScatter: all pixels of the windows are written.
func Spread[T kernels.Float](p Pool, x, y []T, place []int32) {
	v := active[T]()
	p.parts(func(p Pool, windows, pixels int) {
		y, place, x := y[windows:][:p.Rows*p.N], place[windows:][:p.Rows*p.N], x[pixels:][:p.pixels()]
		if v != nil {
			v.spread(&x[0], &y[0], &place[0], p.Rows, p.N, p.Width)
			return
		}
		for r := range p.Rows {
			upper, lower := row(p, r, x)
			clear(upper)
			clear(lower)
			for i, k := range place[r*p.N : (r+1)*p.N] {
				switch k {
				case 0, 1:
					upper[2*i+int(k)] = y[r*p.N+i]
				case 2, 3:
					lower[2*i+int(k)-2] = y[r*p.N+i]
				}
			}
		}
	})
}

// largestOfFour finds the places for a row of windows. It chooses by arithmetic instead of branches: which pixel of a
// window is largest cannot be foreseen.
func largestOfFour[T kernels.Float](place []int32, upper, lower []T) {
	for i := range place {
		var right, low int
		a, b, c, d := upper[2*i], upper[2*i+1], lower[2*i], lower[2*i+1]
		if b > a {
			right = 1
		}
		if d > c {
			low = 1
		}
		at, best, second := right, upper[2*i+right], lower[2*i+low]
		low += 2
		if second > best {
			at = low
		}
		if sum := a + b + c + d; sum != sum { // also where infinities meet, which is only slower
			at = firstOf(a, b, c, d)
		}
		place[i] = int32(at)
	}
}

// firstOf is the place of the first NaN, or of the first largest value.
func firstOf[T kernels.Float](values ...T) int {
	at := 0
	for i, v := range values {
		if v != v {
			return i
		}
		if v > values[at] {
			at = i
		}
	}
	return at
}
