// Package winograd transforms pixels and kernels for convolutions 3×3 at stride 1 by the minimal filtering algorithm F(2×2,3×3)
// (Winograd 1980; Lavin and Gray 2016): a tile of 2×2 outputs, which sees a patch of 4×4 pixels, takes 16 multiplications in place of 36.
//
//	y = Aᵀ [(G k Gᵀ) ⊙ (Bᵀ x B)] A        k̄ = Gᵀ [(A ȳ Aᵀ) ⊙ (Bᵀ x B)] G, summed over tiles
//
// Summed over channels, the products ⊙ are 16 matrix products, one for each place of a patch. The factors of A and B are 0 and ±1, those
// of G 0, 1 and ±½, so that rounding errors are of the size of the sums' in the usual order: at most some ulp of the
// sum of all |k|·|x| of the patch.
//
// Tiles lie in rows of Stride elements, one more than there are tiles in a row: seen from one tile, the pixels of all the others then are at
// the same distance, and a transform is one loop over all tiles of a plane. The last element of a row is of no tile.
package winograd

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

//go:generate go run drift/kernels/cpu/internal/gen ..

// Places of a patch.
const Places = 16

// loops are the functions for one instruction set.
type loops[T kernels.Float] struct {
	split   func(a, b, p *T, rows, n, halfStride, pixelStride int)
	join    func(p, a, b *T, rows, n, pixelStride, halfStride int)
	data    func(v, e *T, vectors, plane, row, step int)
	outputs func(y, m *T, vectors, plane, step int)
	spread  func(v, y *T, vectors, plane, step int)
	lanes   int
}

// active are the loops of the level in use; nil where there are none.
func active[T kernels.Float]() *loops[T] {
	if v, ok := any(loops32[level.Active()]).(*loops[T]); ok {
		return v
	}
	return any(loops64[level.Active()]).(*loops[T])
}

// Available reports whether the level in use has the transforms.
func Available[T kernels.Float]() bool { return active[T]() != nil }

// Tiles is Rows rows of Across tiles.
type Tiles struct{ Rows, Across int }

// Stride is from a tile to the one below.
func (t Tiles) Stride() int { return t.Across + 1 }

// Len is the elements that tiles take.
func (t Tiles) Len() int { return t.Rows * t.Stride() }

// plane is a quarter of the pixels of the patches: those of even or odd rows and columns.
func (t Tiles) plane() int { return (t.Rows + 1) * t.Stride() }

// PixelsLen is the elements of Pixels for Data.
func PixelsLen[T kernels.Float](t Tiles) int { return 4*t.plane() + t.Stride() + 1 + active[T]().lanes }

// OutputsLen is the elements of outputs in quarters.
func OutputsLen[T kernels.Float](t Tiles) int { return 4 * whole[T](t) }

// Slack is what Data and Spread write, and Outputs reads, behind the last tile at most.
func Slack[T kernels.Float]() int { return active[T]().lanes }

func vectors[T kernels.Float](t Tiles) int {
	return (t.Len() + active[T]().lanes - 1) / active[T]().lanes
}

// whole is the elements of a quarter of the outputs: whole vectors.
func whole[T kernels.Float](t Tiles) int { return vectors[T](t) * active[T]().lanes }

// Image is a plane of Height×Width pixels of which (Top, Left) is the first pixel of the first patch, which may lie outside.
type Image struct{ Height, Width, Top, Left int }

// Split puts the pixels of an image into the quarters e, which hold zero where patches see none; these stay as they are.
func Split[T kernels.Float](t Tiles, e, x []T, m Image) {
	split(e, x, m, t.plane(), t.Stride(), t.Rows+1)
}

// SplitOutputs puts outputs y, in rows of width, into quarters by their place in a tile.
func SplitOutputs[T kernels.Float](t Tiles, e, y []T, height, width int) {
	split(e, y, Image{height, width, 0, 0}, whole[T](t), t.Stride(), t.Rows)
}

// split puts rows of pixels, and of each the even and the odd ones, into quarters that are plane elements apart.
func split[T kernels.Float](e, x []T, m Image, plane, stride, rows int) {
	for parity := range 2 {
		from := max(0, (1-m.Top-parity)>>1) // the first row of the quarter with pixels
		at := m.Top + parity + 2*from
		count := min(rows-from, (m.Height-at+1)/2)
		if at >= m.Height || count <= 0 {
			continue
		}
		first, second := e[2*parity*plane+from*stride:], e[(2*parity+1)*plane+from*stride:]
		if shift := -m.Left; shift%2 == 0 {
			first, second = first[shift/2:], second[shift/2:]
		} else {
			first, second = second[shift/2:], first[shift/2+1:]
		}
		src := x[at*m.Width:]
		Halves(first, second, stride, src, 2*m.Width, count, m.Width)
	}
}

// Data is v[p·step+i] = (Bᵀ x B)[p] for place p of the patch of tile i.
func Data[T kernels.Float](t Tiles, v []T, step int, e []T) {
	n := whole[T](t)
	_, _ = v[15*step+n-1], e[3*t.plane()+t.Stride()+n]
	active[T]().data(&v[0], &e[0], vectors[T](t), t.plane(), t.Stride(), step)
}

// Outputs puts Aᵀ m A for m[p·step+i] into quarters.
func Outputs[T kernels.Float](t Tiles, quarters, m []T, step int) {
	n := whole[T](t)
	_, _ = m[15*step+n-1], quarters[4*n-1]
	active[T]().outputs(&quarters[0], &m[0], vectors[T](t), n, step)
}

// Spread is v[p·step+i] = (A y Aᵀ)[p] for quarters y.
func Spread[T kernels.Float](t Tiles, v []T, step int, quarters []T) {
	n := whole[T](t)
	_, _ = v[15*step+n-1], quarters[4*n-1]
	active[T]().spread(&v[0], &quarters[0], vectors[T](t), n, step)
}

// Join writes quarters as height rows of width outputs.
func Join[T kernels.Float](t Tiles, y, quarters []T, height, width int) {
	plane := whole[T](t)
	for parity := range 2 {
		count := (height - parity + 1) / 2
		if count <= 0 {
			continue
		}
		first, second, dst := quarters[2*parity*plane:], quarters[(2*parity+1)*plane:], y[parity*width:]
		Whole(dst, 2*width, first, second, t.Stride(), count, width)
	}
}
