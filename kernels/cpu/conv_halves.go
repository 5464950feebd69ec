package cpu

import (
	"drift/kernels/cpu/internal/planes"
	"drift/kernels/cpu/internal/winograd"
)

// halve lays out the rows of padded images in halves, their even and then their odd columns, where windows are two columns apart: then the
// pixels under neighbouring windows lie one behind the other.
func (c *convolution[T]) halve() {
	if c.StrideW == 2 && c.OutW() > 1 {
		c.halves, c.width = true, (c.width+1)/2*2
	}
}

// evenOdd is the even and the odd columns of images in padded ones.
func (c *convolution[T]) evenOdd(u []T) (even, odd []T) {
	at := c.PadH*c.width + c.PadW/2
	if even, odd = u[at:], u[at+c.width/2:]; c.PadW%2 == 1 {
		even, odd = odd, u[at+1:]
	}
	return even, odd
}

// splitImages puts those rows of images that windows see into padded ones.
func (c *convolution[T]) splitImages(u, x []T, planes int) {
	even, odd := c.evenOdd(u)
	dh, _ := c.Dilation()
	for first := range min(c.StrideH, c.H) { // rows first, first + stride, …
		seen := false
		for h := range c.KH {
			seen = seen || (first+c.PadH-h*dh)%c.StrideH == 0
		}
		rows := (c.H - first + c.StrideH - 1) / c.StrideH
		for p := 0; p < planes && seen; p++ {
			at := (p*c.height + first) * c.width
			winograd.Halves(even[at:], odd[at:], c.StrideH*c.width, x[(p*c.H+first)*c.W:], c.StrideH*c.W, rows, c.W)
		}
	}
}

// foldHalves is fold by way of a padded image in scratch memory, for taps of which the windows' elements lie there.
func (c *convolution[T]) foldHalves(x, u, padded []T, taps []int) {
	clear(padded)
	area, oh, ow := c.KH*c.KW, c.OutH(), c.OutW()
	for tap := range area {
		for t := tap; t < c.depth; t += area {
			planes.AddRows(padded[taps[t]:], c.StrideH*c.width, u[t*c.places:], ow, oh, ow)
		}
	}
	even, odd := c.evenOdd(padded)
	for p := range c.C {
		at := p * c.height * c.width
		winograd.Whole(x[p*c.H*c.W:], c.W, even[at:], odd[at:], c.width, c.H, c.W)
	}
}
