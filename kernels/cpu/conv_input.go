package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// loadConvInput: u [depth, places] = kᵀ · ȳ[n], of which the row for a channel and a place in the kernel is added to the image
// shifted by that place; group by group.
func loadConvInput[T kernels.Float](l *loader, p kernels.ConvInput, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	x, y, k := o.out[0], o.in[0], o.in[1]
	if d := c.depthwise(); d != nil {
		d.load(l, func(s planeScratch[T], n, g int) {
			d.input(s, d.inputs(x, n, g), d.results(y, n, g), d.kernels(k, n, g))
		})
		return
	}
	if d := c.few(c.O, c.C, false); d != nil {
		d.load(l, as32(x), as32(y), as32(k), true)
		return
	}
	if d := c.wide(c.O, c.C, 1); d != nil {
		d.load(l, as32(x), c.alone(y, k, true))
		return
	}
	if w, ok := adjoint(c.Window); ok {
		if d := c.tiled(w, c.O, c.C); d != nil {
			d.load(l, x, y, k, true)
			return
		}
	}
	group, size := maxGroup, c.depth*c.places
	if !c.plain() {
		c.halve()
		group = c.group(size)
	}
	halves, at := 0, (group*size*sizeOf[T]()+7)/8*8
	if c.halves {
		halves = c.C * c.height * c.width
	}
	if !c.plain() {
		l.local.reserve(at + halves*sizeOf[T]())
	}
	taps := c.taps()
	pixels := c.C * c.H * c.W
	c.images(l, group, func(threads *pool.Pool, worker, from, to int) {
		for g := range c.parts {
			u, stride := c.inputs(x, from, g), c.image
			if !c.plain() {
				u, stride = view[T](c.local, worker, 0, (to-from)*size), size
			}
			b := gemm.Matrix[T]{Data: c.results(y, from, g), LD: c.places, Stride: c.outputs}
			gemm.Batched(threads, to-from, c.depth, c.places, c.O, 1, c.kernelsFrom(k, from, g, true), b, 0, u, c.places, stride)
			for n := from; n < to && !c.plain(); n++ {
				image, u := c.inputs(x, n, g)[:pixels], u[(n-from)*size:(n-from+1)*size]
				if c.halves {
					c.foldHalves(image, u, view[T](c.local, worker, at, halves), taps)
				} else {
					fold(c.Window, image, u)
				}
			}
		}
	})
}
