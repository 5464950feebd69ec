package graph

import (
	"fmt"

	"drift/kernels"
)

// Program is a plan on a device, ready to run again and again.
type Program struct {
	plan      *Plan
	arena     kernels.Buffer
	own       bool           // the arena is this program's alone
	indices   kernels.Buffer // the arena of what is Int32, always its own
	bind      map[*Node]kernels.Buffer
	constants map[*Node]kernels.Buffer
	run       []portion      // one after the other
	kept      kept           // from run to run
	again     int            // runs that made use of it
	empty     map[*Node]bool // leaves that the program reads and nobody has given a value
}

// Compile plans a program and puts it on a device. Leaves and outputs in bind live in the caller's buffers: parameters in
// slices of one flat vector, say. The others live in the program: write to their Buffer before the first Run.
func Compile(dev kernels.Device, outputs []*Node, updates []Update, bind map[*Node]kernels.Buffer) (*Program, error) {
	bound := make(map[*Node]bool, len(bind))
	for n := range bind {
		bound[n] = true
	}
	p, err := NewPlan(outputs, updates, bound)
	if err != nil {
		return nil, err
	}
	return p.Load(dev, bind, nil)
}

// Load prepares the kernels on a device. bind must hold a buffer for just those nodes that the plan was told are bound. Programs
// that run one after the other may share an arena of at least Elements elements, in which nothing lasts from one run to
// the next but unbound outputs until another program runs; without one the program allocates its own.
func (p *Plan) Load(dev kernels.Device, bind map[*Node]kernels.Buffer, arena kernels.Buffer) (*Program, error) {
	for n, b := range bind {
		if b == nil {
			return nil, fmt.Errorf("compile: %s of shape %v is bound to no buffer", n.Name(), n.Shape())
		}
		if b.Len() != Size(n) || b.DType() != DTypeOf(n) {
			return nil, fmt.Errorf("compile: %s of shape %v and %v is bound to a buffer of %d %v", n.Name(), n.Shape(), DTypeOf(n), b.Len(), b.DType())
		}
	}
	if len(p.narrow) > 0 && kernels.StorageOf(dev, p.dtype) != p.storage.Type {
		return nil, fmt.Errorf("compile: a plan that stores %v is not for %s", p.storage.Type, dev.Name())
	}
	g := &Program{plan: p, arena: arena, bind: bind, empty: make(map[*Node]bool), constants: make(map[*Node]kernels.Buffer)}
	var err error
	if arena == nil {
		if g.arena, err = dev.NewBuffer(p.dtype, p.arena); err != nil {
			return nil, fmt.Errorf("compile: memory for a program of %d bytes: %w", p.Bytes(), err)
		}
		g.own = true
	}
	if g.indices, err = dev.NewBuffer(kernels.Int32, p.indices); err != nil {
		if g.own {
			g.arena.Free()
		}
		return nil, fmt.Errorf("compile: memory for %d indices: %w", p.indices, err)
	}
	if err := g.keepConstants(dev); err != nil {
		g.free()
		return nil, fmt.Errorf("compile: %w", err)
	}
	calls := make([]kernels.Call, len(p.steps))
	for k, s := range p.steps {
		calls[k].Op = s.op
		for _, n := range s.ins {
			calls[k].In = append(calls[k].In, g.value(n))
			if g.leaf(n) == nil && inputsOf(n) == nil && !p.again[n] {
				g.empty[n] = true
			}
		}
		for _, n := range s.outs {
			calls[k].Out = append(calls[k].Out, g.value(n))
		}
		if s.copyTo != nil {
			calls[k].Out = []kernels.Buffer{g.named(s.copyTo)}
		}
	}
	if err = g.load(dev, calls); err != nil {
		g.free()
		return nil, fmt.Errorf("compile: %w", err)
	}
	if p.lasting > 0 {
		g.watch()
	}
	return g, nil
}

// keepConstants puts the leaves that have their values in the graph on the device.
func (g *Program) keepConstants(dev kernels.Device) error {
	for _, leaf := range g.plan.leaves {
		if _, bound := g.bind[leaf]; bound || !isConstant(leaf) {
			continue
		}
		b, err := dev.NewBuffer(DTypeOf(leaf), Size(leaf))
		if err != nil {
			return err
		}
		g.constants[leaf] = b
		if err := b.Write(leaf.Value().Data()); err != nil {
			return fmt.Errorf("constant %s of shape %v: %w", leaf.Name(), leaf.Shape(), err)
		}
	}
	return nil
}

// leaf is the caller's buffer of a node, or that of a constant; nil where it has none.
func (g *Program) leaf(n *Node) kernels.Buffer {
	if b, ok := g.bind[n]; ok {
		return b
	}
	if b, ok := g.constants[n]; ok {
		return b
	}
	return nil
}

// value is the memory of a root.
func (g *Program) value(n *Node) kernels.Buffer {
	if home := g.plan.home[n]; home != nil {
		return g.named(home)
	}
	return g.named(n)
}

// named is the caller's buffer of a node, or its place in the arena.
func (g *Program) named(n *Node) kernels.Buffer {
	if b := g.leaf(n); b != nil {
		return b
	}
	s, ok := g.plan.slots[n]
	if !ok {
		panic(fmt.Sprintf("graph: internal error: no memory for %v", n))
	}
	if DTypeOf(n) == kernels.Int32 {
		return g.indices.Slice(s.offset, s.offset+Size(n))
	}
	place := g.arena.Slice(s.offset, s.offset+g.plan.room(n))
	if g.plan.narrow[n] {
		return place.(kernels.Viewer).View(g.plan.storage.Type, Size(n))
	}
	return place
}

// Buffer is the memory of a leaf, to be written before a run, or of an output, to be read after it. It is nil for other nodes.
func (g *Program) Buffer(n *Node) kernels.Buffer {
	if b := g.leaf(n); b != nil {
		return b
	}
	delete(g.empty, n)
	if _, own := g.plan.slots[n]; own {
		return g.named(n)
	}
	if r := g.plan.results[n]; r != nil {
		return g.value(root(r))
	}
	return nil
}

// Run computes all outputs and updates, save what still holds from the run before (Builder.Varying). It allocates nothing. It refuses to read a leaf
// that was neither bound nor written to.
func (g *Program) Run() error {
	return g.RunStages(func(int) error { return nil })
}

// ready reports a leaf that is read and has no value.
func (g *Program) ready() error {
	for leaf := range g.empty {
		return fmt.Errorf("graph: %s of shape %v has no value: bind it to a buffer or write to its Buffer", leaf.Name(), leaf.Shape())
	}
	return nil
}

// Bytes is the memory that the program holds: its arena and the device's scratch memory for it.
func (g *Program) Bytes() int64 {
	bytes := g.plan.Bytes()
	for _, run := range g.run {
		bytes += run.ScratchBytes()
	}
	return bytes
}

// Plan is what the program was made from.
func (g *Program) Plan() *Plan { return g.plan }

// Close gives the program's memory back to the device.
func (g *Program) Close() {
	for _, run := range g.run {
		run.Close()
	}
	g.free()
}

func (g *Program) free() {
	g.indices.Free()
	for _, b := range g.constants {
		b.Free()
	}
	if g.own {
		g.arena.Free()
	}
}
