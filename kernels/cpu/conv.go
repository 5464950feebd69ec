package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/cpu/internal/vmath"
)

// convolution is what the three directions share. Each is, image by image and group by group, a product with a matrix of windows
// that is not written out: its elements are copied from the (padded) image while they are packed for the product.
// C and O are those of one group.
type convolution[T kernels.Float] struct {
	kernels.Conv
	parts          int  // groups
	depth, places  int  // C·KH·KW and OutH·OutW
	image, outputs int  // elements of an image and of its outputs, of all groups
	height, width  int  // of the padded image
	halves         bool // how a padded image lies: see halve
	local          *arena
	add            vmath.Func[T]
}

func newConvolution[T kernels.Float](l *loader, p kernels.Conv) *convolution[T] {
	if p.PerExample {
		p = p.Apart()
	}
	c := &convolution[T]{Conv: p, parts: p.Parts(), places: p.OutH() * p.OutW(), height: p.H + 2*p.PadH, width: p.W + 2*p.PadW,
		local: l.local, add: vmath.For[T](kernels.FnAdd)}
	c.image, c.outputs = p.C*p.H*p.W, p.O*c.places
	c.C, c.O = p.C/c.parts, p.O/c.parts
	c.depth = c.C * p.KH * p.KW
	return c
}

// copied reports whether images are copied before windows are taken of them.
func (c *convolution[T]) copied() bool { return padded(c.Window) || c.halves }

// plain reports whether an image is its own matrix of windows.
func (c *convolution[T]) plain() bool {
	return c.KH == 1 && c.KW == 1 && c.StrideH == 1 && c.StrideW == 1 && !padded(c.Window)
}

// kernelsFrom is the kernels of a group that images from n on meet.
func (c *convolution[T]) kernelsFrom(k []T, n, group int, trans bool) gemm.Matrix[T] {
	m := gemm.Matrix[T]{Data: k[group*c.O*c.depth:], LD: max(1, c.depth), Trans: trans}
	if c.PerExample {
		m.Stride = c.O * c.depth
		m.Data = k[n*m.Stride:]
	}
	return m
}

// inputs and results are a group's part of image n and of its outputs.
func (c *convolution[T]) inputs(x []T, n, group int) []T  { return x[n*c.image+group*c.C*c.H*c.W:] }
func (c *convolution[T]) results(y []T, n, group int) []T { return y[n*c.outputs+group*c.O*c.places:] }

// groupElements bounds the scratch memory of a group of images: half of a small second-level cache, in float32.
const groupElements = 1 << 15

// group is the number of images that are worked on together, given the scratch memory in elements that each needs.
func (c *convolution[T]) group(elements int) int {
	return max(1, min(maxGroup, groupElements/max(1, elements)))
}

// maxGroup images are enough to make packing the kernels cheap.
const maxGroup = 8

// images adds a step over all images, for groups of at most group of them: [from, to). Where images are too few to share out, each
// one's product uses all threads.
func (c *convolution[T]) images(l *loader, group int, each func(threads *pool.Pool, worker, from, to int)) {
	groups := func(threads *pool.Pool, worker, from, to int) {
		for ; from < to; from += group {
			each(threads, worker, from, min(from+group, to))
		}
	}
	if c.N < l.threads {
		l.steps = append(l.steps, func(threads *pool.Pool) { groups(threads, 0, 0, c.N) })
		return
	}
	cost := c.parts * (c.O*c.depth*c.places/8 + 2*c.depth*c.places)
	grain := max(1, chunkWork/max(1, cost*group)) * group // whole groups: they share the packed kernels
	l.parallel((c.N+grain-1)/grain, cost*grain, func(worker, from, to int) {
		groups(nil, worker, from*grain, min(to*grain, c.N))
	})
}

// pixels is where the windows' first pixels lie in a padded plane.
func (c *convolution[T]) pixels() []int {
	var at []int
	step := c.StrideW
	if c.halves {
		step = 1
	}
	for y := range c.OutH() {
		for x := range c.OutW() {
			at = append(at, y*c.StrideH*c.width+x*step)
		}
	}
	return at
}

// taps is where the elements of a window lie in a group's padded planes, from its first pixel on.
func (c *convolution[T]) taps() []int {
	var at []int
	dh, dw := c.Dilation()
	for plane := range c.C {
		for h := range c.KH {
			for w := range c.KW {
				column := w * dw
				if c.halves {
					column = column/2 + column%2*c.width/2
				}
				at = append(at, (plane*c.height+h*dh)*c.width+column)
			}
		}
	}
	return at
}

// size is the elements of a padded image.
func (c *convolution[T]) size() int { return c.parts * c.C * c.height * c.width }

// paddedImages is images [from, to) of x with their zeros around them, in scratch memory if there are any.
func (c *convolution[T]) paddedImages(worker int, x []T, from, to int) []T {
	x = x[from*c.image : to*c.image]
	if !c.copied() {
		return x
	}
	planes := (to - from) * c.parts * c.C
	u := view[T](c.local, worker, 0, planes*c.height*c.width)
	clear(u)
	if c.halves {
		c.splitImages(u, x, planes)
		return u
	}
	for row := range planes * c.H {
		copy(u[(row/c.H*c.height+row%c.H+c.PadH)*c.width+c.PadW:], x[row*c.W:(row+1)*c.W])
	}
	return u
}

// alone is a convolution by wide tiles that is no sum.
func (c *convolution[T]) alone(x, k []T, adjoint bool) *convTerms {
	inputs, outputs := c.sides(adjoint)
	return &convTerms{[]convTerm{{as32(x), as32(k), c.PerExample}}, inputs, outputs, adjoint}
}

// loadConv: y[n] [O, places] = k [O, depth] · windows [depth, places], group by group.
func loadConv[T kernels.Float](l *loader, p kernels.Conv, o operands[T]) {
	c := newConvolution[T](l, p)
	y, x, k := o.out[0], o.in[0], o.in[1]
	if d := c.depthwise(); d != nil {
		d.load(l, func(s planeScratch[T], n, g int) {
			d.forward(s, d.results(y, n, g), d.inputs(x, n, g), d.kernels(k, n, g))
		})
		return
	}
	if d := c.few(c.C, c.O, false); d != nil {
		d.load(l, as32(y), as32(x), as32(k), false)
		return
	}
	if d := c.wide(c.C, c.O, 1); d != nil {
		d.load(l, as32(y), c.alone(x, k, false))
		return
	}
	if d := c.tiled(c.Window, c.C, c.O); d != nil {
		d.load(l, y, x, k, false)
		return
	}
	c.halve()
	windows := newIndirect[T](l, c.taps(), c.pixels())
	group, size := maxGroup, c.size()
	if c.copied() {
		group = c.group(size)
		l.local.reserve(group * size * sizeOf[T]())
	}
	c.images(l, group, func(threads *pool.Pool, worker, from, to int) {
		images := x[from*c.image:]
		if !c.plain() {
			images = c.paddedImages(worker, x, from, to)
		}
		for g := range c.parts {
			b := gemm.Matrix[T]{Data: images[g*c.C*c.H*c.W:], LD: c.places, Stride: c.image}
			if !c.plain() {
				b = windows.of(worker, images[g*c.C*c.height*c.width:], size)
			}
			gemm.Batched(threads, to-from, c.O, c.places, c.depth, 1, c.kernelsFrom(k, from, g, false), b, 0, c.results(y, from, g),
				c.places, c.outputs)
		}
	})
}
