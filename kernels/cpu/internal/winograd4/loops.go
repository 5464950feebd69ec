package winograd4

import "drift/kernels/cpu/internal/level"

type (
	rowsOf      func(s, x, zeros *float32, plane, rows, across, y, height, width int)
	kernelsOf   func(u, k *float32, uStride, inputStride, kernelStride, inputs, count, step int)
	linesOf     func(v, x *float32, rows, count, vRowStride, vStride, xRowStride, xStride int)
	productsOf  func(m, u, v, next *float32, tiles, depth, step, tileStride int)
	gradientsOf func(k, y, v, s, next *float32, tiles, step, kStride, yStride, vStride int)
)

// loops are the functions for one instruction set: file transforms_amd64.go says what each does.
type loops struct {
	dataRows, spreadRows                rowsOf
	dataColumns                         func(v, s *float32, edges *uint16, plane, vectors, step int)
	spreadColumns, outputs              func(to, from *float32, plane, vectors, step int)
	storeRows                           func(y, s *float32, plane, rows, across, height, width int)
	kernels, turnedKernels              kernelsOf
	gradients                           func(k, p *float32, count, step int)
	dataLanes, spreadLanes, outputLanes linesOf
	// those for blocks of Lanes channels, and of 2·Lanes where registers are enough
	products [blockVectors]productsOf
	weights  [blockVectors]gradientsOf

	weightRows int // outputs whose gradients weights computes

	suits Suits
}

// Suits says what is faster than other ways at some level, as measured.
type Suits struct {
	Tiles     int // of all images together, from which on these transforms are
	OwnBytes  int // of an image's transformed kernels, up to which Convolve and Weights are
	WideTiles int // of an image, from which on gradients of own kernels are in vectors along tiles
}

// Measured is what is faster at the level in use.
func Measured() Suits { return active().suits }

const blockVectors = BlockLanes / Lanes

// active are the loops of the level in use; nil where there are none.
func active() *loops { return all[level.Active()] }
