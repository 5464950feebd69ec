package cpu

import (
	"math"

	"drift/kernels"
)

// planes adds a step over all planes of the images: each has H·W pixels and OutH·OutW windows.
func planes(l *loader, w kernels.Window, each func(pixels, windows, n int)) {
	pixels, windows := w.H*w.W, w.OutH()*w.OutW()
	l.parallel(w.N*w.C, 4*windows*w.KH*w.KW+pixels, func(_, from, to int) {
		for n := from; n < to; n++ {
			each(n*pixels, n*windows, n)
		}
	})
}

func loadMaxIndex[T kernels.Float](l *loader, p kernels.MaxIndex, o operands[T]) {
	planes(l, p.Window, func(pixels, windows, _ int) {
		place, x := o.out[0][windows:], o.in[0][pixels:]
		for y := range p.OutH() {
			for z := range p.OutW() {
				place[y*p.OutW()+z] = T(largest(p.Window, x, y*p.StrideH-p.PadH, z*p.StrideW-p.PadW))
			}
		}
	})
}

// largest is the place of the first largest pixel of the window at (top, left), or of the first NaN.
func largest[T kernels.Float](w kernels.Window, plane []T, top, left int) int {
	best, at := T(math.Inf(-1)), 0
	if top >= 0 && left >= 0 { // no padding before the first place
		best = plane[top*w.W+left]
	}
	for kh := max(0, -top); kh < min(w.KH, w.H-top); kh++ {
		for kw := max(0, -left); kw < min(w.KW, w.W-left); kw++ {
			v := plane[(top+kh)*w.W+left+kw]
			if v != v {
				return kh*w.KW + kw
			}
			if v > best {
				best, at = v, kh*w.KW+kw
			}
		}
	}
	return at
}

// pixel is where place i of window t lies in its plane, or −1 when it is in the padding or is no place.
func pixel[T kernels.Float](w kernels.Window, t int, i T) int {
	k, ok := index(i, w.KH*w.KW)
	h := t/w.OutW()*w.StrideH - w.PadH + k/w.KW
	x := t%w.OutW()*w.StrideW - w.PadW + k%w.KW
	if !ok || h < 0 || h >= w.H || x < 0 || x >= w.W {
		return -1
	}
	return h*w.W + x
}

func loadMaxGather[T kernels.Float](l *loader, p kernels.MaxGather, o operands[T]) {
	planes(l, p.Window, func(pixels, windows, _ int) {
		y, x, place := o.out[0][windows:], o.in[0][pixels:], o.in[1][windows:]
		for t := range p.OutH() * p.OutW() {
			y[t] = 0
			if at := pixel(p.Window, t, place[t]); at >= 0 {
				y[t] = x[at]
			}
		}
	})
}

func loadMaxScatter[T kernels.Float](l *loader, p kernels.MaxScatter, o operands[T]) {
	planes(l, p.Window, func(pixels, windows, _ int) {
		x, y, place := o.out[0][pixels:pixels+p.H*p.W], o.in[0][windows:], o.in[1][windows:]
		clear(x)
		for t := range p.OutH() * p.OutW() {
			if at := pixel(p.Window, t, place[t]); at >= 0 {
				x[at] += y[t]
			}
		}
	})
}

// inside is the part of the n places from start on that is in 0 … end−1.
func inside(start, n, end int) (from, to int) {
	from = min(end, max(0, start))
	return from, max(from, min(end, start+n))
}

func loadAvgPool[T kernels.Float](l *loader, p kernels.AvgPool, o operands[T]) {
	scale := 1 / T(p.KH*p.KW)
	planes(l, p.Window, func(pixels, windows, _ int) {
		y, x := o.out[0][windows:], o.in[0][pixels:]
		for t := range p.OutH() * p.OutW() {
			top, left := t/p.OutW()*p.StrideH-p.PadH, t%p.OutW()*p.StrideW-p.PadW
			var sum T
			from, to := inside(left, p.KW, p.W)
			for h := max(0, top); h < min(p.H, top+p.KH); h++ {
				for _, v := range x[h*p.W+from : h*p.W+to] {
					sum += v
				}
			}
			y[t] = sum * scale
		}
	})
}

func loadAvgUnpool[T kernels.Float](l *loader, p kernels.AvgUnpool, o operands[T]) {
	scale := 1 / T(p.KH*p.KW)
	planes(l, p.Window, func(pixels, windows, _ int) {
		x, y := o.out[0][pixels:pixels+p.H*p.W], o.in[0][windows:]
		clear(x)
		for t := range p.OutH() * p.OutW() {
			top, left := t/p.OutW()*p.StrideH-p.PadH, t%p.OutW()*p.StrideW-p.PadW
			g := y[t] * scale
			from, to := inside(left, p.KW, p.W)
			for h := max(0, top); h < min(p.H, top+p.KH); h++ {
				row := x[h*p.W+from : h*p.W+to]
				for i := range row {
					row[i] += g
				}
			}
		}
	})
}
