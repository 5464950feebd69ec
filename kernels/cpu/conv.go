package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/cpu/internal/vmath"
)

// convolution is what the three directions share. Each is, image by image, a product with a matrix of windows that is not
// written out: its elements are copied from the (padded) image while they are packed for the product.
type convolution[T kernels.Float] struct {
	kernels.Conv
	depth, places int // C·KH·KW and OutH·OutW
	image         int // C·H·W
	height, width int // of the padded image
	local         *arena
	add           vmath.Func[T]
}

func newConvolution[T kernels.Float](l *loader, p kernels.Conv) *convolution[T] {
	return &convolution[T]{p, p.C * p.KH * p.KW, p.OutH() * p.OutW(), p.C * p.H * p.W, p.H + 2*p.PadH, p.W + 2*p.PadW, l.local,
		vmath.For[T](kernels.FnAdd)}
}

// plain reports whether an image is its own matrix of windows.
func (c *convolution[T]) plain() bool {
	return c.KH == 1 && c.KW == 1 && c.StrideH == 1 && c.StrideW == 1 && !padded(c.Window)
}

// kernelsOf is the kernels that image n meets.
func (c *convolution[T]) kernelsOf(k []T, n int) []T {
	if c.PerExample {
		return k[n*c.O*c.depth : (n+1)*c.O*c.depth]
	}
	return k
}

// images adds a step over all images. Where they are too few to share out, each one's product uses all threads.
func (c *convolution[T]) images(l *loader, each func(threads *pool.Pool, worker, n int)) {
	if c.N < l.threads {
		l.steps = append(l.steps, func(threads *pool.Pool) {
			for n := range c.N {
				each(threads, 0, n)
			}
		})
		return
	}
	l.parallel(c.N, c.O*c.depth*c.places/8+2*c.depth*c.places, func(worker, from, to int) {
		for n := from; n < to; n++ {
			each(nil, worker, n)
		}
	})
}

// pixels is where the windows' first pixels lie in a padded plane, in steps of unit elements.
func (c *convolution[T]) pixels(unit int) []int {
	var at []int
	for y := range c.OutH() {
		for x := range c.OutW() {
			at = append(at, (y*c.StrideH*c.width+x*c.StrideW)*unit)
		}
	}
	return at
}

// taps is where the elements of a window lie in a padded image of planes, from its first pixel on.
func (c *convolution[T]) taps() []int {
	var at []int
	for plane := range c.C {
		for h := range c.KH {
			for w := range c.KW {
				at = append(at, (plane*c.height+h)*c.width+w)
			}
		}
	}
	return at
}

// paddedImage is image n of x with its zeros around it, in scratch memory if there are any.
func (c *convolution[T]) paddedImage(worker int, x []T, n int) []T {
	x = x[n*c.image : (n+1)*c.image]
	if !padded(c.Window) {
		return x
	}
	u := view[T](c.local, worker, 0, c.C*c.height*c.width)
	clear(u)
	for row := range c.C * c.H {
		copy(u[(row/c.H*c.height+row%c.H+c.PadH)*c.width+c.PadW:], x[row*c.W:(row+1)*c.W])
	}
	return u
}

// loadConv: y[n] [O, places] = k [O, depth] · windows [depth, places].
func loadConv[T kernels.Float](l *loader, p kernels.Conv, o operands[T]) {
	c := newConvolution[T](l, p)
	y, x, k := o.out[0], o.in[0], o.in[1]
	windows := newIndirect[T](l, c.taps(), c.pixels(1))
	if padded(c.Window) {
		l.local.reserve(c.C * c.height * c.width * sizeOf[T]())
	}
	c.images(l, func(threads *pool.Pool, worker, n int) {
		a := gemm.Matrix[T]{Data: c.kernelsOf(k, n), LD: max(1, c.depth)}
		b := gemm.Matrix[T]{Data: x[n*c.image:], LD: c.places}
		if !c.plain() {
			b = windows.of(worker, c.paddedImage(worker, x, n))
		}
		gemm.Batched(threads, 1, c.O, c.places, c.depth, 1, a, b, 0, y[n*c.O*c.places:], c.places, 0)
	})
}
