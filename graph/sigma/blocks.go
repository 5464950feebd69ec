package sigma

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
)

// blocks finds r_n·r_k of more gradients than fit one chunk. The deviations r_n [M,P] of a block of examples are formed and kept on the
// device; those of the chunks behind it are formed and multiplied with them. Blocks of M of N examples take (N/M + 1)/2 sweeps over
// all, where pairs of half chunks of c examples take 2N/c.
type blocks struct {
	gradients *Gradients
	size      int              // M, a multiple of the chunk
	rows      []kernels.Buffer // r_n of a block, [M,p_k] for each parameter
	passes    map[int]*blockPass
}

// blockPass is a pass over one chunk with rows of the block at hand.
type blockPass struct {
	*objective.Pass
	before, own, along objective.Rows   // products with these rows and among the chunk's, and ⟨r_n, m⟩
	center             objective.Number // ‖m‖²
}

// mostBlockChunks bounds the number of programs: one for each chunk of a block.
const mostBlockChunks = 16

// blockSize is M: as many chunks as the memory of a pass has room for the gradients of, and no more than n examples have.
func (g *Gradients) blockSize(n int) int {
	chunk := g.f.Chunk()
	bytes := int64(chunk) * int64(g.f.NumParams()) * int64(g.f.DType().Size())
	return chunk * int(min(g.f.Room()/bytes, mostBlockChunks, int64((n+chunk-1)/chunk)))
}

func newBlocks(g *Gradients, size int) (*blocks, error) {
	b := &blocks{gradients: g, size: size, passes: map[int]*blockPass{}}
	for _, p := range g.f.Model.Params() {
		rows, err := g.f.Device().NewBuffer(g.f.DType(), size*p.Len)
		if err != nil {
			b.close()
			return nil, fmt.Errorf("keeping the gradients of %d examples: %w", size, err)
		}
		b.rows = append(b.rows, rows)
	}
	return b, nil
}

// gram fills in the inner products of all examples.
func (b *blocks) gram(into *Gram) error {
	n, chunk := len(b.gradients.examples), b.gradients.f.Chunk()
	for block := 0; block < n; block += b.size {
		for from := block; from < n; from += chunk {
			if err := b.chunk(block, from, min(from+chunk, n), into); err != nil {
				return err
			}
		}
	}
	return nil
}

// chunk fills in the products of the examples from one place to another with those of a block before them, and where they belong to the
// block, which keeps them, those among them.
func (b *blocks) chunk(block, from, to int, into *Gram) error {
	before := min(from-block, b.size)
	p, err := b.pass(before, to-from)
	if err == nil {
		err = p.Run(b.gradients.examples[from:to])
	}
	if err != nil {
		return err
	}
	fill(into.Rest, from, block, before, p.before.Values)
	if before == b.size {
		return nil
	}
	fill(into.Rest, from, from, to-from, p.own.Values)
	copy(into.Along[from:], p.along.Values)
	err = p.Numbers()
	into.Center = p.center.Value
	return err
}

// fill sets a matrix from a row and a column on to values in rows of width.
func fill(m *mat.SymDense, row, column, width int, values []float64) {
	for k, v := range values {
		m.SetSym(row+k/width, column+k%width, v)
	}
}

// pass is the pass over a chunk of n examples whose products with the first `before` rows of the block are wanted too: the rows before it
// for a chunk of the block itself, the whole block for a later one.
func (b *blocks) pass(before, n int) (*blockPass, error) {
	if p := b.passes[before]; p != nil {
		return p, nil
	}
	p := &blockPass{}
	var err error
	p.Pass, err = b.gradients.f.Undivided().Compile(n, func(batch *objective.Batch) {
		d := batch.Around(b.gradients.reference, batch.Here())
		rows := d.Materialize()
		if before > 0 {
			batch.Rows(&p.before, sumOf(rows, func(k int, r *graph.Node) *graph.Node {
				return graph.MatMulT(r, batch.Leaf(b.slice(k, 0, before), before, r.Shape()[1]), false, true)
			}))
		}
		if before == b.size {
			return
		}
		batch.Rows(&p.own, sumOf(rows, func(_ int, r *graph.Node) *graph.Node { return graph.MatMulT(r, r, false, true) }))
		batch.Rows(&p.along, d.Along())
		batch.Number(&p.center, d.CenterNorm())
		for k, r := range rows {
			batch.Total(b.slice(k, before, before+batch.N), r)
		}
	}, nil)
	if err == nil {
		b.passes[before] = p
	}
	return p, err
}

// slice is some rows of a parameter.
func (b *blocks) slice(parameter, from, to int) kernels.Buffer {
	width := b.rows[parameter].Len() / b.size
	return b.rows[parameter].Slice(from*width, to*width)
}

// sumOf adds up an expression over some nodes.
func sumOf(nodes []*graph.Node, of func(int, *graph.Node) *graph.Node) *graph.Node {
	sum := of(0, nodes[0])
	for k, n := range nodes[1:] {
		sum = graph.Add(sum, of(k+1, n))
	}
	return sum
}

// close gives the device's memory back. A nil one holds none.
func (b *blocks) close() {
	if b == nil {
		return
	}
	for _, p := range b.passes {
		p.Close()
	}
	objective.Free(b.rows...)
}
