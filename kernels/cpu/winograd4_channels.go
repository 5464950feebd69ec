package cpu

import (
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/winograd4"
)

// few is wide for images of few tiles with kernels of their own: transforms run along channels.
type few struct {
	winograd4.Channels
	images, inputs, outputs int
	height, width           int
	local                   *arena
	at                      fewAt
}

// fewAt is where things lie in a worker's scratch memory, in bytes.
type fewAt struct{ pixels, results, lines, in, out, kernels int }

// Bounds of what is faster so: tiles, and channels on both sides.
const (
	fewTiles    = 4
	mostTiles   = 64
	fewChannels = 16
)

// few is the convolution by tiles of images of few, or its gradients in kernels; nil where there is a faster way, as wide is from some tiles on unless it
// had too many bytes of transformed kernels.
func (c *convolution[T]) few(inputs, outputs int, gradients bool) *few {
	t, bytes := winograd4.Channels{Rows: c.H / winograd4.Tile, Across: c.W / winograd4.Tile}, ownBytes(inputs, outputs)
	if !c.PerExample || !c.tilesOfFour() || c.H%winograd4.Tile+c.W%winograd4.Tile > 0 || t.Tiles() < fewTiles || t.Tiles() > mostTiles ||
		min(inputs, outputs) < fewChannels || bytes > winograd4.Measured().OwnBytes {
		return nil
	}
	wideTiles := wideOwnTiles
	if gradients {
		wideTiles = winograd4.Measured().WideTiles
	}
	if t.Tiles() >= wideTiles && bytes <= wideOwnBytes {
		return nil
	}
	return &few{Channels: t, images: c.N, inputs: inputs, outputs: outputs, height: c.H, width: c.W, local: c.local}
}

// step is from what belongs to one place of a patch to what belongs to the next.
func (d *few) step() int { return d.Tiles()*max(d.inputs, d.outputs) + winograd4.Lanes }

// reserve lays out a worker's scratch memory.
func (d *few) reserve() {
	end := 0
	room := func(n int) (at int) {
		at, end = end, end+(4*n+63)/64*64
		return at
	}
	_, plane := d.Padded()
	d.at = fewAt{room(plane * d.inputs), room(d.height * d.width * d.outputs), room(d.LinesLen(max(d.inputs, d.outputs))),
		room(winograd4.Places * d.step()), room(winograd4.Places * d.step()), room(winograd4.OwnLen)}
	d.local.reserve(end)
}

// fewMemory is a worker's scratch memory.
type fewMemory struct{ pixels, results, lines, in, out, kernels []float32 }

func (d *few) memory(worker int) fewMemory {
	of := func(at, n int) []float32 { return view[float32](d.local, worker, at, n) }
	_, plane := d.Padded()
	m := fewMemory{of(d.at.pixels, plane*d.inputs), of(d.at.results, d.height*d.width*d.outputs), of(d.at.lines, d.LinesLen(max(d.inputs, d.outputs))),
		of(d.at.in, winograd4.Places*d.step()), of(d.at.out, winograd4.Places*d.step()), of(d.at.kernels, winograd4.OwnLen)}
	clear(m.pixels) // of which the zeros around an image stay
	return m
}

// data puts the transformed patches of an image into m.in, [places, tiles, inputs].
func (d *few) data(m fewMemory, x []float32) {
	row, _ := d.Padded()
	for y := range d.height {
		gemm.Transpose(m.pixels[((y+1)*row+1)*d.inputs:], x[y*d.width:], d.inputs, d.width, d.height*d.width)
	}
	d.Data(m.in, d.step(), m.pixels, m.lines, d.inputs)
}

// each adds a step over images.
func (d *few) each(l *loader, image func(m fewMemory, n int)) {
	d.reserve()
	cost := winograd4.Places * (d.Tiles()*(d.inputs*d.outputs/8+2*d.inputs) + d.inputs*d.outputs/8)
	l.parallel(d.images, cost, func(worker, from, to int) {
		m := d.memory(worker)
		for n := from; n < to; n++ {
			image(m, n)
		}
	})
}

// load adds the step of a convolution with kernels k [outputs, inputs, 3, 3], or of the one with [inputs, outputs, 3, 3] turned, of each image.
func (d *few) load(l *loader, y, x, k []float32, turned bool) {
	each, plane, step := d.inputs*d.outputs, d.height*d.width, d.step()
	of := winograd4.KernelsOf(d.inputs, d.outputs, turned)
	d.each(l, func(m fewMemory, n int) {
		d.data(m, x[n*d.inputs*plane:])
		next := k[min(n+1, d.images-1)*9*each:][:9*each]
		for o, lanes := range winograd4.Blocks(d.outputs) {
			d.Convolve(m.out, m.in, step, of, k[9*n*each+o*of.OutputStride:], next[9*d.inputs*o:9*d.inputs*(o+lanes)], m.kernels, d.inputs, lanes)
			d.Outputs(m.results, m.out, d.Tiles()*lanes, m.lines, lanes)
			gemm.Transpose(y[(n*d.outputs+o)*plane:], m.results, plane, lanes, lanes)
		}
	})
}

// gradients adds the step that puts those of each image's kernels into k, for inputs x and outputs' gradients y.
func (d *few) gradients(l *loader, k, x, y []float32) {
	each, plane, step := d.inputs*d.outputs, d.height*d.width, d.step()
	d.each(l, func(m fewMemory, n int) {
		d.data(m, imageOf(x, n, d.inputs*plane))
		gemm.Transpose(m.results, imageOf(y, n, d.outputs*plane), d.outputs, plane, plane)
		d.Spread(m.out, step, m.results, m.lines, d.outputs)
		next := min(n+1, d.images-1)
		d.Weights(k[9*n*each:], m.out, m.in, step, [2][]float32{imageOf(x, next, d.inputs*plane), imageOf(y, next, d.outputs*plane)}, m.kernels,
			d.inputs, d.outputs)
	})
}

// imageOf is image n of those of some elements each.
func imageOf(x []float32, n, each int) []float32 { return x[n*each:][:each] }
