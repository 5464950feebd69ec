package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"drift/kernels"
)

// Builder collects what a program reads and writes: leaves that are buffers, values that are left in them, outputs.
type Builder struct {
	graph   *gorgonia.ExprGraph
	dtype   kernels.DType
	leaves  map[kernels.Buffer]*Node
	bind    map[*Node]kernels.Buffer
	updates []Update
	outputs []*Node
	storage Storage
	varying []*Node
	calls   calls
}

// NewBuilder is a builder of an empty graph with elements of one type.
func NewBuilder(dt kernels.DType) *Builder {
	return &Builder{graph: New(), dtype: dt, leaves: make(map[kernels.Buffer]*Node), bind: make(map[*Node]kernels.Buffer)}
}

// Leaf is what a buffer holds when the program starts, in a shape of its number of elements. One buffer is one leaf, however often and in
// whatever shape it is asked for. Buffers of a program must not overlap otherwise. They have the program's element type, or hold indices or bytes.
func (b *Builder) Leaf(buf kernels.Buffer, shape ...int) *Node {
	leaf, ok := b.leaves[buf]
	if !ok {
		leaf = Input(b.graph, buf.DType(), fmt.Sprint("leaf ", len(b.bind)), shape...)
		b.Bind(leaf, buf)
		b.leaves[buf] = leaf
	}
	return Reshape(leaf, shape...)
}

// Input is a leaf in the program's own memory: write to its Program.Buffer before the first run.
func (b *Builder) Input(name string, shape ...int) *Node {
	return Input(b.graph, b.dtype, name, shape...)
}

// Unbound is a leaf whose buffer comes to be known later: Bind gives it one before the program is loaded.
func (b *Builder) Unbound(dt kernels.DType, name string, shape ...int) *Node {
	leaf := Input(b.graph, dt, name, shape...)
	b.bind[leaf] = nil
	return leaf
}

// Bind makes an Unbound leaf what a buffer holds.
func (b *Builder) Bind(leaf *Node, buf kernels.Buffer) {
	if dt := DTypeOf(leaf); buf.Len() != Size(leaf) || buf.DType() != dt || dt != b.dtype && dt != kernels.Int32 && dt != kernels.Uint8 {
		misuse("leaf: a buffer of %d %v in shape %v of a program of %v", buf.Len(), buf.DType(), leaf.Shape(), b.dtype)
	}
	b.bind[leaf] = buf
}

// Set leaves a value of the leaf's size in its buffer, once everything has read what it held before.
func (b *Builder) Set(leaf, value *Node) {
	at := root(leaf)
	mustMatch("set: leaf and value", leaf.Shape(), value.Shape())
	for k, u := range b.updates {
		if u.Leaf == at {
			misuse("set: %s is set twice, update %d is the other", at.Name(), k)
		}
	}
	b.updates = append(b.updates, Update{at, Reshape(value, at.Shape()...)})
}

// Output keeps a value that Program.Buffer then reads.
func (b *Builder) Output(value *Node) { b.outputs = append(b.outputs, value) }

// Store has the program's values for single examples stored in another type, where that is the device's: see Storage.
func (b *Builder) Store(s Storage) { b.storage = s }

// For has the plan make use of calls that not every device gains by (kernels.Summing, kernels.Blocking). It runs on others too.
func (b *Builder) For(dev kernels.Device) { b.calls = callsOf(dev) }

// Plan orders what was built. Load puts it on a device.
func (b *Builder) Plan() (*Plan, error) {
	bound := make(map[*Node]bool, len(b.bind))
	for n := range b.bind {
		bound[n] = true
	}
	return newPlan(&Plan{outputs: b.outputs, updates: b.updates, bound: bound, storage: b.storage, varying: b.varying, calls: b.calls})
}

// Load puts the builder's plan on a device, in an arena that is shared with other programs or, for nil, its own (Plan.Load).
func (b *Builder) Load(p *Plan, dev kernels.Device, arena kernels.Buffer) (*Program, error) {
	return p.Load(dev, b.bind, arena)
}

// Compile plans the program and puts it on a device.
func (b *Builder) Compile(dev kernels.Device) (*Program, error) {
	p, err := b.Plan()
	if err != nil {
		return nil, err
	}
	return b.Load(p, dev, nil)
}

// NewProgram builds and compiles a program; operands that do not fit are an error.
func NewProgram(dev kernels.Device, dt kernels.DType, build func(*Builder)) (*Program, error) {
	b := NewBuilder(dt)
	if err := Try(func() { build(b) }); err != nil {
		return nil, err
	}
	return b.Compile(dev)
}
