package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/cpu/internal/winograd"
	"drift/kernels/cpu/internal/winograd4"
)

// Weight gradients are summed over images in at most weightParts parts, each in order, and the parts in order: fixed by
// sizes, for the same bits on any number of threads. The parts take at most weightPartials elements together.
const (
	weightParts    = 32
	weightPartials = 1 << 22
)

// convWeight: k̄ [O, depth] = ȳ[n] [O, places] · windows [places, depth], summed over n; group by group.
type convWeight[T kernels.Float] struct {
	*convolution[T]
	x, y    []T
	size    int // of k̄, all groups
	windows *indirect[T]
	written *written      // in place of windows where these are narrow
	planes  *depthwise[T] // in place of both
	tiles   *tiled[T]     // in place of all three, for a sum over images
}

// written is the matrix of windows of an image written out as [depth, places]: the lines of a narrow product.
type written struct {
	taps []int // of the lines
	runs []run // of places in a line whose pixels lie one behind the other
	at   int   // where the matrix begins in a worker's scratch memory, in bytes
}

func loadConvWeight[T kernels.Float](l *loader, p kernels.ConvWeight, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	w := &convWeight[T]{convolution: c, x: o.in[0], y: o.in[1], size: c.parts * c.O * c.depth, planes: c.depthwise()}
	if d := c.few(c.C, c.O, true); d != nil {
		d.gradients(l, as32(o.out[0]), as32(w.x), as32(w.y))
		return
	}
	if d := c.wide(c.C, c.O, 1); d != nil {
		d.reserve()
		if k := as32(o.out[0]); d.perExample {
			d.gradients(l, k, as32(w.x), as32(w.y))
		} else {
			w.sumWide(l, d, k)
		}
		return
	}
	if w.tiles = c.tiled(c.Window, c.C, c.O); w.tiles != nil {
		w.tiles.reserve()
		w.sumTiles(l, o.out[0])
		return
	}
	lines := c.depth > 0 && !c.plain() && (c.StrideW == 2 && c.depth*c.places <= groupElements || gemm.Narrow[T](c.depth, c.places))
	if lines && w.planes == nil {
		c.halve()
	}
	scratch := 0
	if c.copied() {
		scratch = (c.size()*sizeOf[T]() + 7) / 8 * 8
	}
	if w.planes != nil {
		scratch = w.planes.scratchBytes()
	} else if lines {
		w.written = &written{c.taps(), findRuns(nil, c.pixels()), scratch}
		scratch += c.depth * c.places * sizeOf[T]()
	} else {
		w.windows = newIndirect[T](l, c.pixels(), c.taps())
	}
	l.local.reserve(scratch)
	if k := o.out[0]; c.PerExample {
		c.images(l, 1, func(threads *pool.Pool, worker, n, _ int) { w.product(threads, worker, n, 0, k[n*w.size:]) })
	} else {
		w.sum(l, k)
	}
}

// product is beta·dst plus the gradient for image n.
func (w *convWeight[T]) product(threads *pool.Pool, worker, n int, beta T, dst []T) {
	if w.planes != nil {
		s := w.planes.scratch(worker)
		for g := range w.parts {
			w.planes.weight(s, beta, dst[g*w.O*w.depth:], w.inputs(w.x, n, g), w.results(w.y, n, g))
		}
		return
	}
	image := w.x[n*w.image:]
	if !w.plain() {
		image = w.paddedImages(worker, w.x, n, n+1)
	}
	for g := range w.parts {
		a := gemm.Matrix[T]{Data: w.results(w.y, n, g), LD: w.places}
		gemm.Batched(threads, 1, w.O, w.depth, w.places, 1, a, w.matrix(worker, image, g), beta, dst[g*w.O*w.depth:], max(1, w.depth), 0)
	}
}

// matrix is the windows [places, depth] of a group in a padded image.
func (w *convWeight[T]) matrix(worker int, image []T, group int) gemm.Matrix[T] {
	if w.plain() {
		return gemm.Matrix[T]{Data: image[group*w.C*w.H*w.W:], LD: w.places, Trans: true}
	}
	x := image[group*w.C*w.height*w.width:]
	if w.written == nil {
		return w.windows.of(worker, x, 0)
	}
	lines := view[T](w.local, worker, w.written.at, w.depth*w.places)
	for _, r := range w.written.runs {
		gather(lines[r.at:], w.places, x[r.from:], w.written.taps, r.n)
	}
	return gemm.Matrix[T]{Data: lines, LD: w.places, Trans: true}
}

// sum adds the steps that compute the gradient k summed over images.
func (w *convWeight[T]) sum(l *loader, k []T) {
	if w.N == 0 || w.size == 0 {
		l.steps = append(l.steps, func(*pool.Pool) { clear(k) })
		return
	}
	w.addUp(l, k, w.size, w.N, func(threads *pool.Pool, worker, n int, beta T, dst []T) { w.product(threads, worker, n, beta, dst) })
}

// sumTiles is sum by tiles: of transformed kernels, and these then become kernels.
func (w *convWeight[T]) sumTiles(l *loader, k []T) {
	each := w.O * w.C
	sums := w.addUp(l, nil, winograd.Places*each, w.tiles.units(), func(_ *pool.Pool, worker, i int, beta T, dst []T) {
		w.tiles.weight(worker, w.tiles.unit(i), beta, dst, w.x, w.y)
	})
	l.parallel(each, 32, func(_, from, to int) {
		sums := sums()
		for i := from; i < to; i++ {
			winograd.Gradient(k[9*i:], sums[i:], each)
		}
	})
}

// sumWide is sumTiles by wide tiles.
func (w *convWeight[T]) sumWide(l *loader, d *wide, k []float32) {
	each, step, x, y := w.O*w.C, kernelStep(w.C, w.O), as32(w.x), as32(w.y)
	sums := w.addUp(l, nil, winograd4.Places*step, d.units(), func(_ *pool.Pool, worker, i int, beta T, dst []T) {
		d.weight(worker, i, float32(beta), as32(dst), x, y)
	})
	l.parallel((each+winograd4.Lanes-1)/winograd4.Lanes, 512, func(_, from, to int) {
		finishKernels(k, as32(sums()), step, each, from, to)
	})
}

// addUp adds the steps that compute a sum of size elements over n terms, each of which puts beta times what is there and itself into dst.
// The sum is in k, or in scratch memory where k is nil.
func (w *convWeight[T]) addUp(l *loader, k []T, size, n int, term func(threads *pool.Pool, worker, i int, beta T, dst []T)) (sum func() []T) {
	parts := min(n, weightParts, max(1, weightPartials/size))
	first := min(len(k), 1) // part in scratch memory
	l.shared.reserve((parts - first) * size * sizeOf[T]())
	part := func(i int) []T {
		if i < first {
			return k
		}
		return view[T](l.shared, 0, 0, (parts-first)*size)[(i-first)*size : (i-first+1)*size]
	}
	add := func(threads *pool.Pool, worker, i int) {
		from := i * n / parts
		for t := from; t < (i+1)*n/parts; t++ {
			term(threads, worker, t, T(min(t-from, 1)), part(i))
		}
	}
	sum = func() []T { return part(0) }
	if parts == 1 {
		l.steps = append(l.steps, func(threads *pool.Pool) { add(threads, 0, 0) })
		return sum
	}
	l.parallel(parts, chunkWork, func(worker, from, to int) {
		for i := from; i < to; i++ {
			add(nil, worker, i)
		}
	})
	l.parallel(size, 2*parts, func(_, from, to int) {
		all := sum()[from:to]
		for i := 1; i < parts; i++ {
			w.add(all, all, part(i)[from:to], 0)
		}
	})
	return sum
}
