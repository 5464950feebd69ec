package kernels

// Primitive is one kernel with its sizes: one of the struct types of this package. Each is a plain value that states
// what is computed; devices switch on its type.
type Primitive interface {
	Name() string
	// Operands gives the lengths that outputs and inputs must have, or what is wrong with the sizes.
	Operands() (out, in []int, err error)
}

// Gemm is C = Alpha·op(A)·op(B) + Beta·C for Batch independent matrices that lie one behind the other:
// op(A) is [M,K], op(B) is [K,N], C is [M,N]; TransA says that A is stored as [K,M], TransB that B is stored as [N,K].
// With ShareA (ShareB) one matrix A (B) serves the whole batch. With Beta = 0, C is not read, so NaN in it does not
// spread; with K = 0 the product is zero. Outputs [C], inputs [A, B].
type Gemm struct {
	Batch, M, N, K int
	TransA, TransB bool
	ShareA, ShareB bool
	Alpha, Beta    float64
}

// Softmax is out[r,·] = softmax(x[r,·]) for x [Rows,Cols], or its logarithm with Log. The row's maximum is subtracted first.
// Outputs [y], inputs [x].
type Softmax struct {
	Rows, Cols int
	Log        bool
}

// CrossEntropy is loss[r] = log Σ_c exp(z[r,c]) − z[r,y[r]] for logits z [Rows,Cols] and classes y [Rows].
// A class that is not in 0 … Cols−1 gives NaN. Outputs [loss], inputs [z, y].
type CrossEntropy struct{ Rows, Cols int }

// Correct is 1 where the first largest of z[r,·] is at y[r], else 0; a row with NaN counts as wrong. Outputs [hit], inputs [z, y].
type Correct struct{ Rows, Cols int }

// Pick is out[r] = x[r, i[r]] for x [Rows,Cols]; an index out of range gives NaN. Outputs [out], inputs [x, i].
type Pick struct{ Rows, Cols int }

// Place is Pick's adjoint: out[r,c] = g[r] where c = i[r], else 0. Outputs [out], inputs [g, i].
type Place struct{ Rows, Cols int }

// Gather is out[r,·] = table[i[r],·] for a table [Table,Width]; an index out of range gives NaN. The table may hold indices itself: then
// one out of range gives −1. Outputs [out], inputs [table, i].
type Gather struct{ Rows, Width, Table int }

// Unpack is rows of a table of bytes as the numbers that they stand for: out[r,g,y,x] = levels[g, table[i[r],g,y,x]] for levels [Groups,256] and a
// table [Table,Groups,Height,Width]. With Moved, row r is of an image that moves by m[r] (Move): out[r,g,y,x] is at y+dy, x+dx of the table, byte 0
// outside the image, with left and right exchanged after that where it is mirrored. The levels may be indices. An index i out of range gives NaN,
// or −1 among indices. Outputs [out], inputs [levels, table, i] and, with Moved, [m].
type Unpack struct {
	Rows, Table           int
	Groups, Height, Width int
	Moved                 bool
}

// MostMoved is the most pixels by which Unpack moves an image.
const MostMoved = 1<<14 - 1

// Move is how an image moves: its window by (dy, dx), and whether it is mirrored then. 0 leaves it as it is.
func Move(dy, dx int, mirrored bool) int32 {
	m := int32(dy)<<16 | int32(dx)<<1&0xffff
	if mirrored {
		m |= 1
	}
	return m
}

// Moves is what Move made m of.
func Moves(m int32) (dy, dx int, mirrored bool) {
	return int(m >> 16), int(int16(m) >> 1), m&1 == 1
}

// Scatter is Gather's adjoint: out[t,·] = Σ_{r: i[r]=t} x[r,·], rows added in ascending r. Outputs [out], inputs [x, i].
type Scatter struct{ Rows, Width, Table int }

// Cast is out = x as indices: the whole part of a number in [0, 2³¹), and −1 for all others. Outputs [out], inputs [x].
type Cast struct{ N int }

// Number is the other way: out = indices as numbers, rounded to their type. Outputs [out], inputs [i].
type Number struct{ N int }

// Known is out = max(i, 0) of indices: what stands for none, as −100, becomes one that can be looked up. Outputs [out], inputs [i].
type Known struct{ N int }

// Permute is out = x with its axes reordered: axis k of the result is axis Perm[k] of x, whose shape is Shape[:Rank]. It moves
// indices too, as Slice does. Outputs [out], inputs [x].
type Permute struct {
	Rank        int
	Shape, Perm [6]int
}

// Slice is out [A,To−From,C] = x[:, From:To, :] for x [A,B,C]. Outputs [out], inputs [x].
type Slice struct{ A, B, C, From, To int }

// Pad is Slice's adjoint: out [A,B,C] is x [A,To−From,C] at [:, From:To, :] and zero elsewhere. Outputs [out], inputs [x].
type Pad struct{ A, B, C, From, To int }

// Conv is the cross-correlation y[n,o,·,·] = Σ_c x[n,c,·,·] ⋆ k[o,c,·,·]: x [N,C,H,W], k [O,C,KH,KW], y [N,O,OutH,OutW].
// With PerExample every image has kernels of its own: k is [N,O,C,KH,KW]. With G Groups, channels and outputs fall into G runs of equal
// length, and a run of outputs sees its own run of channels alone: k is [O,C/G,KH,KW]. Outputs [y], inputs [x, k].
type Conv struct {
	Window
	O          int
	PerExample bool
	Groups     int // 0 stands for 1
}

// ConvInput is Conv's adjoint in x: x̄ [N,C,H,W] from ȳ [N,O,OutH,OutW] and k. Outputs [x̄], inputs [ȳ, k].
type ConvInput struct {
	Window
	O          int
	PerExample bool
	Groups     int
}

// ConvWeight is Conv's adjoint in k: k̄ [O,C/G,KH,KW], summed over examples, or [N,O,C/G,KH,KW] with PerExample, from x and ȳ.
// Outputs [k̄], inputs [x, ȳ].
type ConvWeight struct {
	Window
	O          int
	PerExample bool
	Groups     int
}

// Im2Col lays out every window as a row: u [N, OutH·OutW, C·KH·KW] from x [N,C,H,W]. Outputs [u], inputs [x].
type Im2Col struct{ Window }

// Col2Im is Im2Col's adjoint: x [N,C,H,W], summed over the windows that cover a pixel. Outputs [x], inputs [u].
type Col2Im struct{ Window }

// WindowGram is the inner products of windows from those of pixels: k[·,p,q] = Σ_r g[·,p·s+r,q·s+r] over the places r of a window, for N·C
// matrices g [H·W,H·W] and k [T,T], T = OutH·OutW, and windows p, q with stride s. Places in the padding of either window add nothing.
// With g = Σ_c x_c x_cᵀ over channels, k = u·uᵀ for the rows u of Im2Col. Outputs [k], inputs [g].
type WindowGram struct{ Window }

// PixelGram is WindowGram's adjoint: g [H·W,H·W], summed over the pairs of windows that have a pair of pixels at the same place.
// Outputs [g], inputs [k].
type PixelGram struct{ Window }

// MaxIndex is, for every pooling window, the place (0 … KH·KW−1, row-major, an index) of its first largest element; padding
// counts as −∞, and the first NaN counts as largest. Outputs [i] of [N,C,OutH,OutW], inputs [x] of [N,C,H,W].
type MaxIndex struct{ Window }

// MaxGather is y = x at the places i of MaxIndex. Outputs [y] of [N,C,OutH,OutW], inputs [x, i].
type MaxGather struct{ Window }

// MaxScatter is MaxGather's adjoint: x̄ [N,C,H,W], summed over windows in ascending order. Outputs [x̄], inputs [ȳ, i].
type MaxScatter struct{ Window }

// AvgPool is the mean of every window; padding counts as zero and its places are counted. Outputs [y], inputs [x].
type AvgPool struct{ Window }

// AvgUnpool is AvgPool's adjoint. Outputs [x̄] of [N,C,H,W], inputs [ȳ].
type AvgUnpool struct{ Window }
