package cpu

import "drift/kernels"

func loadAvgPool[T kernels.Float](l *loader, p kernels.AvgPool, o operands[T]) {
	scale := 1 / T(p.KH*p.KW)
	outH, outW := p.OutH(), p.OutW()
	eachPlane(l, p.Window, 4*p.KH*p.KW, func(pixels, windows int) {
		y, x := o.out[0][windows:], o.in[0][pixels:]
		for t := range outH * outW {
			top, left := t/outW*p.StrideH-p.PadH, t%outW*p.StrideW-p.PadW
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
	outH, outW := p.OutH(), p.OutW()
	eachPlane(l, p.Window, 4*p.KH*p.KW, func(pixels, windows int) {
		x, y := o.out[0][pixels:pixels+p.H*p.W], o.in[0][windows:]
		clear(x)
		for t := range outH * outW {
			top, left := t/outW*p.StrideH-p.PadH, t%outW*p.StrideW-p.PadW
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

// inside is the part of the n places from start on that is in 0 … end−1.
func inside(start, n, end int) (from, to int) {
	from = min(end, max(0, start))
	return from, max(from, min(end, start+n))
}
