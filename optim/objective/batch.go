package objective

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/graph"
	"drift/graph/nn"
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
	uses      *graph.Uses
	index     *graph.Node // of each example in the part [N]
	place     *graph.Node // of each example in the pass [N], where Rows is used
	first     bool        // of the chunks of a pass: sums begin here
	leaves    int
	outputs   []*graph.Node
	updates   []graph.Update
	bind      map[*graph.Node]kernels.Buffer
	read      []*graph.Node
}

// key names a program: what it computes, over how many examples of which part, whether it begins its sums, and for which vectors.
type key struct {
	what    string
	part    Part
	n       int
	first   bool
	vectors [4]kernels.Buffer
}

// compiled is a program with its index input and the host memory that fills it, kept as the interface that Write takes.
type compiled struct {
	program *graph.Program
	read    []*graph.Node
	index   kernels.Buffer
	place   kernels.Buffer // nil where the program does not ask for it
	chosen  []float32
	source  any
}

// Expression adds outputs and sums to a batch. It is called once for each batch size.
type Expression func(b *Batch)

// newBatch builds the model over n examples that an index vector, not bound yet, picks from a part of the data.
func (f *Objective) newBatch(part Part, n int, first bool) *Batch {
	g := graph.New()
	b := &Batch{N: n, objective: f, graph: g, uses: &graph.Uses{}, first: first, bind: make(map[*graph.Node]kernels.Buffer)}
	r := f.parts[part]
	b.Params = b.Vector(f.theta)
	b.index = graph.Input(g, f.dtype, "index", n)
	x := b.leaf("inputs", r.x, append([]int{r.n}, f.Model.Input...)...)
	targets := []int{r.n}
	if f.Model.Loss == nn.MSE {
		targets = append(targets, f.Model.Outputs)
	}
	b.Target = graph.Gather(b.leaf("targets", r.y, targets...), b.index)
	b.Mean, b.Spread = b.leaf("mean", f.weights.Slice(0, 1), 1), b.leaf("spread", f.weights.Slice(1, 2), 1)
	b.Output = f.Model.Build(b.Params, graph.Gather(x, b.index), b.uses)
	b.Loss = f.Model.Losses(b.Output, b.Target)
	return b
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
	for _, p := range b.objective.Model.Params {
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
func (b *Batch) PerExample() *graph.PerExample { return graph.NewPerExample(b.Loss, b.Params, b.uses) }

// Pattern is the per-example gradients of n training examples as an expression that nothing computes: what they are made of, and
// in which shapes.
func (f *Objective) Pattern(n int) (p *graph.PerExample, err error) {
	err = graph.Try(func() { p = f.newBatch(Train, n, true).PerExample() })
	return p, err
}

// Weighted is the losses times the weight of an example in the mean over the whole pass.
func (b *Batch) Weighted() *graph.Node { return graph.Mul(b.Loss, graph.BroadcastScalar(b.Mean, b.N)) }

// Sum adds values in the shapes of the parameters to a flat vector [P], which the first chunk of a pass overwrites.
func (b *Batch) Sum(into kernels.Buffer, values []*graph.Node) {
	for k, p := range b.objective.Model.Params {
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

// Pass works through examples of a part of the data in chunks. what names the expression, which must be a function of
// that name and of the vectors alone. each, where given, is called after each chunk with the range of examples that it
// held and a function that reads the k-th value of Batch.Read into a slice of its size.
func (f *Objective) Pass(what string, part Part, examples []int, vectors []kernels.Buffer, e Expression,
	each func(from, to int, read func(k int, dst any) error) error) error {
	if len(examples) == 0 {
		return fmt.Errorf("objective: %s: no examples", what)
	}
	if err := f.weigh(len(examples)); err != nil {
		return err
	}
	for from := 0; from < len(examples); from += f.chunk {
		to := min(from+f.chunk, len(examples))
		k := key{what: what, part: part, n: to - from, first: from == 0}
		copy(k.vectors[:], vectors)
		c, err := f.compile(k, e)
		if err == nil {
			err = c.choose(examples[from:to], from)
		}
		if err == nil {
			err = c.program.Run()
		}
		if err == nil && each != nil {
			err = each(from, to, func(k int, dst any) error { return c.program.Buffer(c.read[k]).Read(dst) })
		}
		if err != nil {
			return fmt.Errorf("objective: %s over %d examples: %w", what, to-from, err)
		}
	}
	return nil
}

// weigh writes 1/N and 1/(N−1) for a pass over n examples.
func (f *Objective) weigh(n int) error {
	if n == f.examples {
		return nil
	}
	f.examples = n
	return f.weights.Write([]float64{1 / float64(n), 1 / float64(max(n-1, 1))})
}

// choose writes the indices of the examples of a chunk that begins at a place of the pass.
func (c *compiled) choose(examples []int, from int) error {
	if c.place != nil {
		for i := range c.chosen {
			c.chosen[i] = float32(from + i)
		}
		if err := c.place.Write(c.source); err != nil {
			return err
		}
	}
	for i, n := range examples {
		c.chosen[i] = float32(n)
	}
	return c.index.Write(c.source)
}

// compile finds or makes a program. All share one arena, which is exchanged for a larger one where needed.
func (f *Objective) compile(k key, e Expression) (*compiled, error) {
	if c := f.programs[k]; c != nil {
		return c, nil
	}
	var b *Batch
	if err := graph.Try(func() { b = f.newBatch(k.part, k.n, k.first); e(b) }); err != nil {
		return nil, err
	}
	index := f.index.Slice(0, k.n)
	b.bind[b.index] = index
	bound := make(map[*graph.Node]bool)
	for n := range b.bind {
		bound[n] = true
	}
	plan, err := graph.NewPlan(b.outputs, b.updates, bound)
	if err != nil {
		return nil, err
	}
	if err := f.reserve(plan, k.n); err != nil {
		return nil, err
	}
	p, err := plan.Load(f.device, b.bind, f.arena)
	if err != nil {
		return nil, err
	}
	c := &compiled{program: p, read: b.read, index: index, chosen: make([]float32, k.n)}
	c.source = c.chosen
	if b.place != nil {
		c.place = f.rows.Slice(0, k.n)
	}
	f.programs[k] = c
	return c, nil
}

// reserve makes the arena large enough for a plan over n examples.
func (f *Objective) reserve(plan *graph.Plan, n int) error {
	if f.arena != nil && f.arena.Len() >= plan.Elements() {
		return nil
	}
	f.forget()
	if f.arena != nil {
		f.arena.Free()
		f.arena = nil
	}
	if free := f.device.FreeBytes(); plan.Bytes() > free {
		return fmt.Errorf("a chunk of %d examples needs %d bytes and %d are free: a chunk of about %d would fit (--chunk)",
			n, plan.Bytes(), free, max(1, int(float64(n)*float64(free)/float64(plan.Bytes()))))
	}
	var err error
	f.arena, err = f.device.NewBuffer(f.dtype, plan.Elements())
	return err
}
