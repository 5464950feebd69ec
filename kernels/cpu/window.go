package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/planes"
)

// taps is the range [lo, hi) of output places whose input place at·stride + k − pad is inside 0 … in−1.
func taps(k, stride, pad, in, out int) (lo, hi int) {
	lo = min(out, max(0, (pad-k+stride-1)/stride))
	return lo, max(lo, min(out, (in+pad-k+stride-1)/stride))
}

// fold sums columns of windows u [C·KH·KW, OutH·OutW] into the image x [C,H,W] that they cover. It goes through all planes for one place in
// the kernel before the next: what was just written could not be read back at an offset without waiting.
func fold[T kernels.Float](w kernels.Window, x, u []T) {
	oh, ow, area := w.OutH(), w.OutW(), w.KH*w.KW
	clear(x)
	for tap := range area {
		kh, kw := tap/w.KW, tap%w.KW
		top, bottom := taps(kh, w.StrideH, w.PadH, w.H, oh)
		left, right := taps(kw, w.StrideW, w.PadW, w.W, ow)
		if top == bottom || left == right {
			continue
		}
		at := (top*w.StrideH+kh-w.PadH)*w.W + left*w.StrideW + kw - w.PadW
		from := tap*oh*ow + top*ow + left
		for range w.C {
			addStrided(x[at:], w.StrideH*w.W, w.StrideW, u[from:], ow, bottom-top, right-left)
			at += w.H * w.W
			from += area * oh * ow
		}
	}
}

// addStrided adds rows of n elements to elements stride apart.
func addStrided[T kernels.Float](dst []T, dstRow, stride int, src []T, srcRow, rows, n int) {
	if stride == 1 {
		planes.AddRows(dst, dstRow, src, srcRow, rows, n)
		return
	}
	for y := range rows {
		for i, v := range src[y*srcRow:][:n] {
			dst[y*dstRow+i*stride] += v
		}
	}
}

func loadIm2Col[T kernels.Float](l *loader, p kernels.Im2Col, o operands[T]) {
	columns := p.C * p.KH * p.KW
	l.parallel(p.N*p.OutH(), p.OutW()*columns, func(_, from, to int) {
		for i := from; i < to; i++ {
			u := o.out[0][i*p.OutW()*columns:]
			x := o.in[0][i/p.OutH()*p.C*p.H*p.W:]
			for c := range p.C {
				plane := x[c*p.H*p.W : (c+1)*p.H*p.W]
				for kh := range p.KH {
					at := (c*p.KH + kh) * p.KW
					windowRow(p.Window, u, plane, i%p.OutH()*p.StrideH+kh-p.PadH, at, columns)
				}
			}
		}
	})
}

// windowRow copies image row h of a plane into the windows of one row of windows, each at element at of its columns.
func windowRow[T kernels.Float](w kernels.Window, u, plane []T, h, at, columns int) {
	for x := range w.OutW() {
		dst := u[x*columns+at:][:w.KW]
		if h < 0 || h >= w.H {
			clear(dst)
			continue
		}
		left := x*w.StrideW - w.PadW
		from, to := min(w.KW, max(0, -left)), max(0, min(w.KW, w.W-left))
		clear(dst[:from])
		clear(dst[max(from, to):])
		if from < to {
			copy(dst[from:to], plane[h*w.W+left+from:])
		}
	}
}

func loadCol2Im[T kernels.Float](l *loader, p kernels.Col2Im, o operands[T]) {
	columns, windows := p.C*p.KH*p.KW, p.OutH()*p.OutW()
	l.parallel(p.N*p.C, 2*windows*p.KH*p.KW, func(_, from, to int) {
		for i := from; i < to; i++ {
			plane := o.out[0][i*p.H*p.W : (i+1)*p.H*p.W]
			u := o.in[0][i/p.C*windows*columns+i%p.C*p.KH*p.KW:]
			clear(plane)
			for t := range windows {
				addWindow(p.Window, plane, u[t*columns:][:p.KH*p.KW], t)
			}
		}
	})
}

func addWindow[T kernels.Float](w kernels.Window, plane, u []T, t int) {
	top, left := t/w.OutW()*w.StrideH-w.PadH, t%w.OutW()*w.StrideW-w.PadW
	for kh := max(0, -top); kh < min(w.KH, w.H-top); kh++ {
		for kw := max(0, -left); kw < min(w.KW, w.W-left); kw++ {
			plane[(top+kh)*w.W+left+kw] += u[kh*w.KW+kw]
		}
	}
}
