package graph

import (
	"fmt"

	"drift/kernels"
)

// Update asks that a leaf's buffer hold a new value once the program has run: a parameter after its step, a running sum.
// All reads of the leaf see the old value.
type Update struct{ Leaf, Value *Node }

// Plan is a program before it is put on a device: kernels in order, and the memory they need.
type Plan struct {
	dtype   kernels.DType
	leaves  []*Node
	outputs []*Node
	updates []Update
	results map[*Node]*Node // computed value of every output and updated leaf
	steps   []*step
	home    map[*Node]*Node // output or updated leaf in whose buffer a computed root is kept
	slots   map[*Node]slot  // place in the arena of every root, and of every copied output, that is in no caller's buffer
	arena   int             // elements
	indices int             // elements of Int32, which lie apart
	bound   map[*Node]bool  // leaves and outputs in buffers of the caller
	stages  []stage         // where it is cut
	again   map[*Node]bool  // values that are computed another time, or copied, which the expression does not name
	storage Storage
	narrow  map[*Node]bool // values that are stored in its type
	calls   calls          // of the device it is for
	varying []*Node        // leaves that change from run to run; none: all may
	lasting int            // steps before the first that depends on them, whose results last
}

// step is one kernel: it computes some values from others. Values are named by their roots, the nodes that are not reshapes.
type step struct {
	nodes   []*Node // in order of evaluation; several only in a fused chain
	outs    []*Node
	ins     []*Node
	op      kernels.Primitive
	fused   bool  // an elementwise chain: outputs may replace operands of full access
	partial bool  // a term of a sum that a later product completes
	early   bool  // runs as soon as it can
	copyTo  *Node // for a copy, the output or leaf that it fills

	before map[*step]bool // steps that must run earlier
	after  []*step
}

// NewPlan orders the computation of outputs and updates, fuses elementwise chains, and lays out memory by liveness. Leaves and
// outputs in bound will have buffers of the caller; all others live in the program's arena.
func NewPlan(outputs []*Node, updates []Update, bound map[*Node]bool) (*Plan, error) {
	return newPlan(&Plan{outputs: outputs, updates: updates, bound: bound})
}

// newPlan completes a plan that says what is wanted.
func newPlan(p *Plan) (*Plan, error) {
	err := Try(func() { p.build(p.bound) })
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Plan) build(bound map[*Node]bool) {
	p.results = make(map[*Node]*Node)
	var wanted []*Node
	for _, o := range p.outputs {
		p.results[o] = o
		if bound[o] {
			p.results[o] = computed(o)
		}
		wanted = append(wanted, p.results[o])
	}
	for _, u := range p.updates {
		mustMatch("update", u.Leaf.Shape(), u.Value.Shape())
		if inputsOf(u.Leaf) != nil {
			misuse("update: %v is computed, only a leaf can be updated", u.Leaf)
		}
		p.results[u.Leaf] = computed(u.Value)
		wanted = append(wanted, p.results[u.Leaf])
	}
	if len(wanted) == 0 {
		misuse("a program needs an output or an update")
	}
	p.dtype = DTypeOf(anchor(wanted[0]))
	f := newFuser(wanted, p.updates, p.varying, !p.storesNarrow(), p.sums) // a sum that is added to is stored as it is
	p.leaves = f.leaves
	p.steps = f.steps()
	for _, n := range f.unnamed {
		p.made(n)
	}
	p.home = make(map[*Node]*Node)
	p.connect()
	p.schedule()
	p.fold(f)
	p.connect()
	p.schedule()
	p.columns(f)
	p.clusters(f)
	p.connect()
	p.joinProducts(f)
	p.connect()
	if p.storesNarrow() {
		p.joinFactorSums(f)
	}
	p.house(bound, f)
	p.schedule()
	if p.storesNarrow() {
		p.store(f)
	}
	p.divide()
	p.allocate(bound)
}

// calls are those of a device that not every one gains by; nil for those that it does not.
type calls struct {
	summing  kernels.Summing
	blocking kernels.Blocking
}

func callsOf(dev kernels.Device) (c calls) {
	c.summing, _ = dev.(kernels.Summing)
	c.blocking, _ = dev.(kernels.Blocking)
	return c
}

// sums reports a sum of convolutions that the device has a call for.
func (p *Plan) sums(s kernels.ConvSum) bool {
	return p.calls.summing != nil && p.calls.summing.Sums(s, p.dtype)
}

// blocks reports a program of columns that the device has a call for.
func (p *Plan) blocks(c kernels.Columnwise) bool {
	return p.calls.blocking != nil && p.calls.blocking.Blocks(c, p.dtype)
}

// Bytes is the memory of the program's arena: everything but bound buffers and the device's own scratch memory.
func (p *Plan) Bytes() int64 {
	return int64(p.arena)*int64(p.dtype.Size()) + int64(p.indices)*int64(kernels.Int32.Size())
}

// Elements is the arena's size in elements.
func (p *Plan) Elements() int { return p.arena }

// Steps is the number of kernels.
func (p *Plan) Steps() int { return len(p.steps) }

// String lists the kernels in order, one a line.
func (p *Plan) String() string {
	s := fmt.Sprintf("%d kernels, %d bytes\n", len(p.steps), p.Bytes())
	for _, st := range p.steps {
		s += fmt.Sprintf("%s %v → %v\n", st.op.Name(), names(st.ins), names(st.outs))
	}
	return s
}

func names(nodes []*Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, fmt.Sprintf("%d%v", n.ID(), n.Shape()))
	}
	return all
}

// root is the node whose elements n has: n without reshapes.
func root(n *Node) *Node {
	for {
		if _, ok := familyOf(n).(reshape); !ok {
			return n
		}
		n = inputsOf(n)[0]
	}
}

// sources is the roots that the value of a root is computed from; a constant needs none, and a broadcast of a broadcast what that repeats.
func sources(n *Node) []*Node {
	if _, ok := familyOf(n).(broadcast); ok {
		source, _ := read(n)
		return []*Node{source}
	}
	if _, constant := isFill(n); constant {
		return nil
	}
	var all []*Node
	for _, in := range inputsOf(n) {
		all = append(all, root(in))
	}
	return all
}

// computed is a value that a kernel makes: n, or a copy of it where n is a leaf.
func computed(n *Node) *Node {
	if r := root(n); inputsOf(r) == nil {
		return unary(kernels.FnCopy, r)
	}
	return n
}
