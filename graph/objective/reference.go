package objective

import (
	"fmt"

	"drift/graph"
	"drift/kernels"
)

// Reference is the means by which a pass of several chunks takes gradients apart (graph.Deviations), and the gradient m that they
// stand for. The first chunk, or what Batch.Refers tells of, sets it to its own; sums over deviations from one reference add up over chunks, and over passes.
type Reference struct {
	Center kernels.Buffer // m [P]
	means  []kernels.Buffer
}

// NewReference makes room for means.
func (f *Objective) NewReference() (r *Reference, err error) {
	r = &Reference{}
	var means []*graph.Node
	err = f.Sketch(2, func(b *Batch) { means = b.Here().PerExample().Means() })
	if err != nil {
		return nil, err
	}
	sizes := []int{f.size}
	for _, m := range means {
		sizes = append(sizes, graph.Size(m))
	}
	for _, n := range sizes {
		b, err := f.device.NewBuffer(f.dtype, n)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("objective: memory for the middle of the gradients: %w", err)
		}
		r.means = append(r.means, b)
	}
	r.Center, r.means = r.means[0], r.means[1:]
	return r, nil
}

// Close gives the memory back. A nil reference has none.
func (r *Reference) Close() {
	if r != nil {
		Free(r.means...)
		Free(r.Center)
	}
}

// Deviations is those of the gradients at a point from a reference, which the first chunk of the pass sets.
func (b *Batch) Deviations(r *Reference, q *Point) *graph.Deviations {
	if !b.Refers() {
		return b.Around(r, q)
	}
	d := q.PerExample().Deviations()
	for k, m := range d.Means {
		b.Set(b.Leaf(r.means[k], m.Shape()...), m)
	}
	b.SetVector(b.Vector(r.Center), d.Center)
	return d
}

// Refers reports whether this batch sets what all batches of the pass refer to, as a Reference, which does not count as a sum: the first
// chunk does or, where a pass is cut into parts, a run over a few examples before them, in which sums are left out.
func (b *Batch) Refers() bool {
	b.refers = true
	if b.kind.part {
		return false
	}
	return b.First
}

// Around is the deviations from a reference that another pass has set.
func (b *Batch) Around(r *Reference, q *Point) *graph.Deviations {
	p := q.PerExample()
	means := p.Means()
	for k, m := range means {
		means[k] = b.Leaf(r.means[k], m.Shape()...)
	}
	return p.Around(means)
}

// Times multiplies nodes by a scalar node [1].
func Times(nodes []*graph.Node, by *graph.Node) []*graph.Node {
	all := make([]*graph.Node, len(nodes))
	for k, n := range nodes {
		all[k] = graph.Mul(n, graph.BroadcastScalar(by, n.Shape()...))
	}
	return all
}
