// Package winograd4 transforms pixels and kernels for convolutions 3×3 at stride 1 with padding 1, in float32, by the minimal filtering
// algorithm F(4×4,3×3) (Winograd 1980; Lavin and Gray 2016): a tile of 4×4 outputs, which sees a patch of 6×6 pixels, takes 36
// multiplications in place of 144.
//
//	y = Aᵀ [(G k Gᵀ) ⊙ (Bᵀ x B)] A        k̄ = Gᵀ [(A ȳ Aᵀ) ⊙ (Bᵀ x B)] G, summed over tiles
//
// Summed over channels, the products ⊙ are 36 matrix products, one for each place of a patch.
//
// A line of outputs interpolates a polynomial at 0, ±5/8, ±3/2 and ∞; of points whose factors of A and B are exact in float32, these keep
// rounding errors about smallest (Barabasz et al. 2020 compare points; 0, ±1, ±2, ∞ have twice the errors). If nothing cancelled, a product of a
// kernel's element and a pixel of a patch would go into an output with a factor of at most κ² = 6.2². So the error of an output of C channels is at
// most (C+28)·κ²·2⁻²⁴ times the sum of |k|·|x| over all pairs of an element and a pixel of the patch; for numbers of either sign it
// is typically the sum of those that meet times 2⁻²⁴, some five times the error of direct sums. Gradients of kernels have the same bound, with
// outputs' gradients in place of kernels and tiles in place of channels.
//
// Tiles lie one behind the other. A transform is done in two steps: along columns of an image, in vectors that run along its rows as they
// lie in memory, and then along rows, in vectors that run along tiles. For planes of few tiles, both steps are in vectors that run along channels
// (Channels), with the same bits. So have all levels, which do the same operations in the same order.
package winograd4

//go:generate go run drift/kernels/cpu/internal/gen ..

const (
	Places = 36 // of a patch
	Tile   = 4  // rows and columns of outputs
	Lanes  = 16 // tiles of a vector, and kernels that are transformed at once
)

// Available reports whether the level in use has the transforms.
func Available() bool { return active() != nil }

// Tiles is Rows rows of Across tiles of each of some images. In memory they lie one behind the other, filled up to whole vectors.
type Tiles struct{ Images, Rows, Across int }

// Vectors is how many vectors the tiles fill, and Len their elements.
func (t Tiles) Vectors() int { return (t.Images*t.Rows*t.Across + Lanes - 1) / Lanes }
func (t Tiles) Len() int     { return Lanes * t.Vectors() }

// Plane is a plane of Height×Width pixels, or outputs, of which the tiles begin with row Top of tiles.
type Plane struct{ Height, Width, Top int }

// Edges are masks of tiles: for each 16, those that are not the first of a row, and those that are not the last.
func Edges(t Tiles) []uint16 {
	edges := make([]uint16, 2*t.Vectors())
	for i := range t.Len() {
		if i%t.Across > 0 {
			edges[i/Lanes*2] |= 1 << (i % Lanes)
		}
		if i%t.Across < t.Across-1 {
			edges[i/Lanes*2+1] |= 1 << (i % Lanes)
		}
	}
	return edges
}

// Lines is working memory: a row of zeros, and six lines of the pixels of tiles, with room around each.
type Lines struct {
	tiles      Tiles
	zeros, all []float32
	line       int
	edges      []uint16
}

// LinesLen is the elements of Lines for planes of some width.
func LinesLen(t Tiles, width int) int { return (width+Lanes-1)/Lanes*Lanes + Lanes + 6*lineLen(t) }

func lineLen(t Tiles) int { return Tile*t.Len() + Lanes }

// NewLines is made of LinesLen elements, which it clears, and Edges of at least as many tiles.
func NewLines(t Tiles, width int, memory []float32, edges []uint16) Lines {
	memory = memory[:LinesLen(t, width)]
	clear(memory)
	from := (width + Lanes - 1) / Lanes * Lanes
	return Lines{t, memory[:from], memory[from+Lanes:], lineLen(t), edges[:2*t.Vectors()]}
}

// rows transforms rows of n lines of the tiles in planes that are stride elements apart.
func (l *Lines) rows(f rowsOf, x []float32, stride int, p Plane, first int) {
	t := l.tiles
	_, _ = x[(t.Images-1)*stride+p.Height*p.Width-1], l.zeros[p.Width-1]
	for n := range t.Images {
		f(&l.all[n*t.Rows*t.Across*Tile], &x[n*stride], &l.zeros[0], l.line, t.Rows, t.Across, Tile*p.Top+first, p.Height, p.Width)
	}
}

// Data is v[p·step+t] = (Bᵀ x B)[p] for place p of the patch of tile t, of planes that are stride elements apart.
func (l *Lines) Data(v []float32, step int, x []float32, stride int, p Plane) {
	l.rows(active().dataRows, x, stride, p, -1)
	_ = v[(Places-1)*step+l.tiles.Len()-1]
	active().dataColumns(&v[0], &l.all[0], &l.edges[0], l.line, l.tiles.Vectors(), step)
}

// Spread is v[p·step+t] = (A y Aᵀ)[p] for the outputs of tiles.
func (l *Lines) Spread(v []float32, step int, y []float32, stride int, p Plane) {
	l.rows(active().spreadRows, y, stride, p, 0)
	_ = v[(Places-1)*step+l.tiles.Len()-1]
	active().spreadColumns(&v[0], &l.all[0], l.line, l.tiles.Vectors(), step)
}

// Outputs writes Aᵀ m A for m[p·step+t] into planes that are stride elements apart.
func (l *Lines) Outputs(y []float32, stride int, m []float32, step int, p Plane) {
	t := l.tiles
	_, _ = m[(Places-1)*step+t.Len()-1], y[(t.Images-1)*stride+p.Height*p.Width-1]
	active().outputs(&l.all[0], &m[0], l.line, t.Vectors(), step)
	for n := range t.Images {
		active().storeRows(&y[n*stride+Tile*p.Top*p.Width], &l.all[n*t.Rows*t.Across*Tile], l.line, t.Rows, t.Across, p.Height-Tile*p.Top, p.Width)
	}
}

// Kernels are kernels of 9 elements in memory: from those of one input to those of the next, and of one output to the next, are some elements.
// Turned ones are turned by half a circle: with them, the gradient in the pixels is a convolution of that in the outputs.
type Kernels struct {
	InputStride, OutputStride int
	Turned                    bool
}

// KernelsOf is the kernels [outputs, inputs, 3, 3] of a convolution, or those of [inputs, outputs, 3, 3] turned.
func KernelsOf(inputs, outputs int, turned bool) Kernels {
	if turned {
		return Kernels{9 * outputs, 9, true}
	}
	return Kernels{9, 9 * inputs, false}
}

// Transform puts G k Gᵀ into u[p·step+c·uStride+o] for c < inputs and o < outputs ≤ Lanes.
func (s Kernels) Transform(u []float32, step, uStride int, k []float32, inputs, outputs int) {
	_, _ = u[(Places-1)*step+(inputs-1)*uStride+outputs-1], k[(inputs-1)*s.InputStride+(outputs-1)*s.OutputStride+8]
	f := active().kernels
	if s.Turned {
		f = active().turnedKernels
	}
	f(&u[0], &k[0], uStride, s.InputStride, s.OutputStride, inputs, outputs, step)
}

// Gradients is k̄ = Gᵀ p G of 9 elements each for p[p·step+i], i < count ≤ 16.
func Gradients(k, p []float32, step, count int) {
	_, _ = p[(Places-1)*step+count-1], k[9*count-1]
	active().gradients(&k[0], &p[0], count, step)
}
