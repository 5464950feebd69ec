package objective

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/kernels"
)

// Batch is a chunk of a pass as an expression: the network on its examples, to which the pass adds what it wants to know.
type Batch struct {
	*Builder
	N                int           // examples in the chunk
	Whole            bool          // this chunk is the whole pass
	First            bool          // sums begin with this chunk
	Leads            bool          // this chunk is the first of the whole pass
	Mean             *graph.Node   // 1/N of the whole pass [1]: the weight of an example in a mean
	CovarianceWeight *graph.Node   // 1/(N−1) of the whole pass [1]: its weight in an unbiased covariance
	Params           []*graph.Node // θ, by parameter

	index   *graph.Node   // of each example among all [n]
	place   *graph.Node   // of each example in the pass [n], where PerPass is used
	inputs  []*graph.Node // of the model
	images  *graph.Node   // the input, where it is augmented on the host; else nil
	moves   *graph.Node   // of each image [n], where they are augmented on the device; else nil
	target  *graph.Node
	buffers []*graph.Node // of the model
	here    *Point
	kind    chunkKind
	refers  bool                // it has to do with what Reference is about
	totals  []total             // that values are added to, besides scalars, in the order in which they are likely to be complete
	scalars map[*graph.Node]int // leaves that are scalars of the pass
	numbers []*Number
	rows    []rowsOf
}

// Point is the network on the examples of a batch, at some parameters.
type Point struct {
	Params []*graph.Node // by parameter
	Loss   *graph.Node   // ℓ_n [n]
	Output *graph.Node   // of the model, [n, outputs]
	Target *graph.Node   // classes [n] or targets [n, outputs]
}

// newBatch is a chunk whose examples an index vector, not bound yet, picks from the data.
func (f *Objective) newBatch(kind chunkKind) *Batch {
	b := &Batch{Builder: f.newBuilder(), N: kind.n, Whole: kind.whole, First: kind.first, Leads: kind.leads, kind: kind, scalars: map[*graph.Node]int{}}
	b.Params = b.Vector(f.theta)
	b.index = b.Unbound(kernels.Int32, "examples", b.N)
	b.Mean, b.CovarianceWeight = b.scalar(scalarMean, 1), b.scalar(scalarCovarianceWeight, 1)
	rows := b.index
	if f.staging != nil {
		rows = b.Leaf(f.staging.places.Slice(0, b.N), b.N)
	}
	of := func(all kernels.Buffer, in Input) *graph.Node {
		return graph.Gather(b.Leaf(all, append([]int{f.capacity}, in.Shape...)...), rows)
	}
	for i, in := range f.Model.Inputs() {
		if f.packed != nil {
			b.inputs = append(b.inputs, b.unpacked(b.Leaf(f.inputs[i], append([]int{f.capacity}, in.Shape...)...), rows))
			continue
		}
		if f.training && f.augments() {
			b.images = b.Unbound(f.dtype, "images", append([]int{b.N}, in.Shape...)...)
			b.inputs = append(b.inputs, b.images)
			continue
		}
		b.inputs = append(b.inputs, of(f.inputs[i], in))
	}
	b.target = of(f.targets, f.Model.Target())
	b.Store(graph.Storage{Type: kernels.StorageOf(f.device, f.dtype), Examples: append([]*graph.Node{b.index, b.target}, b.inputs...)})
	for _, p := range buffersOf(f.Model) {
		b.buffers = append(b.buffers, b.Leaf(f.buffers.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
	}
	return b
}

// scalar is a leaf for one of the scalars of the pass, in a shape of one element.
func (b *Batch) scalar(place int, shape ...int) *graph.Node {
	n := b.Unbound(b.objective.dtype, fmt.Sprint("scalar ", place), shape...)
	b.scalars[n] = place
	return n
}

// Here is the network at θ.
func (b *Batch) Here() *Point {
	if b.here == nil {
		b.here = b.At(b.Params)
	}
	return b.here
}

// At is the network at other parameters than θ: those of a vector, or θ plus one. θ stays where it is.
func (b *Batch) At(params []*graph.Node) *Point {
	q := &Point{Params: params, Target: b.target}
	net := Net{Params: params, Inputs: b.inputs, Buffers: b.buffers}
	if b.objective.training {
		net.Uniform = Uniform(b.objective.dtype, b.Leaf(b.objective.masks.buffer, 2), b.index)
	}
	q.Output = b.objective.Model.Build(net)
	q.Loss = b.objective.Model.Losses(q.Output, q.Target)
	return q
}

// PerExample is the per-example gradients at the point.
func (q *Point) PerExample() *graph.PerExample { return graph.NewPerExample(q.Loss, q.Params) }

// Weighted is the losses at a point times the weight of an example in the mean over the whole pass, [n].
func (b *Batch) Weighted(q *Point) *graph.Node {
	return graph.Mul(q.Loss, graph.BroadcastScalar(b.Mean, b.N))
}

// Gradient is what the batch contributes to the gradient of the mean loss at a point.
func (b *Batch) Gradient(q *Point) []*graph.Node {
	return graph.Grad([]*graph.Node{q.Loss}, []*graph.Node{graph.BroadcastScalar(b.Mean, b.N)}, q.Params)
}

// PerPass is a buffer of one element for each example of the pass, in the order of the pass: those of the batch, [n].
func (b *Batch) PerPass(v kernels.Buffer) *graph.Node {
	if b.place == nil {
		b.place = b.Leaf(b.objective.place.Slice(0, b.N), b.N)
	}
	return graph.Gather(b.Leaf(v, v.Len()), b.place)
}

// Sum adds values in the shapes of the parameters to a flat vector [P], which the first chunk of a pass overwrites. It is complete
// after the last.
func (b *Batch) Sum(into kernels.Buffer, values []*graph.Node) {
	first := len(b.totals)
	for k, p := range b.objective.Model.Params() {
		v := values[k]
		if v == nil {
			v = graph.Fill(b.Params[k], 0)
		}
		leaf := b.Leaf(into.Slice(p.Offset, p.Offset+p.Len), v.Shape()...)
		b.totals = append(b.totals, total{into, p.Offset, p.Offset + p.Len, leaf})
		b.add(leaf, v)
	}
	slices.Reverse(b.totals[first:]) // the last layer is differentiated first
}

// Total adds a value to a buffer of its size, which the first chunk of a pass overwrites. It is complete after the last.
func (b *Batch) Total(into kernels.Buffer, value *graph.Node) {
	leaf := b.Leaf(into, value.Shape()...)
	b.totals = append(b.totals, total{into, 0, into.Len(), leaf})
	b.add(leaf, value)
}

// add adds a value to a leaf, and returns the sum so far.
func (b *Batch) add(total, value *graph.Node) *graph.Node {
	if b.kind.prelude {
		return value
	}
	if !b.First {
		value = graph.Add(total, value)
	}
	b.Set(total, value)
	return value
}

// total adds a value [1] to a scalar of the pass, and returns the sum so far.
func (b *Batch) total(place int, value *graph.Node) *graph.Node {
	return b.add(b.scalar(place, value.Shape()...), value)
}

// Number adds a value [1] to a number of the pass.
func (b *Batch) Number(n *Number, value *graph.Node) {
	b.total(scalarCount+len(b.numbers), value)
	b.numbers = append(b.numbers, n)
}

// Measure makes the loss and accuracy at a point those that the pass measures. The accuracy is a count of examples divided once,
// because a sum of shares 1/N would round at every chunk.
func (b *Batch) Measure(q *Point) {
	b.total(scalarLoss, graph.SumAll(b.Weighted(q)))
	s := score(b.objective.Model, q.Output, q.Target)
	if s.hits == nil || b.kind.prelude {
		return
	}
	share := b.count(scalarCorrect, s.hits)
	if s.of == nil {
		share = graph.Mul(share, b.Mean)
	} else {
		share = graph.Div(share, b.count(scalarAnswers, s.of))
	}
	if b.kind.part { // that of all parts is found once they are added
		return
	}
	b.Set(b.scalar(scalarAccuracy, share.Shape()...), share)
}

// count adds whole numbers [n] to a scalar of the pass, and what rounding takes from it to the scalar behind: the two together are
// exact to 2⁴⁸ and more. It returns the sum so far, rounded.
func (b *Batch) count(place int, each *graph.Node) *graph.Node {
	piece := max(1, exactCount/b.objective.Model.Target().Size()) // examples that have few enough answers for one sum
	high, low := b.scalar(place, 1), b.scalar(place+1, 1)
	var sum, rest *graph.Node
	if !b.First {
		sum, rest = high, low
	}
	for from := 0; from < b.N; from += piece {
		value := graph.SumAll(graph.SliceAxis(each, 0, from, min(b.N, from+piece)))
		if sum == nil {
			sum, rest = value, graph.Fill(value, 0)
			continue
		}
		var lost *graph.Node
		sum, lost = graph.AddExactly(sum, value)
		rest = graph.Add(rest, lost)
	}
	b.Set(high, sum)
	b.Set(low, rest)
	return graph.Add(sum, rest)
}

// exactCount is the most that a sum of whole numbers may reach in float32 without rounding.
const exactCount = 1 << 24

// Rows brings a row of every example to the host, from a value [n,…] of those of the batch.
func (b *Batch) Rows(r *Rows, value *graph.Node) {
	if b.kind.prelude {
		return
	}
	b.Output(value)
	b.rows = append(b.rows, rowsOf{r, value, b.N})
}

// Sketch builds an expression of a pass over n examples that nothing computes: what it is made of, and in which shapes.
func (f *Objective) Sketch(n int, e Expression) error {
	return graph.Try(func() { e(f.newBatch(wholeKind(n))) })
}

// plan is what a pass over n examples at once would do.
func (f *Objective) plan(n int, e Expression) (plan *graph.Plan, err error) {
	var b *Batch
	if err := graph.Try(func() { b = f.newBatch(wholeKind(n)); e(b) }); err != nil {
		return nil, err
	}
	return b.Plan()
}
