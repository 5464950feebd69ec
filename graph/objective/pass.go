package objective

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/kernels"
)

// Expression adds outputs and sums to a batch. It is called once for each batch size.
type Expression func(b *Batch)

// Each is called after a chunk of a pass with the range of examples that it held and a function that reads the k-th value of
// Batch.Read into a slice of its size.
type Each func(from, to int, read func(k int, dst any) error) error

// Pass works through examples of a part of the data in chunks. what names the expression, which must be a function of
// that name and of the vectors alone, of which there are at most 4. each may be nil.
func (f *Objective) Pass(what string, part Part, examples []int, vectors []kernels.Buffer, e Expression, each Each) error {
	if len(examples) == 0 {
		return fmt.Errorf("objective: %s: no examples", what)
	}
	if err := f.weigh(len(examples)); err != nil {
		return err
	}
	k := key{what: what}
	if n := copy(k.vectors[:], vectors); n < len(vectors) {
		return fmt.Errorf("objective: %s for %d vectors: programs are told apart by %d", what, len(vectors), n)
	}
	for from := 0; from < len(examples); from += f.chunk {
		to := min(from+f.chunk, len(examples))
		k.counts[part], k.first = to-from, from == 0
		if err := f.work(k, examples[from:to], from, e, each); err != nil {
			return fmt.Errorf("objective: %s over %d examples: %w", what, to-from, err)
		}
	}
	return nil
}

// Together works on examples of both parts at once, those of the training part first, which must fit one chunk. what names the
// expression as in Pass.
func (f *Objective) Together(what string, examples [2][]int, e Expression, each Each) error {
	all := slices.Concat(examples[Train], examples[Test])
	n := len(all)
	if n == 0 || n > f.chunk {
		return fmt.Errorf("objective: %s over %d examples at once: give 1 to %d (--chunk)", what, n, f.chunk)
	}
	err := f.weigh(n)
	if err == nil {
		err = f.work(key{what: what, counts: [2]int{len(examples[Train]), len(examples[Test])}, first: true}, all, 0, e, each)
	}
	if err != nil {
		return fmt.Errorf("objective: %s over %d examples: %w", what, n, err)
	}
	return nil
}

// work does one chunk of a pass, which begins at a place of it.
func (f *Objective) work(k key, examples []int, from int, e Expression, each Each) error {
	if err := f.done(); err != nil {
		return err
	}
	c, err := f.compile(k, e)
	if err != nil {
		return err
	}
	if err := c.choose(examples, from); err != nil {
		return err
	}
	if err := c.program.Run(); err != nil || each == nil {
		return err
	}
	return each(from, from+len(examples), func(k int, dst any) error { return c.program.Buffer(c.read[k]).Read(dst) })
}

// key names a program: what it computes, over how many examples of each part, whether it begins its sums, and for which vectors.
type key struct {
	what    string
	counts  [2]int
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
	b, plan, err := f.plan(k, e)
	if err != nil {
		return nil, err
	}
	n := k.counts[Train] + k.counts[Test]
	index := f.index.Slice(0, n)
	b.bind[b.index] = index
	if err := f.reserve(plan, n); err != nil {
		return nil, err
	}
	p, err := plan.Load(f.device, b.bind, f.arena)
	if err != nil {
		return nil, err
	}
	c := &compiled{program: p, read: b.read, index: index, chosen: make([]float32, n)}
	c.source = c.chosen
	if b.place != nil {
		c.place = f.rows.Slice(0, n)
	}
	f.programs[k] = c
	return c, nil
}

// plan is what a program will do, and its batch, whose index is not bound to memory yet.
func (f *Objective) plan(k key, e Expression) (b *Batch, plan *graph.Plan, err error) {
	if err := graph.Try(func() { b = f.newBatch(k.counts, k.first); e(b) }); err != nil {
		return nil, nil, err
	}
	bound := map[*graph.Node]bool{b.index: true}
	for leaf := range b.bind {
		bound[leaf] = true
	}
	plan, err = graph.NewPlan(b.outputs, b.updates, bound)
	return b, plan, err
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
