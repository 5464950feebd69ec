package cpu

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/winograd4"
)

// wide is a convolution 3×3 at stride 1 with padding 1 in float32 by tiles of 4×4 outputs: package winograd4 has the method. Operands of its
// units fit a second-level cache.
type wide struct {
	kernels.Window
	tileUnits
	terms           int  // convolutions that are added up
	inputs, outputs int  // of a term
	across          int  // tiles in a row
	perExample      bool // each image has kernels of its own
	edges           []uint16
	local           *arena
	// where operands lie in a worker's scratch memory, in bytes; lines lie before them
	inAt, outAt, turnedAt, kernelsAt int
}

const (
	wideBytes = 1 << 19 // of the operands of a unit's products

	// Bounds where each image has kernels of its own: tiles of an image, which must be worth transforming kernels, and bytes of all these.
	wideOwnTiles = 16
	wideOwnBytes = 1 << 20
)

// tilesOfFour reports a convolution that package winograd4 knows.
func (c *convolution[T]) tilesOfFour() bool {
	dh, dw := c.Dilation()
	return c.KH == 3 && c.KW == 3 && c.StrideH == 1 && c.StrideW == 1 && c.PadH == 1 && c.PadW == 1 && dh == 1 && dw == 1 && c.parts == 1 &&
		sizeOf[T]() == sizeOf[float32]() && winograd4.Available()
}

// wide is the convolution by wide tiles; nil where there is a faster way, as where tiles would multiply more than half of what windows do.
func (c *convolution[T]) wide(inputs, outputs, terms int) *wide {
	rows, across := (c.H+winograd4.Tile-1)/winograd4.Tile, (c.W+winograd4.Tile-1)/winograd4.Tile
	if !c.tilesOfFour() || min(inputs, outputs) < tiledChannels || c.N*rows*across < winograd4.Measured().Tiles ||
		2*winograd4.Places*rows*across > 9*c.H*c.W {
		return nil
	}
	most := c.N
	if c.PerExample {
		if most = 1; rows*across < wideOwnTiles || ownBytes(inputs, outputs) > wideOwnBytes {
			return nil
		}
	}
	d := &wide{Window: c.Window, terms: terms, inputs: inputs, outputs: outputs, across: across, perExample: c.PerExample, local: c.local}
	columns := max(2*winograd4.Lanes, wideBytes/sizeOf[float32]()/(winograd4.Places*(terms*inputs+outputs)))
	d.tileUnits = cutTiles(c.N, rows, across, columns, most)
	d.edges = winograd4.Edges(d.largest())
	return d
}

// largest is the tiles of a unit that lacks none.
func (d *wide) largest() winograd4.Tiles {
	return winograd4.Tiles{Images: d.group, Rows: d.rows, Across: d.across}
}

// wideUnit is rows of tiles, with their outputs, of some images.
type wideUnit struct {
	from  int // image
	tiles winograd4.Tiles
	plane winograd4.Plane
	lines winograd4.Lines
}

func (d *wide) unit(worker, i int) wideUnit {
	from, to, top, rows := d.tileUnits.unit(i)
	u := wideUnit{from: from, tiles: winograd4.Tiles{Images: to - from, Rows: rows, Across: d.across}}
	u.plane = winograd4.Plane{Height: d.H, Width: d.W, Top: top}
	memory := view[float32](d.local, worker, 0, winograd4.LinesLen(u.tiles, d.W))
	u.lines = winograd4.NewLines(u.tiles, d.W, memory, d.edges)
	return u
}

// reserve lays out a worker's scratch memory.
func (d *wide) reserve() {
	bytes := func(n int) int { return (4*n + 63) / 64 * 64 }
	t := d.largest()
	d.inAt = bytes(winograd4.LinesLen(t, d.W))
	d.outAt = d.inAt + bytes(winograd4.Places*stepOf(d.terms*d.inputs, t))
	d.turnedAt = d.outAt + bytes(winograd4.Places*stepOf(d.outputs, t))
	d.kernelsAt = d.turnedAt + bytes(t.Len()*(d.inputs+d.outputs))
	own := 0
	if d.perExample {
		own = ownBytes(d.terms*d.inputs, d.outputs)
	}
	d.local.reserve(d.kernelsAt + own)
}

// stepOf is from the products of one place of a patch to those of the next: not a power of two, as these would all lie in the same part of a
// cache.
func stepOf(channels int, t winograd4.Tiles) int { return channels*t.Len() + winograd4.Lanes }

// data is the transformed patches of a unit, [places, terms, inputs, tiles].
func (d *wide) data(worker int, u *wideUnit, x ...convTerm) []float32 {
	step, plane := stepOf(d.terms*d.inputs, u.tiles), d.H*d.W
	v := view[float32](d.local, worker, d.inAt, winograd4.Places*step)
	for i, term := range x {
		for c := range d.inputs {
			u.lines.Data(v[(i*d.inputs+c)*u.tiles.Len():], step, term.x[(u.from*d.inputs+c)*plane:], d.inputs*plane, u.plane)
		}
	}
	return v
}

// products is where those of a unit lie, [places, outputs, tiles].
func (d *wide) products(worker int, u *wideUnit) []float32 {
	return view[float32](d.local, worker, d.outAt, winograd4.Places*stepOf(d.outputs, u.tiles))
}

// convolve writes the outputs y of a unit, for transformed kernels [places, terms, inputs, outputs] of all terms. Meanwhile it asks for the memory of what
// is read next.
func (d *wide) convolve(worker, i int, y []float32, t *convTerms, kernels, next []float32) {
	u := d.unit(worker, i)
	v, m, columns, plane := d.data(worker, &u, t.list...), d.products(worker, &u), u.tiles.Len(), d.H*d.W
	inputs := d.terms * d.inputs
	inStep, outStep, step := stepOf(inputs, u.tiles), stepOf(d.outputs, u.tiles), t.step()
	for p := range winograd4.Places {
		gemm.InPlace(d.outputs, columns, inputs, kernels[p*step:], d.outputs, v[p*inStep:], columns, 0, m[p*outStep:], columns)
		gemm.Ask(next[p*len(next)/winograd4.Places : (p+1)*len(next)/winograd4.Places])
	}
	for o := range d.outputs {
		u.lines.Outputs(y[(u.from*d.outputs+o)*plane:], d.outputs*plane, m[o*columns:], outStep, u.plane)
	}
}

// load adds the steps of a sum of convolutions with kernels [outputs, inputs, 3, 3], or of those with [inputs, outputs, 3, 3] turned. Kernels that
// images share are beside each image's own, if there are such, in the memory of each worker.
func (d *wide) load(l *loader, y []float32, t *convTerms) {
	d.reserve()
	if d.perExample {
		t.prepare(l, l.threads, d.own)
		d.images(l, func(worker, n, from, to int) {
			kernels, groups := d.own(worker), kernelGroups(t.inputs, t.outputs)
			term, k := t.own(n)
			t.transform(kernels, term, k, 0, groups)
			_, next := t.own(min(n+1, d.N-1))
			for i := from; i < to; i++ {
				d.convolve(worker, i, y, t, kernels, next)
			}
		})
		return
	}
	l.shared.reserve(4 * winograd4.Places * t.step())
	kernels := func(int) []float32 { return view[float32](l.shared, 0, 0, winograd4.Places*t.step()) }
	t.prepare(l, 1, kernels)
	l.parallel(d.units(), d.cost(), func(worker, from, to int) {
		for i := from; i < to; i++ {
			d.convolve(worker, i, y, t, kernels(0), nil)
		}
	})
}

// images adds a step over images, each with its units [from, to).
func (d *wide) images(l *loader, each func(worker, n, from, to int)) {
	l.parallel(d.N, d.strips*d.cost(), func(worker, from, to int) {
		for n := from; n < to; n++ {
			each(worker, n, n*d.strips, (n+1)*d.strips)
		}
	})
}

// own is where the transformed kernels for an image lie, if it has its own.
func (d *wide) own(worker int) []float32 {
	if !d.perExample {
		return nil
	}
	return view[float32](d.local, worker, d.kernelsAt, winograd4.Places*kernelStep(d.terms*d.inputs, d.outputs))
}

// gradients adds the step that puts those of each image's kernels into k, for inputs x and outputs' gradients y.
func (d *wide) gradients(l *loader, k, x, y []float32) {
	each := d.inputs * d.outputs
	d.images(l, func(worker, n, from, to int) {
		sums := d.own(worker)
		for i := from; i < to; i++ {
			d.weight(worker, i, float32(min(i-from, 1)), sums, x, y)
		}
		finishKernels(k[9*n*each:], sums, kernelStep(d.inputs, d.outputs), each, 0, (each+winograd4.Lanes-1)/winograd4.Lanes)
	})
}

// cost is that of a unit, as loader.parallel counts it.
func (d *wide) cost() int {
	return winograd4.Places * d.largest().Len() * d.terms * (d.inputs*d.outputs/8 + 2*d.inputs)
}

// weight is beta times the sums for transformed kernels [places, outputs, inputs], with kernelStep from place to place, plus those of a unit.
func (d *wide) weight(worker, i int, beta float32, sums, x, y []float32) {
	u := d.unit(worker, i)
	v, g, columns, plane := d.data(worker, &u, convTerm{x: x}), d.products(worker, &u), u.tiles.Len(), d.H*d.W
	inStep, outStep := stepOf(d.inputs, u.tiles), stepOf(d.outputs, u.tiles)
	for o := range d.outputs {
		u.lines.Spread(g[o*columns:], outStep, y[(u.from*d.outputs+o)*plane:], d.outputs*plane, u.plane)
	}
	left := view[float32](d.local, worker, d.turnedAt, columns*d.outputs)
	right := view[float32](d.local, worker, d.turnedAt+4*columns*d.outputs, columns*d.inputs)
	step := kernelStep(d.inputs, d.outputs)
	for p := range winograd4.Places {
		gemm.Transpose(left, g[p*outStep:], d.outputs, columns, columns)
		gemm.Transpose(right, v[p*inStep:], d.inputs, columns, columns)
		gemm.InPlace(d.outputs, d.inputs, columns, left, d.outputs, right, d.inputs, beta, sums[p*step:], d.inputs)
	}
}

// as32 is x as numbers of float32, which it holds.
func as32[T kernels.Float](x []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}
