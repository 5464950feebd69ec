package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
	"drift/kernels/cpu/internal/winograd"
)

// tiled is a convolution 3×3 at stride 1 of N images of inputs channels by tiles of 2×2 outputs: package winograd has the method. Operands
// of its units fit a second-level cache.
type tiled[T kernels.Float] struct {
	kernels.Window
	tileUnits
	inputs, outputs  int
	tiles            winograd.Tiles // of an image
	local            *arena
	quartersAt, inAt int // where things lie in a worker's scratch memory, in bytes
	outAt            int
}

// Bounds of what is faster by tiles: channels on both sides, tiles in a row, and in all images together.
const (
	tiledChannels = 8
	tiledAcross   = 2
	tiledTiles    = 512
)

// tiledBytes is what the operands of a unit's products take: a half of a second-level cache.
const tiledBytes = 1 << 19

// tiled is the convolution by tiles over a window that is its own or its adjoint's; nil where there is a faster way.
func (c *convolution[T]) tiled(w kernels.Window, inputs, outputs int) *tiled[T] {
	dh, dw := w.Dilation()
	t := winograd.Tiles{Rows: (w.OutH() + 1) / 2, Across: (w.OutW() + 1) / 2}
	if w.KH != 3 || w.KW != 3 || w.StrideH != 1 || w.StrideW != 1 || dh != 1 || dw != 1 || c.parts > 1 || c.PerExample ||
		min(inputs, outputs) < tiledChannels || t.Across < tiledAcross || w.N*t.Rows*t.Across < tiledTiles || !winograd.Available[T]() {
		return nil
	}
	d := &tiled[T]{Window: w, inputs: inputs, outputs: outputs, tiles: t, local: c.local}
	columns := max(t.Stride(), tiledBytes/sizeOf[T]()/(winograd.Places*(inputs+outputs)))
	d.tileUnits = cutTiles(w.N, t.Rows, t.Stride(), columns, maxGroup)
	return d
}

// adjoint is the window over outputs whose convolution with turned kernels is the gradient in the pixels; ok says that there is one.
func adjoint(w kernels.Window) (a kernels.Window, ok bool) {
	a = w
	a.C, a.H, a.W, a.PadH, a.PadW = 0, w.OutH(), w.OutW(), w.KH-1-w.PadH, w.KW-1-w.PadW
	return a, a.PadH >= 0 && a.PadW >= 0
}

// unit is rows of tiles, with their outputs, of some images.
type unit struct {
	from, to int // images
	top      int // row of tiles
	tiles    winograd.Tiles
}

func (d *tiled[T]) unit(i int) unit {
	u := unit{tiles: d.tiles}
	u.from, u.to, u.top, u.tiles.Rows = d.tileUnits.unit(i)
	return u
}

// columns is the elements of a row of a unit's products, and height its rows of outputs.
func (u unit) columns() int { return (u.to - u.from) * u.tiles.Len() }

func (d *tiled[T]) height(u unit) int { return min(2*u.tiles.Rows, d.OutH()-2*u.top) }

// reserve lays out a worker's scratch memory.
func (d *tiled[T]) reserve() {
	largest := d.unit(0)
	bytes := func(n int) int { return (n*sizeOf[T]() + 63) / 64 * 64 }
	d.quartersAt = bytes(winograd.PixelsLen[T](largest.tiles))
	d.inAt = d.quartersAt + bytes(winograd.OutputsLen[T](largest.tiles))
	d.outAt = d.inAt + bytes(winograd.Places*d.step(largest, d.inputs))
	d.local.reserve(d.outAt + bytes(winograd.Places*d.step(largest, d.outputs)))
}

// step is from the products of one place of a patch to those of the next.
func (d *tiled[T]) step(u unit, channels int) int { return channels*u.columns() + winograd.Slack[T]() }

// data is the transformed patches of a unit, [places, inputs, columns].
func (d *tiled[T]) data(worker int, u unit, x []T) []T {
	pixels := view[T](d.local, worker, 0, winograd.PixelsLen[T](u.tiles))
	step, plane := d.step(u, d.inputs), d.H*d.W
	v := view[T](d.local, worker, d.inAt, winograd.Places*step)
	image := winograd.Image{Height: d.H, Width: d.W, Top: 2*u.top - d.PadH, Left: -d.PadW}
	clear(pixels)
	for c := range d.inputs {
		for n := u.from; n < u.to; n++ {
			winograd.Split(u.tiles, pixels, x[(n*d.inputs+c)*plane:][:plane], image)
			winograd.Data(u.tiles, v[c*u.columns()+(n-u.from)*u.tiles.Len():], step, pixels)
		}
	}
	return v
}

// convolve writes the outputs y of a unit, for transformed kernels [places, inputs, outputs].
func (d *tiled[T]) convolve(worker int, u unit, y, x, kernels []T) {
	v, columns := d.data(worker, u, x), u.columns()
	inStep, outStep := d.step(u, d.inputs), d.step(u, d.outputs)
	m := view[T](d.local, worker, d.outAt, winograd.Places*outStep)
	for p := range winograd.Places {
		gemm.InPlace(d.outputs, columns, d.inputs, kernels[p*d.inputs*d.outputs:], d.outputs, v[p*inStep:], columns, 0, m[p*outStep:], columns)
	}
	quarters := view[T](d.local, worker, d.quartersAt, winograd.OutputsLen[T](u.tiles))
	for o := range d.outputs {
		for n := u.from; n < u.to; n++ {
			winograd.Outputs(u.tiles, quarters, m[o*columns+(n-u.from)*u.tiles.Len():], outStep)
			winograd.Join(u.tiles, y[((n*d.outputs+o)*d.OutH()+2*u.top)*d.OutW():], quarters, d.height(u), d.OutW())
		}
	}
}

// load adds the steps of a convolution with kernels k [outputs, inputs, 3, 3], or of the one with [inputs, outputs, 3, 3] turned.
func (d *tiled[T]) load(l *loader, y, x, k []T, turned bool) {
	d.reserve()
	each := d.inputs * d.outputs
	l.shared.reserve(winograd.Places * each * sizeOf[T]())
	transformed := func() []T { return view[T](l.shared, 0, 0, winograd.Places*each) }
	l.parallel(each, 32, func(_, from, to int) {
		u := transformed()
		for i := from; i < to; i++ {
			if turned {
				k := winograd.Turned(k[9*i:])
				winograd.Kernel(u[i:], each, k[:])
			} else {
				winograd.Kernel(u[i%d.inputs*d.outputs+i/d.inputs:], each, k[9*i:])
			}
		}
	})
	l.parallel(d.units(), d.cost(), func(worker, from, to int) {
		for i := from; i < to; i++ {
			d.convolve(worker, d.unit(i), y, x, transformed())
		}
	})
}

// cost is that of a unit, as loader.parallel counts it.
func (d *tiled[T]) cost() int {
	return winograd.Places * d.unit(0).columns() * (d.inputs*d.outputs/8 + 2*d.inputs)
}

// weight is beta times the sums for transformed kernels [places, outputs, inputs], plus those of a unit.
func (d *tiled[T]) weight(worker int, u unit, beta T, sums, x, y []T) {
	v, columns, plane := d.data(worker, u, x), u.columns(), d.OutH()*d.OutW()
	inStep, outStep := d.step(u, d.inputs), d.step(u, d.outputs)
	g := view[T](d.local, worker, d.outAt, winograd.Places*outStep)
	quarters := view[T](d.local, worker, d.quartersAt, winograd.OutputsLen[T](u.tiles))
	clear(quarters)
	for o := range d.outputs {
		for n := u.from; n < u.to; n++ {
			winograd.SplitOutputs(u.tiles, quarters, y[(n*d.outputs+o)*plane+2*u.top*d.OutW():], d.height(u), d.OutW())
			winograd.Spread(u.tiles, g[o*columns+(n-u.from)*u.tiles.Len():], outStep, quarters)
		}
	}
	var none *pool.Pool
	gemm.Batched(none, winograd.Places, d.outputs, d.inputs, columns, 1, gemm.Matrix[T]{Data: g, LD: columns, Stride: outStep},
		gemm.Matrix[T]{Data: v, LD: columns, Trans: true, Stride: inStep}, beta, sums, d.inputs, d.outputs*d.inputs)
}
