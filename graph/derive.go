package graph

import (
	"maps"
	"slices"

	"drift/kernels"
)

// Limits of what a cluster computes anew rather than reads: functions for each value, and values of a chain, which must fit registers.
const (
	mostDerived      = 16
	mostDerivedChain = 48
)

// deriver lets clusters compute anew what other steps made of values that they read anyway, or could read in its place: the mask of a ReLU
// behind a norm, which is a function of what the norm reads, or the gradient behind that mask. It takes a few instructions, and a trip to
// memory more than that.
type deriver struct {
	plan     *Plan
	fuser    *fuser
	of       map[*step]*cluster
	producer map[*Node]*step
	readers  map[*Node][]*step
}

// derive does it for all clusters that become steps, and for chains that are in none. The steps must be connected.
func (p *Plan) derive(f *fuser, all []*cluster) {
	d := &deriver{plan: p, fuser: f, of: make(map[*step]*cluster), producer: p.producers()}
	all = slices.DeleteFunc(slices.Clone(all), func(c *cluster) bool { return !c.derives() })
	for _, c := range all {
		for _, s := range c.steps {
			d.of[s] = c
		}
	}
	d.findReaders()
	for _, c := range all {
		for _, v := range c.reads() {
			if own := d.formula(c, v, nil); own != nil {
				d.use(c, v, own)
			}
		}
	}
	d.findReaders()
	for _, s := range p.steps {
		for _, v := range slices.Clone(s.outs) {
			d.swap(d.of[s], v)
		}
	}
	for _, c := range all {
		c.absorb()
	}
	d.prune(all)
}

func (d *deriver) findReaders() {
	d.readers = make(map[*Node][]*step)
	for _, s := range d.plan.steps {
		for _, n := range s.ins {
			d.readers[n] = append(d.readers[n], s)
		}
	}
}

// joins reports a cluster that becomes one step.
func (c *cluster) joins() bool { return len(c.steps) > 1 && c.sums }

// derives reports a cluster whose steps are one kernel.
func (c *cluster) derives() bool { return c.joins() || len(c.steps) == 1 }

// reads is what a cluster reads from memory index by index alone, in order.
func (c *cluster) reads() (list []*Node) {
	other := make(map[*Node]bool)
	for _, s := range c.steps {
		m, _ := kernels.ChainOf(s.op)
		for k, n := range s.ins {
			if c.made[n] {
				continue
			}
			if !slices.Contains(list, n) {
				list = append(list, n)
			}
			other[n] = other[n] || !m.Access[k].Full()
		}
	}
	return slices.DeleteFunc(list, func(n *Node) bool { return other[n] })
}

// swap lets all clusters that read a value which a cluster made of one other value, and of what they read, read that one instead. The value need
// then not be stored.
func (d *deriver) swap(from *cluster, v *Node) {
	if from == nil || d.fuser.kept[v] {
		return
	}
	var clusters []*cluster
	for _, s := range d.readers[v] {
		c := d.of[s]
		if c == nil {
			return
		}
		if c != from && !slices.Contains(clusters, c) {
			clusters = append(clusters, c)
		}
	}
	var formulas []*step
	for _, c := range clusters {
		own := (*step)(nil)
		if slices.Contains(c.reads(), v) {
			own = d.formula(c, v, from)
		}
		if own == nil {
			return
		}
		formulas = append(formulas, own)
	}
	for k, c := range clusters {
		d.use(c, v, formulas[k])
	}
}

// use puts a step that computes a value anew before those of a cluster, which read that.
func (d *deriver) use(c *cluster, v *Node, own *step) {
	name := map[*Node]*Node{v: own.outs[0]}
	for _, s := range c.steps {
		s.ins = renamed(s.ins, name)
	}
	d.of[own], c.anew[v] = c, own.outs[0]
	at, _ := slices.BinarySearchFunc(c.derived, own, func(x, y *step) int { return newestFirst(y.nodes[0], x.nodes[0]) }) // behind those that it may read
	c.steps = slices.Insert(c.steps, at, own)
	d.plan.steps = append(d.plan.steps, own)
	c.made[own.outs[0]] = true
	c.derived = slices.Insert(c.derived, at, own)
	delete(c.ins, v)
	for _, n := range own.ins {
		if !c.made[n] {
			c.ins[n] = true
		}
	}
}

// formula is a step that computes a value of what a cluster reads and of much smaller values; nil where there is none. Where the cluster that made
// the value is named, it may read one more that is in memory.
func (d *deriver) formula(c *cluster, v *Node, from *cluster) *step {
	if !d.cheap(v) || d.producer[v] == nil {
		return nil
	}
	b := &formula{deriver: d, cluster: c, reads: c.reads(), more: from != nil, index: make(map[*Node]uint8)}
	if !b.gather(v) || len(b.nodes) > mostDerived {
		return nil
	}
	made := placeholder(v)
	d.plan.made(made)
	return &step{nodes: []*Node{v}, ins: b.ins, outs: []*Node{made}, op: b.chain(Size(v)), fused: true}
}

// cheap reports a function that is computed anew for less than its result is read for.
func (d *deriver) cheap(n *Node) bool {
	e, ok := familyOf(n).(elementwise)
	return ok && d.fuser.wholes[n] == nil && (cheap(e.fn) || e.fn == kernels.FnCopy)
}

// stored reports a value that is in memory whatever is derived.
func (d *deriver) stored(n *Node) bool {
	if inputsOf(n) == nil {
		return true
	}
	s := d.producer[n]
	if s == nil {
		return false
	}
	c := d.of[s]
	return c == nil || d.fuser.kept[n] || slices.ContainsFunc(d.readers[n], func(r *step) bool { return d.of[r] != c })
}

// formula is how a value follows from others.
type formula struct {
	*deriver
	cluster *cluster
	reads   []*Node // that the cluster reads index by index
	more    bool    // another value may be read
	ins     []*Node
	access  []kernels.Access
	nodes   []*Node // functions and constants, in order
	index   map[*Node]uint8
}

// gather finds what the functions from a node on are made of; ok is false where that is not at hand.
func (b *formula) gather(n *Node) (ok bool) {
	for _, x := range sources(n) {
		if !slices.Contains(b.nodes, x) && !b.operand(x) && !b.function(x) && !b.another(x) {
			return false
		}
	}
	b.nodes = append(b.nodes, n)
	return true
}

// operand reports what is read as it is.
func (b *formula) operand(x *Node) bool {
	if _, there := b.index[x]; there {
		return true
	}
	if _, constant := isFill(x); constant {
		b.nodes = append(b.nodes, x)
		return true
	}
	if _, repeated := familyOf(x).(broadcast); repeated {
		source, access := read(x)
		if !repeats(x) || b.producer[source] == nil && inputsOf(source) != nil {
			return false
		}
		b.add(x, source, access)
		return true
	}
	if made := b.cluster.anew[x]; made != nil {
		b.add(x, made, kernels.Access{B: 1, C: 1})
		return true
	}
	if slices.Contains(b.reads, x) {
		b.add(x, x, kernels.Access{B: 1, C: 1})
		return true
	}
	return false
}

// function reports a value that is computed too.
func (b *formula) function(x *Node) bool {
	if !b.cheap(x) {
		return false
	}
	before := *b
	before.index = maps.Clone(b.index)
	if b.gather(x) {
		return true
	}
	*b = before
	return false
}

// another takes a value that the cluster does not read, once.
func (b *formula) another(x *Node) bool {
	if !b.more || free(x) || !b.stored(x) {
		return false
	}
	b.more = false
	b.add(x, x, kernels.Access{B: 1, C: 1})
	return true
}

func (b *formula) add(x, source *Node, access kernels.Access) {
	b.index[x] = uint8(len(b.ins))
	b.ins, b.access = append(b.ins, source), append(b.access, access)
}

// chain is the formula over n indices.
func (b *formula) chain(n int) kernels.Map {
	m := kernels.Map{N: n, Access: b.access}
	for _, x := range b.nodes {
		if v, constant := isFill(x); constant {
			b.index[x] = m.Then(kernels.FnConst, 0, 0, v)
			continue
		}
		e, in := familyOf(x).(elementwise), sources(x)
		b.index[x] = m.Then(e.fn, b.index[in[0]], b.index[in[len(in)-1]], e.imm)
	}
	m.Results = []uint8{b.index[b.nodes[len(b.nodes)-1]]}
	return m
}
