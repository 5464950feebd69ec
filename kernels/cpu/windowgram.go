package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/planes"
)

// diagonal sums along one direction of the pixels that rows and columns of a matrix stand for: seen as g [a,i,b,j,c] and k [a,p,b,q,c],
// k[a,p,b,q,c] = Σ_r g[a,ps+r,b,qs+r,c] over the places r of a window. Rows of pixels and columns of them, one after the other, make a
// WindowGram.
type diagonal[T kernels.Float] struct {
	a, b, c                       int
	in, out                       int // i and j, p and q
	places, stride, pad, dilation int
}

// vertical sums over the rows of windows of g [H,W,H,W], to [OutH,W,OutH,W]; horizontal over their columns, to [OutH,OutW,OutH,OutW].
func vertical[T kernels.Float](w kernels.Window) diagonal[T] {
	d, _ := w.Dilation()
	return diagonal[T]{a: 1, b: w.W, c: w.W, in: w.H, out: w.OutH(), places: w.KH, stride: w.StrideH, pad: w.PadH, dilation: d}
}

func horizontal[T kernels.Float](w kernels.Window) diagonal[T] {
	_, d := w.Dilation()
	return diagonal[T]{a: w.OutH(), b: w.OutH(), c: 1, in: w.W, out: w.OutW(), places: w.KW, stride: w.StrideW, pad: w.PadW, dilation: d}
}

// each calls f for each place and range of windows in which it is a pixel.
func (d diagonal[T]) each(f func(a, at, lo, hi int)) {
	for r := range d.places {
		if lo, hi := taps(r*d.dilation, d.stride, d.pad, d.in, d.out); lo < hi {
			for a := range d.a {
				f(a, r*d.dilation-d.pad, lo, hi)
			}
		}
	}
}

// sum is k from g.
func (d diagonal[T]) sum(k, g []T) {
	clear(k)
	wide, tall := d.in*d.c, d.out*d.c // rows of g and k
	d.each(func(a, at, lo, hi int) {
		if d.stride == 1 { // rows of all p and b are the same distance apart
			planes.AddRows(k[(a*d.out+lo)*d.b*tall+lo*d.c:], tall, g[(a*d.in+lo+at)*d.b*wide+(lo+at)*d.c:], wide, (hi-lo)*d.b, (hi-lo)*d.c)
			return
		}
		d.strided(a, at, lo, hi, func(p, i int) { k[p] += g[i] })
	})
}

// spread is g from k, the adjoint.
func (d diagonal[T]) spread(g, k []T) {
	clear(g)
	wide, tall := d.in*d.c, d.out*d.c
	d.each(func(a, at, lo, hi int) {
		if d.stride == 1 {
			planes.AddRows(g[(a*d.in+lo+at)*d.b*wide+(lo+at)*d.c:], wide, k[(a*d.out+lo)*d.b*tall+lo*d.c:], tall, (hi-lo)*d.b, (hi-lo)*d.c)
			return
		}
		d.strided(a, at, lo, hi, func(p, i int) { g[i] += k[p] })
	})
}

// strided calls f for all pairs of elements of k and g that belong together.
func (d diagonal[T]) strided(a, at, lo, hi int, f func(p, i int)) {
	for p := lo; p < hi; p++ {
		for b := range d.b {
			to, from := ((a*d.out+p)*d.b+b)*d.out*d.c, ((a*d.in+p*d.stride+at)*d.b+b)*d.in*d.c
			for q := lo; q < hi; q++ {
				for c := range d.c {
					f(to+q*d.c+c, from+(q*d.stride+at)*d.c+c)
				}
			}
		}
	}
}

// halfway is the elements of a matrix between the two directions.
func halfway(w kernels.Window) int { n := w.OutH() * w.W; return n * n }

func loadWindowGram[T kernels.Float](l *loader, p kernels.WindowGram, o operands[T]) {
	k, g := o.out[0], o.in[0]
	v, h, half := vertical[T](p.Window), horizontal[T](p.Window), halfway(p.Window)
	l.grams(p.Window, half*sizeOf[T](), func(worker, i, pixels, windows int) {
		between := view[T](l.local, worker, 0, half)
		v.sum(between, g[i*pixels:(i+1)*pixels])
		h.sum(k[i*windows:(i+1)*windows], between)
	})
}

func loadPixelGram[T kernels.Float](l *loader, p kernels.PixelGram, o operands[T]) {
	g, k := o.out[0], o.in[0]
	v, h, half := vertical[T](p.Window), horizontal[T](p.Window), halfway(p.Window)
	l.grams(p.Window, half*sizeOf[T](), func(worker, i, pixels, windows int) {
		between := view[T](l.local, worker, 0, half)
		h.spread(between, k[i*windows:(i+1)*windows])
		v.spread(g[i*pixels:(i+1)*pixels], between)
	})
}

// grams adds a step over all matrices, which have pixels elements on one side and windows on the other, and scratch memory of a number of bytes.
func (l *loader) grams(w kernels.Window, bytes int, body func(worker, i, pixels, windows int)) {
	t, area := w.OutH()*w.OutW(), w.H*w.W
	pixels, windows := area*area, t*t
	l.local.reserve(bytes)
	l.parallel(w.N*w.C, (pixels+windows)*(w.KH+w.KW)/2, func(worker, from, to int) {
		for i := from; i < to; i++ {
			body(worker, i, pixels, windows)
		}
	})
}
