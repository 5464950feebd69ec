package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// loadConvInput: u [depth, places] = kᵀ · ȳ[n], of which the row for a channel and a place in the kernel is added to the image
// shifted by that place.
func loadConvInput[T kernels.Float](l *loader, p kernels.ConvInput, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	x, y, k := o.out[0], o.in[0], o.in[1]
	group, size := maxGroup, c.depth*c.places
	if !c.plain() {
		group = c.group(size)
		l.local.reserve(group * size * sizeOf[T]())
	}
	c.images(l, group, func(threads *pool.Pool, worker, from, to int) {
		u := x[from*c.image : to*c.image]
		if !c.plain() {
			u = view[T](c.local, worker, 0, (to-from)*size)
		}
		b := gemm.Matrix[T]{Data: y[from*c.O*c.places:], LD: c.places, Stride: c.O * c.places}
		gemm.Batched(threads, to-from, c.depth, c.places, c.O, 1, c.kernelsFrom(k, from, true), b, 0, u, c.places, size)
		for n := from; n < to && !c.plain(); n++ {
			fold(c.Window, x[n*c.image:(n+1)*c.image], u[(n-from)*size:(n-from+1)*size])
		}
	})
}
