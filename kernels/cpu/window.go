package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/planes"
	"drift/kernels/cpu/internal/pool"
)

// taps is the range [lo, hi) of output places whose input place at·stride + k − pad is inside 0 … in−1, for a pixel k of a window.
func taps(k, stride, pad, in, out int) (lo, hi int) {
	lo = min(out, max(0, (pad-k+stride-1)/stride))
	return lo, max(lo, min(out, (in+pad-k+stride-1)/stride))
}

// fold sums columns of windows u [C·KH·KW, OutH·OutW] into the image x [C,H,W] that they cover. It goes through all planes for
// one place in the kernel before the next: what was just written could not be read back at an offset without waiting.
func fold[T kernels.Float](w kernels.Window, x, u []T) {
	oh, ow, area := w.OutH(), w.OutW(), w.KH*w.KW
	dh, dw := w.Dilation()
	clear(x)
	for tap := range area {
		kh, kw := tap/w.KW*dh, tap%w.KW*dw
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

// loadIm2Col copies, for each row of the kernel, the pixels under it in all windows of an image.
func loadIm2Col[T kernels.Float](l *loader, p kernels.Im2Col, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv{Window: p.Window})
	pixels, taps, together := c.pixels(), c.taps(), p.KW
	if _, dw := p.Dilation(); dw > 1 {
		together = 1
	}
	if padded(p.Window) {
		l.local.reserve(c.C * c.height * c.width * sizeOf[T]())
	}
	c.images(l, 1, func(_ *pool.Pool, worker, n, _ int) {
		x, u := c.paddedImages(worker, o.in[0], n, n+1), o.out[0][n*c.places*c.depth:]
		for t := 0; t < c.places; t += packLines {
			some := pixels[t:min(t+packLines, c.places)]
			for at := 0; at < c.depth; at += together {
				gather(u[t*c.depth+at:], c.depth, x[taps[at]:], some, together)
			}
		}
	})
}

// gather is gemm.Gather for lines of any width.
func gather[T kernels.Float](dst []T, stride int, src []T, rows []int, width int) {
	for from := 0; from < width; from += lineWidth {
		gemm.Gather(dst[from:], stride, src[from:], rows, min(lineWidth, width-from))
	}
}

// lineWidth is the widest line that Gather takes in either type.
const lineWidth = 16

// loadCol2Im adds, for each place in the kernel, row by row of windows.
func loadCol2Im[T kernels.Float](l *loader, p kernels.Col2Im, o operands[T]) {
	area, oh, ow := p.KH*p.KW, p.OutH(), p.OutW()
	depth := p.C * area
	dh, dw := p.Dilation()
	l.parallel(p.N*p.C, 4*oh*ow*area, func(_, from, to int) {
		for i := from; i < to; i++ {
			plane := o.out[0][i*p.H*p.W : (i+1)*p.H*p.W]
			u := o.in[0][i/p.C*oh*ow*depth+i%p.C*area:]
			clear(plane)
			for tap := range area {
				addTap(p.Window, plane, u[tap:], tap/p.KW*dh, tap%p.KW*dw, depth)
			}
		}
	})
}

// addTap adds the elements at pixel (kh, kw) of all windows, which are depth apart, to a plane.
func addTap[T kernels.Float](w kernels.Window, plane, u []T, kh, kw, depth int) {
	ow := w.OutW()
	top, bottom := taps(kh, w.StrideH, w.PadH, w.H, w.OutH())
	left, right := taps(kw, w.StrideW, w.PadW, w.W, ow)
	for y := top; y < bottom && left < right; y++ {
		to := plane[(y*w.StrideH+kh-w.PadH)*w.W+left*w.StrideW+kw-w.PadW:]
		from := u[(y*ow+left)*depth:]
		for i := range right - left {
			to[i*w.StrideW] += from[i*depth]
		}
	}
}
