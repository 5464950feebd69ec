package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/cpu/internal/vmath"
)

// convolution multiplies, image by image, the kernels [O, C·KH·KW] with the image's unfolded windows [C·KH·KW, OutH·OutW].
type convolution[T kernels.Float] struct {
	kernels.Conv
	depth, places int // C·KH·KW and OutH·OutW
	image         int // C·H·W
	local         *arena
	add           vmath.Func[T]
}

func newConvolution[T kernels.Float](l *loader, p kernels.Conv) *convolution[T] {
	c := &convolution[T]{p, p.C * p.KH * p.KW, p.OutH() * p.OutW(), p.C * p.H * p.W, l.local, vmath.For[T](kernels.FnAdd)}
	if !c.plain() {
		l.local.reserve(c.depth * c.places * sizeOf[T]())
	}
	return c
}

// plain reports whether the image is its own unfolding.
func (c *convolution[T]) plain() bool {
	return c.KH == 1 && c.KW == 1 && c.StrideH == 1 && c.StrideW == 1 && c.PadH == 0 && c.PadW == 0
}

func (c *convolution[T]) scratch(worker int) []T {
	return view[T](c.local, worker, 0, c.depth*c.places)
}

// windows is the unfolded image n.
func (c *convolution[T]) windows(worker int, x []T, n int) []T {
	x = x[n*c.image : (n+1)*c.image]
	if c.plain() {
		return x
	}
	u := c.scratch(worker)
	unfold(c.Window, u, x)
	return u
}

// kernelsOf is the kernels that image n meets.
func (c *convolution[T]) kernelsOf(k []T, n int) []T {
	if c.PerExample {
		return k[n*c.O*c.depth : (n+1)*c.O*c.depth]
	}
	return k
}

// images adds a step over all images. Where images are too few to share, each one's product uses all threads.
func (c *convolution[T]) images(l *loader, n int, each func(threads *pool.Pool, worker, n int)) {
	work := c.O*c.depth*c.places/8 + 2*c.depth*c.places
	if n < l.threads {
		l.steps = append(l.steps, func(threads *pool.Pool) {
			for i := range n {
				each(threads, 0, i)
			}
		})
		return
	}
	l.parallel(n, work, func(worker, from, to int) {
		for i := from; i < to; i++ {
			each(nil, worker, i)
		}
	})
}

func loadConv[T kernels.Float](l *loader, p kernels.Conv, o operands[T]) {
	c := newConvolution[T](l, p)
	y, x, k := o.out[0], o.in[0], o.in[1]
	c.images(l, p.N, func(threads *pool.Pool, worker, n int) {
		u := c.windows(worker, x, n)
		gemm.Gemm(threads, false, false, c.O, c.places, c.depth, 1, c.kernelsOf(k, n), max(1, c.depth), u, c.places, 0,
			y[n*c.O*c.places:], c.places)
	})
}

func loadConvInput[T kernels.Float](l *loader, p kernels.ConvInput, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	x, y, k := o.out[0], o.in[0], o.in[1]
	c.images(l, p.N, func(threads *pool.Pool, worker, n int) {
		image := x[n*c.image : (n+1)*c.image]
		u := image
		if !c.plain() {
			u = c.scratch(worker)
		}
		gemm.Gemm(threads, true, false, c.depth, c.places, c.O, 1, c.kernelsOf(k, n), max(1, c.depth), y[n*c.O*c.places:], c.places, 0,
			u, c.places)
		if !c.plain() {
			fold(c.Window, image, u, c.add)
		}
	})
}

// Weight gradients are summed over images in at most weightParts parts, each in order, and the parts in order: fixed by sizes,
// for the same bits on any number of threads. The parts take at most weightPartials elements together.
const (
	weightParts    = 16
	weightPartials = 1 << 22
)

func loadConvWeight[T kernels.Float](l *loader, p kernels.ConvWeight, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	k, x, y := o.out[0], o.in[0], o.in[1]
	size := c.O * c.depth
	product := func(threads *pool.Pool, worker, n int, beta T, dst []T) {
		u := c.windows(worker, x, n)
		gemm.Gemm(threads, false, true, c.O, c.depth, c.places, 1, y[n*c.O*c.places:], c.places, u, c.places, beta, dst, max(1, c.depth))
	}
	if p.PerExample {
		c.images(l, p.N, func(threads *pool.Pool, worker, n int) { product(threads, worker, n, 0, c.kernelsOf(k, n)) })
		return
	}
	if p.N == 0 {
		l.steps = append(l.steps, func(*pool.Pool) { clear(k) })
		return
	}
	parts := min(p.N, weightParts, max(1, weightPartials/max(1, size)))
	if parts == 1 {
		l.steps = append(l.steps, func(threads *pool.Pool) {
			for n := range p.N {
				product(threads, 0, n, T(min(n, 1)), k)
			}
		})
		return
	}
	l.shared.reserve((parts - 1) * size * sizeOf[T]())
	part := func(i int) []T { // the first is the result itself
		if i == 0 {
			return k
		}
		return view[T](l.shared, 0, 0, (parts-1)*size)[(i-1)*size : i*size]
	}
	l.parallel(parts, chunkWork, func(worker, from, to int) {
		for i := from; i < to; i++ {
			first := i * p.N / parts
			for n := first; n < (i+1)*p.N/parts; n++ {
				product(nil, worker, n, T(min(n-first, 1)), part(i))
			}
		}
	})
	l.parallel(size, 2*parts, func(_, from, to int) {
		for i := 1; i < parts; i++ {
			c.add(k[from:to], k[from:to], part(i)[from:to], 0)
		}
	})
}
