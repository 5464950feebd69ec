package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// Weight gradients are summed over images in at most weightParts parts, each in order, and the parts in order: fixed by
// sizes, for the same bits on any number of threads. The parts take at most weightPartials elements together.
const (
	weightParts    = 32
	weightPartials = 1 << 22
)

// convWeight: k̄ [O, KH·KW·C] = ȳ[n] [O, places] · windows [places, KH·KW·C], summed over n. The image's channels are made to run
// fastest first, so that a window's elements lie in runs of KW·C.
type convWeight[T kernels.Float] struct {
	*convolution[T]
	x, y    []T
	windows *indirect[T]
	image   int // elements of an image with its channels last, a whole number of words
	size    int // of k̄
}

func loadConvWeight[T kernels.Float](l *loader, p kernels.ConvWeight, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	w := &convWeight[T]{c, o.in[0], o.in[1], nil, (c.C*c.height*c.width + 1) &^ 1, c.O * c.depth}
	var columns []int
	for h := range c.KH {
		for i := range c.KW * c.C {
			columns = append(columns, h*c.width*c.C+i)
		}
	}
	w.windows = newIndirect[T](l, c.pixels(c.C), columns)
	k := o.out[0]
	if c.PerExample && w.size > 0 {
		l.local.reserve((w.image + w.size) * sizeOf[T]())
		c.images(l, 1, func(threads *pool.Pool, worker, n, _ int) {
			one := view[T](c.local, worker, w.image*sizeOf[T](), w.size)
			w.product(threads, worker, n, 0, one)
			w.planesFirst(k[n*w.size:], one, 0, c.O)
		})
		return
	}
	l.local.reserve(w.image * sizeOf[T]())
	w.sum(l, k)
}

// product is beta·dst plus the gradient for image n.
func (w *convWeight[T]) product(threads *pool.Pool, worker, n int, beta T, dst []T) {
	b := gemm.Matrix[T]{Data: w.x[n*w.convolution.image:], LD: w.places, Trans: true}
	if !w.plain() {
		b = w.windows.of(worker, w.channelsLast(worker, n), 0)
	}
	a := gemm.Matrix[T]{Data: w.y[n*w.O*w.places:], LD: w.places}
	gemm.Batched(threads, 1, w.O, w.depth, w.places, 1, a, b, beta, dst, max(1, w.depth), 0)
}

// channelsLast is image n as [height, width, C], padded.
func (w *convWeight[T]) channelsLast(worker, n int) []T {
	if w.C == 1 {
		return w.paddedImages(worker, w.x, n, n+1)
	}
	u := view[T](w.local, worker, 0, w.C*w.height*w.width)
	if padded(w.Window) {
		clear(u)
	}
	x := w.x[n*w.convolution.image:]
	for h := range w.H {
		line := u[((h+w.PadH)*w.width+w.PadW)*w.C:][:w.W*w.C]
		for c := range w.C {
			to := line[c:]
			for i, v := range x[(c*w.H+h)*w.W:][:w.W] {
				to[i*w.C] = v
			}
		}
	}
	return u
}

// planesFirst is dst [O,C,KH·KW] from src [O,KH·KW,C], for rows [from, to) of O.
func (w *convWeight[T]) planesFirst(dst, src []T, from, to int) {
	taps := w.KH * w.KW
	for o := from; o < to; o++ {
		in, out := src[o*w.depth:(o+1)*w.depth], dst[o*w.depth:(o+1)*w.depth]
		for t := range taps {
			to := out[t:]
			for c, v := range in[t*w.C : (t+1)*w.C] {
				to[c*taps] = v
			}
		}
	}
}

// sum adds the steps that compute the gradient k summed over images.
func (w *convWeight[T]) sum(l *loader, k []T) {
	if w.N == 0 || w.size == 0 {
		l.steps = append(l.steps, func(*pool.Pool) { clear(k) })
		return
	}
	parts := min(w.N, weightParts, max(1, weightPartials/max(1, w.size)))
	l.shared.reserve(parts * w.size * sizeOf[T]())
	part := func(i int) []T { return view[T](l.shared, 0, 0, parts*w.size)[i*w.size : (i+1)*w.size] }
	add := func(threads *pool.Pool, worker, i int) {
		first := i * w.N / parts
		for n := first; n < (i+1)*w.N/parts; n++ {
			w.product(threads, worker, n, T(min(n-first, 1)), part(i))
		}
	}
	if parts == 1 {
		l.steps = append(l.steps, func(threads *pool.Pool) { add(threads, 0, 0) })
	} else {
		l.parallel(parts, chunkWork, func(worker, from, to int) {
			for i := from; i < to; i++ {
				add(nil, worker, i)
			}
		})
	}
	l.parallel(w.O, (2*parts+4)*w.depth, func(_, from, to int) {
		total := part(0)[from*w.depth : to*w.depth]
		for i := 1; i < parts; i++ {
			w.add(total, total, part(i)[from*w.depth:to*w.depth], 0)
		}
		w.planesFirst(k, part(0), from, to)
	})
}
