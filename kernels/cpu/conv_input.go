package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// wideLimit bounds O·(KW−1) for wide rows in convInput: with more kernels, multiplying the gaps costs more than short additions do.
const wideLimit = 512

// loadConvInput: u [depth, places] = kᵀ · ȳ[n], whose row for a channel and a place in the kernel is added to the image shifted by
// that place. With stride one and wide rows, the places are those of whole padded rows, ȳ being zero in the gaps between its
// own rows; then each row of u is added in one piece.
func loadConvInput[T kernels.Float](l *loader, p kernels.ConvInput, o operands[T]) {
	c := newConvolution[T](l, kernels.Conv(p))
	x, y, k := o.out[0], o.in[0], o.in[1]
	places, adjoint := c.places, (*indirect[T])(nil)
	if !c.plain() && c.StrideH == 1 && c.StrideW == 1 && c.O*(c.KW-1) <= wideLimit {
		adjoint = newIndirect[T](l, c.planesOfY(), c.wideColumns())
		places = len(adjoint.cols)
	}
	image, group := 0, maxGroup
	if padded(c.Window) {
		image = (c.C*c.height*c.width + 1) &^ 1
	}
	if !c.plain() {
		group = c.group(c.depth * places)
		l.local.reserve((image + group*c.depth*places) * sizeOf[T]())
	}
	taps := c.taps()
	c.images(l, group, func(threads *pool.Pool, worker, from, to int) {
		dst := x[from*c.image : to*c.image]
		u := dst
		if !c.plain() {
			u = view[T](c.local, worker, image*sizeOf[T](), (to-from)*c.depth*places)
		}
		b := gemm.Matrix[T]{Data: y[from*c.O*c.places:], LD: c.places, Stride: c.O * c.places}
		if adjoint != nil {
			b = adjoint.of(worker, b.Data, b.Stride)
		}
		gemm.Batched(threads, to-from, c.depth, places, c.O, 1, c.kernelsFrom(k, from, true), b, 0, u, places, c.depth*places)
		for n := 0; n < to-from && !c.plain(); n++ {
			one, of := dst[n*c.image:(n+1)*c.image], u[n*c.depth*places:(n+1)*c.depth*places]
			if adjoint == nil {
				fold(c.Window, one, of, c.add)
			} else {
				c.addWide(worker, one, of, taps, places)
			}
		}
	})
}

func (c *convolution[T]) planesOfY() []int {
	var at []int
	for o := range c.O {
		at = append(at, o*c.places)
	}
	return at
}

// wideColumns is where the columns of wide rows are in a plane of ȳ.
func (c *convolution[T]) wideColumns() []int {
	var at []int
	for y := range c.OutH() {
		for x := range c.width {
			if x < c.OutW() {
				at = append(at, y*c.OutW()+x)
			} else if y < c.OutH()-1 {
				at = append(at, absent)
			}
		}
	}
	return at
}

// addWide sums the rows of u into the image.
func (c *convolution[T]) addWide(worker int, dst, u []T, taps []int, places int) {
	sum := dst
	if padded(c.Window) {
		sum = view[T](c.local, worker, 0, c.C*c.height*c.width)
	}
	clear(sum)
	for i, at := range taps {
		to := sum[at : at+places]
		c.add(to, to, u[i*places:(i+1)*places], 0)
	}
	if !padded(c.Window) {
		return
	}
	for row := range c.C * c.H {
		copy(dst[row*c.W:(row+1)*c.W], sum[(row/c.H*c.height+row%c.H+c.PadH)*c.width+c.PadW:])
	}
}
