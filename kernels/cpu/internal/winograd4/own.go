package winograd4

import "iter"

// Where an image of few tiles has kernels of its own, transforming these takes about as long as the products with them, and together they would not
// fit a second-level cache. So a few are transformed at once and used at once; and of gradients, the transformed ones do not leave the registers.

const (
	// BlockLanes is the most outputs of a block at any level.
	BlockLanes = 2 * Lanes

	// ownInputs is how many inputs' kernels of a block of outputs are transformed at once.
	ownInputs = 4

	// OwnLen is the elements of working memory for Convolve and Weights.
	OwnLen = Places * ownInputs * BlockLanes
)

// mostLanes is the outputs of a block at the level in use.
func mostLanes() int {
	if active().products[blockVectors-1] == nil {
		return Lanes
	}
	return BlockLanes
}

// Blocks gives where blocks of channels begin and their lanes: it cuts n ≥ Lanes channels into blocks of one or two vectors, the last of which may
// overlap the one before.
func Blocks(n int) iter.Seq2[int, int] {
	return func(yield func(from, lanes int) bool) {
		for end := 0; end < n; {
			lanes := Lanes
			if most := mostLanes(); n-end > Lanes && n >= most {
				lanes = most
			}
			from := min(end, n-lanes)
			end = from + lanes
			if !yield(from, lanes) {
				return
			}
		}
	}
}

// Convolve writes the products m [places, tiles, lanes] for transformed patches v [places, tiles, inputs], with step from place to place, and the
// kernels k of a block of lanes outputs, as Blocks gives it. Meanwhile it asks for next, which is read soon and as long. Memory has OwnLen
// elements.
func (t Channels) Convolve(m, v []float32, step int, of Kernels, k, next, memory []float32, inputs, lanes int) {
	f := active().products[lanes/Lanes-1]
	tiles, u := t.Tiles(), memory[:OwnLen]
	m = m[:Places*tiles*lanes]
	clear(m)
	_ = v[(Places-1)*step+tiles*inputs-1]
	for c := 0; c < inputs; c += ownInputs {
		n := min(ownInputs, inputs-c)
		for o := 0; o < lanes; o += Lanes {
			of.Transform(u[o:], n*lanes, lanes, k[c*of.InputStride+o*of.OutputStride:], n, Lanes)
		}
		f(&m[0], &u[0], &v[c], &next[9*lanes*c], tiles, n, step, inputs)
	}
}

// Weights writes the gradients k [outputs, inputs, 3, 3] of kernels for transformed patches v [places, tiles, inputs] and gradients of outputs
// y [places, tiles, outputs], both with step from place to place. Both sides have at least Lanes channels. Meanwhile it asks for next, which is
// read soon.
func (t Channels) Weights(k, y, v []float32, step int, next [2][]float32, memory []float32, inputs, outputs int) {
	last := (Places-1)*step + (t.Tiles()-1)*max(inputs, outputs)
	_, _, _, _ = k[9*inputs*outputs-1], y[last+outputs-1], v[last+inputs-1], memory[OwnLen-1]
	rows := active().weightRows
	for c, lanes := range Blocks(inputs) {
		f := active().weights[lanes/Lanes-1]
		for o := 0; o < outputs; o += rows {
			soon := after(next, c*outputs+o*lanes, inputs*outputs)
			o := min(o, outputs-rows) // the last ones may overlap those before
			f(&k[9*(o*inputs+c)], &y[o], &v[c], &memory[0], soon, t.Tiles(), step, 9*inputs, outputs, inputs)
		}
	}
}

// after is where one goes on in two slices, one behind the other, after some parts of all.
func after(x [2][]float32, parts, all int) *float32 {
	half := x[2*parts/all]
	return &half[2*parts%all*len(half)/all]
}
