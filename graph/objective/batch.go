package objective

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/kernels"
)

// Batch is the loss over n examples as an expression, to which a pass over the data adds what it wants to know.
type Batch struct {
	N      int           // examples in the batch
	Params []*graph.Node // θ, by parameter
	Loss   *graph.Node   // ℓ_n [N]
	Output *graph.Node   // of the model, [N, outputs]
	Target *graph.Node   // classes [N] or targets [N, outputs]
	Mean   *graph.Node   // 1/N_total (1): the weight of an example in a mean over the whole pass
	Spread *graph.Node   // 1/(N_total−1) (1): its weight in an unbiased covariance

	objective *Objective
	graph     *gorgonia.ExprGraph
	index     *graph.Node // of each example in the part [N]
	place     *graph.Node // of each example in the pass [N], where Rows is used
	first     bool        // of the chunks of a pass: sums begin here
	leaves    int
	outputs   []*graph.Node
	updates   []graph.Update
	bind      map[*graph.Node]kernels.Buffer
	read      []*graph.Node
}

// newBatch builds the model over so many examples of each part, which an index vector, not bound yet, picks from the data.
func (f *Objective) newBatch(counts [2]int, first bool) *Batch {
	g := graph.New()
	b := &Batch{N: counts[Train] + counts[Test], objective: f, graph: g, first: first,
		bind: make(map[*graph.Node]kernels.Buffer)}
	b.Params = b.Vector(f.theta)
	b.index = graph.Input(g, f.dtype, "index", b.N)
	x, y := b.pick(counts)
	b.Target = y
	b.Mean, b.Spread = b.leaf("mean", f.weights.Slice(0, 1), 1), b.leaf("spread", f.weights.Slice(1, 2), 1)
	b.Output = f.Model.Build(Net{Params: b.Params, Inputs: f.split(x)})
	b.Loss = f.Model.Losses(b.Output, b.Target)
	return b
}

// pick is the inputs and targets of the examples, those of the training part first.
func (b *Batch) pick(counts [2]int) (x, y *graph.Node) {
	if counts[Train] == 0 || counts[Test] == 0 {
		part := Train
		if counts[Train] == 0 {
			part = Test
		}
		return b.gather(part, b.index)
	}
	ours, labels := b.gather(Train, graph.SliceAxis(b.index, 0, 0, counts[Train]))
	theirs, more := b.gather(Test, graph.SliceAxis(b.index, 0, counts[Train], b.N))
	return graph.Concat(0, ours, theirs), graph.Concat(0, labels, more)
}

// gather is the inputs and targets of examples of a part.
func (b *Batch) gather(part Part, index *graph.Node) (x, y *graph.Node) {
	r, model := b.objective.parts[part], b.objective.Model
	inputs := []int{r.n, r.set.Size()}
	if in := model.Inputs(); len(in) == 1 {
		inputs = append([]int{r.n}, in[0].Shape...)
	}
	x = b.leaf(fmt.Sprint("inputs ", part), r.x, inputs...)
	y = b.leaf(fmt.Sprint("targets ", part), r.y, append([]int{r.n}, model.Target().Shape...)...)
	return graph.Gather(x, index), graph.Gather(y, index)
}

// split cuts the rows of examples into the model's inputs, which lie in them one behind the other.
func (f *Objective) split(x *graph.Node) []*graph.Node {
	inputs := f.Model.Inputs()
	if len(inputs) == 1 {
		return []*graph.Node{x}
	}
	n, at := x.Shape()[0], 0
	parts := make([]*graph.Node, len(inputs))
	for i, in := range inputs {
		to := at + product(in.Shape)
		parts[i] = graph.Reshape(graph.SliceAxis(x, 1, at, to), append([]int{n}, in.Shape...)...)
		at = to
	}
	return parts
}

func (b *Batch) leaf(name string, buffer kernels.Buffer, shape ...int) *graph.Node {
	n := graph.Input(b.graph, b.objective.dtype, name, shape...)
	b.bind[n] = buffer
	return n
}

// Vector is a flat vector [P] on the device as leaves in the shapes of the parameters.
func (b *Batch) Vector(v kernels.Buffer) []*graph.Node {
	b.leaves++
	var nodes []*graph.Node
	for _, p := range b.objective.Model.Params() {
		nodes = append(nodes, b.leaf(fmt.Sprintf("vector %d, %s", b.leaves, p.Name), v.Slice(p.Offset, p.Offset+p.Len), p.Shape...))
	}
	return nodes
}

// Rows is a buffer of one element for each example of the pass, in the order of the pass: those of the batch, [N].
func (b *Batch) Rows(v kernels.Buffer) *graph.Node {
	if b.place == nil {
		b.place = b.leaf("place", b.objective.rows.Slice(0, b.N), b.N)
	}
	return graph.Gather(b.Scalars(v), b.place)
}

// Scalars is a buffer as a leaf of its shape [len].
func (b *Batch) Scalars(v kernels.Buffer) *graph.Node {
	b.leaves++
	return b.leaf(fmt.Sprintf("scalars %d", b.leaves), v, v.Len())
}

// PerExample is the per-example gradients of the batch.
func (b *Batch) PerExample() *graph.PerExample { return graph.NewPerExample(b.Loss, b.Params) }

// Pattern is the per-example gradients of n training examples as an expression that nothing computes: what they are made of, and
// in which shapes.
func (f *Objective) Pattern(n int) (p *graph.PerExample, err error) {
	err = graph.Try(func() { p = f.newBatch([2]int{Train: n}, true).PerExample() })
	return p, err
}

// Weighted is the losses times the weight of an example in the mean over the whole pass.
func (b *Batch) Weighted() *graph.Node { return graph.Mul(b.Loss, graph.BroadcastScalar(b.Mean, b.N)) }

// Sum adds values in the shapes of the parameters to a flat vector [P], which the first chunk of a pass overwrites.
func (b *Batch) Sum(into kernels.Buffer, values []*graph.Node) {
	for k, p := range b.objective.Model.Params() {
		v := values[k]
		if v == nil {
			v = graph.Fill(b.Params[k], 0)
		}
		b.Total(into.Slice(p.Offset, p.Offset+p.Len), v)
	}
}

// Total adds a value to a buffer of its size, which the first chunk of a pass overwrites, and returns the sum so far.
func (b *Batch) Total(into kernels.Buffer, value *graph.Node) *graph.Node {
	total := b.result(into, value)
	if !b.first {
		value = graph.Add(total, value)
	}
	b.updates = append(b.updates, graph.Update{Leaf: total, Value: value})
	return value
}

// set leaves a value in a buffer of its size.
func (b *Batch) set(into kernels.Buffer, value *graph.Node) {
	b.updates = append(b.updates, graph.Update{Leaf: b.result(into, value), Value: value})
}

// result is a buffer as a leaf in the shape of the value that it is to hold.
func (b *Batch) result(into kernels.Buffer, value *graph.Node) *graph.Node {
	b.leaves++
	return b.leaf(fmt.Sprintf("result %d", b.leaves), into, value.Shape()...)
}

// scalar adds a value of shape (1) to one of the objective's sums, and returns the sum so far.
func (b *Batch) scalar(which int, value *graph.Node) *graph.Node {
	return b.Total(b.objective.sums.Slice(which, which+1), value)
}

// Read makes a value available to the host after each chunk.
func (b *Batch) Read(n *graph.Node) {
	b.outputs = append(b.outputs, n)
	b.read = append(b.read, n)
}
