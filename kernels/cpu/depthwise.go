package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// depthwise is a convolution with one channel a group, plane by plane. A product would be a few rows high. Instead all windows are seen
// at a stride of 1 over a padded plane, the rows of which lie one behind the other: a place of the kernel is then one multiple of one
// run of the plane, from the first window's first pixel to the last one's.
type depthwise[T kernels.Float] struct {
	*convolution[T]
	offsets  []int // of the places in a padded plane
	span     int   // from the first pixel of the first window to that of the last
	scale    vmath.Func[T]
	scaleAdd vmath.Func[T]
}

// Bounds of what is faster plane by plane: outputs a group, and windows at a stride of 1 for one that is wanted.
const (
	depthwiseOutputs = 4
	depthwiseStride  = 4
)

// depthwise is nil where a product is faster.
func (c *convolution[T]) depthwise() *depthwise[T] {
	if c.C != 1 || c.O > depthwiseOutputs || c.parts == 1 && !c.PerExample || c.StrideH*c.StrideW > depthwiseStride {
		return nil
	}
	return &depthwise[T]{c, c.taps(), (c.OutH()-1)*c.StrideH*c.width + (c.OutW()-1)*c.StrideW + 1,
		vmath.For[T](kernels.FnScale), vmath.For[T](vmath.ScaleAdd)}
}

// planeScratch is a worker's scratch memory: a padded plane, and a run of windows.
type planeScratch[T kernels.Float] struct{ plane, run []T }

func (d *depthwise[T]) scratchBytes() int { return (d.height*d.width + d.span) * sizeOf[T]() }

func (d *depthwise[T]) scratch(worker int) planeScratch[T] {
	u := view[T](d.local, worker, 0, d.height*d.width+d.span)
	return planeScratch[T]{u[:d.height*d.width], u[d.height*d.width:]}
}

// load adds a step over the groups of all images.
func (d *depthwise[T]) load(l *loader, each func(s planeScratch[T], n, group int)) {
	l.local.reserve(d.scratchBytes())
	cost := d.O * len(d.offsets) * d.span / 8
	l.parallel(d.N*d.parts, cost, func(worker, from, to int) {
		s := d.scratch(worker)
		for i := from; i < to; i++ {
			each(s, i/d.parts, i%d.parts)
		}
	})
}

// kernels is those of a group.
func (d *depthwise[T]) kernels(k []T, n, group int) []T {
	if d.PerExample {
		group = n
	}
	return k[group*d.O*d.depth : (group+1)*d.O*d.depth]
}

// padded is a plane with its zeros around it.
func (d *depthwise[T]) padded(s planeScratch[T], x []T) []T {
	if !padded(d.Window) {
		return x[:d.H*d.W]
	}
	clear(s.plane)
	for row := range d.H {
		copy(s.plane[(row+d.PadH)*d.width+d.PadW:], x[row*d.W:(row+1)*d.W])
	}
	return s.plane
}

// depthwiseBlock is how long a part of a run stays in the first-level cache.
const depthwiseBlock = 1 << 12

// forward is y [O,places] of one plane.
func (d *depthwise[T]) forward(s planeScratch[T], y, x, k []T) {
	x = d.padded(s, x)
	for o := range d.O {
		k := k[o*d.depth:]
		for from := 0; from < d.span; from += depthwiseBlock {
			run := s.run[from:min(from+depthwiseBlock, d.span)]
			for tap, at := range d.offsets {
				if at += from; tap == 0 {
					d.scale(run, x[at:at+len(run)], nil, k[tap])
				} else {
					d.scaleAdd(run, x[at:at+len(run)], run, k[tap])
				}
			}
		}
		d.rows(func(row, at int) { d.take(y[o*d.places+row:], s.run[at:]) })
	}
}

// rows passes on, for each row of outputs, where it begins among them and in a run.
func (d *depthwise[T]) rows(each func(row, at int)) {
	for i := range d.OutH() {
		each(i*d.OutW(), i*d.StrideH*d.width)
	}
}

// take copies a row of outputs from a run.
func (d *depthwise[T]) take(row, run []T) {
	row = row[:d.OutW()]
	if d.StrideW == 1 {
		copy(row, run)
		return
	}
	for i := range row {
		row[i] = run[i*d.StrideW]
	}
}

// spread lays outputs out as a run, with zeros between them.
func (d *depthwise[T]) spread(s planeScratch[T], y []T) []T {
	clear(s.run)
	d.rows(func(row, at int) {
		from, to := y[row:][:d.OutW()], s.run[at:]
		if d.StrideW == 1 {
			copy(to, from)
			return
		}
		for i, v := range from {
			to[i*d.StrideW] = v
		}
	})
	return s.run
}

// input is x̄ of one plane from its ȳ [O,places].
func (d *depthwise[T]) input(s planeScratch[T], x, y, k []T) {
	plane := x[:d.H*d.W]
	if padded(d.Window) {
		plane = s.plane
	}
	clear(plane)
	for o := range d.O {
		run := d.spread(s, y[o*d.places:])
		for tap, at := range d.offsets {
			d.scaleAdd(plane[at:at+d.span], run, plane[at:at+d.span], k[o*d.depth+tap])
		}
	}
	for row := 0; row < d.H && padded(d.Window); row++ {
		copy(x[row*d.W:(row+1)*d.W], plane[(row+d.PadH)*d.width+d.PadW:])
	}
}

// weight is beta times k̄ plus that of one plane, k̄ [O,depth]: for each row of the kernel, sums of products of the run and the plane.
func (d *depthwise[T]) weight(s planeScratch[T], beta T, k, x, y []T) {
	x = d.padded(s, x)
	_, dw := d.Dilation()
	for o := range d.O {
		a := gemm.Matrix[T]{Data: d.spread(s, y[o*d.places:]), LD: d.span}
		for tap := 0; tap < d.depth; tap += d.KW {
			b := gemm.Matrix[T]{Data: x[d.offsets[tap]:], LD: dw, Trans: true}
			gemm.Batched(nil, 1, 1, d.KW, d.span, 1, a, b, beta, k[o*d.depth+tap:], d.KW, 0)
		}
	}
}
