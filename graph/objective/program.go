package objective

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/kernels"
)

// program is a plan with the memory that it is bound to. It is on the device while the arena that all programs share suits it, and is
// loaded again where that was exchanged for a larger one.
type program struct {
	*Builder
	plan   *graph.Plan
	loaded *graph.Program // nil while it is not on the device
	rows   []rowsOf

	// What the examples of a chunk are chosen by; nothing for the end of a pass.
	stages       [][]*graph.Node // sums of a part that go out together; nil where none do
	index, place kernels.Buffer  // place is nil where no expression asks for it
	chosen       []int32
	boxed        any            // chosen, as Write takes it without an allocation
	images       *images        // that it reads in the place of the examples; else nil
	moves        kernels.Buffer // of images that the device augments; else nil
	drawn        any            // what is written to moves
}

// rowsOf is a node of which the host wants every example's row.
type rowsOf struct {
	into *Rows
	node *graph.Node
	n    int // examples in the chunk
}

func (r rowsOf) width() int { return graph.Size(r.node) / r.n }

// read takes the rows of a chunk to their place among those of the whole pass.
func (r rowsOf) read(c *program, from, whole int) error {
	width := r.width()
	r.into.resize(whole * width)
	return c.loaded.Buffer(r.node).Read(r.into.Values[from*width : (from+r.n)*width])
}

// compile makes the program of a pass for a kind of chunk.
func (f *Objective) compile(p *Pass, kind chunkKind) (*program, error) {
	var b *Batch
	if err := graph.Try(func() { b = f.newBatch(kind); p.expression(b) }); err != nil {
		return nil, err
	}
	if err := p.reserve(b.numbers); err != nil {
		return nil, err
	}
	if kind.prelude {
		if p.refers = b.refers; !b.refers {
			return nil, nil
		}
	} else if kind.part && p.fold == nil {
		var err error
		if p.fold, err = p.newFold(b); err != nil {
			return nil, err
		}
	}
	for leaf, scalar := range b.scalars {
		b.Bind(leaf, p.scalars.Slice(scalar, scalar+1))
	}
	c := &program{Builder: b.Builder, rows: b.rows, index: f.index.Slice(0, kind.n), chosen: f.chosen[:kind.n]}
	c.boxed = c.chosen
	if kind.part {
		c.stages = p.fold.stages(b)
	}
	b.Bind(b.index, c.index)
	if b.images != nil {
		c.images = f.images
		b.Bind(b.images, f.images.first(kind.n))
	}
	if b.moves != nil {
		c.moves, c.drawn = f.packed.moves.Slice(0, kind.n), f.packed.drawn[:kind.n]
		b.Bind(b.moves, c.moves)
	}
	if b.place != nil {
		c.place = f.place.Slice(0, kind.n)
	}
	return c, c.prepare()
}

func (c *program) prepare() (err error) {
	if c.plan, err = c.Plan(); err != nil {
		return err
	}
	c.objective.fit(c.plan)
	if err = c.plan.Stages(c.stages); err != nil {
		return err
	}
	return c.load()
}

// load puts the program on the device, where it is not there already.
func (c *program) load() error {
	f := c.objective
	if c.loaded != nil {
		return nil
	}
	err := f.reserve(c.plan, len(c.chosen))
	if err != nil {
		return err
	}
	if c.loaded, err = c.Load(c.plan, f.device, f.arena); err != nil {
		return err
	}
	f.programs[c] = true
	return nil
}

func (c *program) run() error { return c.runBy((*graph.Program).Run) }

func (c *program) runBy(how func(*graph.Program) error) error {
	if err := c.load(); err != nil {
		return err
	}
	return how(c.loaded)
}

// close takes the program off the device.
func (c *program) close() {
	if c.loaded != nil {
		c.loaded.Close()
		c.loaded = nil
		delete(c.objective.programs, c)
	}
}

// reserve makes the arena large enough for a plan over n examples. Where it has to be exchanged, programs leave the device.
func (f *Objective) reserve(plan *graph.Plan, n int) error {
	if f.arena != nil && f.arena.Len() >= plan.Elements() {
		return nil
	}
	for c := range f.programs {
		c.close()
	}
	if f.arena != nil {
		f.arena.Free()
		f.arena = nil
	}
	if free := f.device.FreeBytes(); plan.Bytes() > free {
		return fmt.Errorf("a chunk of %d examples needs %d bytes and %d are free: a chunk of about %d would fit",
			n, plan.Bytes(), free, max(1, int(float64(n)*float64(free)/float64(plan.Bytes()))))
	}
	var err error
	f.arena, err = f.device.NewBuffer(f.dtype, plan.Elements())
	return err
}

// choose writes the indices of the examples of a chunk that begins at a place of the pass, and their places where they are wanted.
func (c *program) choose(examples []int, from int) error {
	if c.place != nil {
		for i := range c.chosen {
			c.chosen[i] = int32(from + i)
		}
		if err := c.place.Write(c.boxed); err != nil {
			return err
		}
	}
	for i, k := range examples {
		if n := c.objective.total(); k < 0 || k >= n {
			return fmt.Errorf("example %d among %d: give 0 to %d", k, n, n-1)
		}
		c.chosen[i] = int32(k)
	}
	f := c.objective
	if c.plan.Lasting() == 0 || len(f.shown) < len(c.chosen) || !slices.Equal(f.shown[:len(c.chosen)], c.chosen) {
		f.shown = f.shown[:0]
		if err := c.index.Write(c.boxed); err != nil {
			return err
		}
		f.shown = append(f.shown, c.chosen...)
	}
	if c.moves == nil {
		return nil
	}
	return c.move(examples)
}

// bring has the examples of a chunk on the device where they do not lie there, and begins to read those behind them.
func (c *program) bring(examples, rest []int) error {
	f := c.objective
	if f.staging != nil {
		if err := f.staging.bring(examples); err != nil {
			return err
		}
	}
	if c.images != nil {
		if err := c.images.draw(examples); err != nil {
			return err
		}
	}
	if f.staging != nil {
		f.staging.ahead(rest[:min(len(rest), f.chunk)])
	}
	return nil
}
