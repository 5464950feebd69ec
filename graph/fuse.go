package graph

import (
	"slices"

	"drift/kernels"
)

// maxChain bounds the functions fused into one kernel: n functions have at most n+1 operands, and together they must fit kernels.MaxMapValues.
const maxChain = kernels.MaxMapValues/2 - 1

// fuser groups the nodes that a program needs into kernels.
type fuser struct {
	order   []*Node // roots, inputs first
	leaves  []*Node
	users   map[*Node][]*Node
	kept    map[*Node]bool // outputs: needed in memory whatever else happens
	inline  map[*Node]bool // computed anew in every chain that reads them
	added   map[*Node]bool // sums of matrix products, which these add up themselves: in no chain with other functions
	groups  map[*Node]*group
	wholes  map[*Node]*whole // by the nodes that they compute
	varying map[*Node]bool   // values that depend on what varies from run to run; nil where nothing is said of it

	unnamed []*Node // results of kernels that the expression does not name
}

// group is the nodes of one kernel: a fused chain, which may end in a sum, or a single node of another family.
type group struct {
	nodes  []*Node
	weight int // functions, repeated ones included
	domain int // indices of a chain; 0 for other kernels
	sum    *Node
	whole  *whole
}

func newFuser(wanted []*Node, updates []Update, varying []*Node, adds bool, sums func(kernels.ConvSum) bool) *fuser {
	f := &fuser{users: make(map[*Node][]*Node), kept: make(map[*Node]bool),
		inline: make(map[*Node]bool), added: make(map[*Node]bool), groups: make(map[*Node]*group), wholes: make(map[*Node]*whole)}
	for _, n := range wanted {
		f.kept[root(n)] = true
	}
	f.collect(wanted)
	for _, u := range updates {
		if !slices.Contains(f.leaves, u.Leaf) {
			f.leaves = append(f.leaves, u.Leaf)
		}
	}
	f.findVarying(varying, updates)
	f.findConvSums(sums)
	f.findInline()
	if adds {
		f.findAdded()
	}
	for i := len(f.order) - 1; i >= 0; i-- {
		f.assign(f.order[i])
	}
	f.merge()
	return f
}

// collect finds every root that the wanted nodes are made of.
func (f *fuser) collect(wanted []*Node) {
	var roots []*Node
	for _, n := range wanted {
		roots = append(roots, root(n))
	}
	f.order = reach(roots, f.sources)
	f.findUsers()
	f.findAttention()
	f.joinAttention()
	if len(f.wholes) > 0 {
		f.order = reach(roots, f.sources)
		f.findUsers()
	}
	for _, n := range f.order {
		if inputsOf(n) == nil && !slices.Contains(f.unnamed, n) {
			f.leaves = append(f.leaves, n)
		}
	}
}

// sources is what a node is computed from by the kernel that it has.
func (f *fuser) sources(n *Node) []*Node {
	if w := f.wholes[n]; w != nil {
		return w.ins
	}
	return sources(n)
}

// free reports a node that a chain reads without its being in memory: a constant, or a broadcast of something that is.
func free(n *Node) bool {
	switch familyOf(n).(type) {
	case fill, broadcast:
		return true
	}
	return false
}

// chained reports a node that takes part in a fused chain as a reader of others.
func (f *fuser) chained(n *Node) bool {
	if f.wholes[n] != nil {
		return false
	}
	switch familyOf(n).(type) {
	case elementwise, sum:
		return true
	}
	return false
}

// assign puts a node into the group of its users where they are one chain over the same number of indices, else into a new one.
func (f *fuser) assign(n *Node) {
	if f.inline[n] {
		return
	}
	if w := f.wholes[n]; w != nil {
		f.together(n, w)
		return
	}
	switch familyOf(n).(type) {
	case nil:
		return
	case fill, broadcast:
		if f.kept[n] || slices.ContainsFunc(f.users[n], func(u *Node) bool { return !f.chained(u) }) {
			f.groups[n] = &group{nodes: []*Node{n}, domain: Size(n)}
		}
		return
	case sum:
		f.groups[n] = &group{nodes: []*Node{n}, domain: Size(sources(n)[0]), sum: n}
		return
	case elementwise:
		if g := f.onlyChain(n); g != nil {
			g.nodes, g.weight = append(g.nodes, n), g.weight+f.weight(n)
			f.groups[n] = g
			return
		}
		f.groups[n] = &group{nodes: []*Node{n}, weight: f.weight(n), domain: Size(n)}
		return
	}
	f.groups[n] = &group{nodes: []*Node{n}}
}

// together puts a node into the group of those that its kernel computes besides.
func (f *fuser) together(n *Node, w *whole) {
	if slices.Contains(f.unnamed, n) {
		return
	}
	for _, other := range w.outs {
		if g := f.groups[other]; g != nil {
			g.nodes = append(g.nodes, n)
			f.groups[n] = g
			return
		}
	}
	f.groups[n] = &group{nodes: []*Node{n}, whole: w}
}

// onlyChain is the chain that alone reads n, if it has room.
func (f *fuser) onlyChain(n *Node) *group {
	var g *group
	if f.kept[n] {
		return nil
	}
	for _, u := range f.users[n] {
		if !f.chained(u) || f.added[n] && !f.added[u] || g != nil && f.groups[u] != g {
			return nil
		}
		g = f.groups[u]
	}
	if g == nil || g.domain != Size(n) || g.weight+f.weight(n) > maxChain || !f.repeated(n, g) {
		return nil
	}
	return g
}

// merge joins a chain, or a sum of one, with the chain that made its operand, which then becomes a further output, wherever nothing else
// has to be computed between the two.
func (f *fuser) merge() {
	for _, n := range f.order {
		p := f.groups[n]
		if _, ok := familyOf(n).(elementwise); !ok || p == nil || p.sum != nil || f.added[n] {
			continue
		}
		for _, u := range f.users[n] {
			q := f.groups[u]
			if !f.chained(u) || q == p || q.sum != nil && slices.ContainsFunc(p.nodes, f.keeps) || q.domain != p.domain || p.weight+q.weight > maxChain ||
				f.groupVaries(p) != f.groupVaries(q) || f.between(p, q) {
				continue
			}
			for _, m := range p.nodes {
				f.groups[m] = q
			}
			q.nodes, q.weight = append(q.nodes, p.nodes...), q.weight+p.weight
			if p = q; p.sum != nil {
				break
			}
		}
	}
}

// keeps reports a value that is wanted for itself, which a chain may compute in the place of another.
func (f *fuser) keeps(n *Node) bool { return f.kept[n] }

// between reports a path from p to q through something that is in neither: a group runs as a whole, so a path that enters it
// anywhere leaves it everywhere.
func (f *fuser) between(p, q *group) bool {
	seen := make(map[*Node]bool)
	var stack []*Node
	visit := func(nodes []*Node, from *group) (found bool) {
		for _, n := range nodes {
			for _, u := range f.users[n] {
				g := f.groups[u]
				if g == q && from != p {
					return true
				}
				if g != nil && (g == from || g == q || g == p) || seen[u] {
					continue
				}
				seen[u] = true
				stack = append(stack, u)
			}
		}
		return false
	}
	visit(p.nodes, p)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		nodes, from := []*Node{n}, f.groups[n]
		if from != nil {
			nodes = from.nodes
		}
		if visit(nodes, from) {
			return true
		}
	}
	return false
}

// steps turns the groups into kernels, in no particular order yet.
func (f *fuser) steps() []*step {
	done := make(map[*group]bool)
	var all []*step
	for _, n := range f.order {
		if g := f.groups[n]; g != nil && !done[g] {
			done[g] = true
			all = append(all, f.step(g))
		}
	}
	return all
}

func (f *fuser) step(g *group) *step {
	slices.SortFunc(g.nodes, func(x, y *Node) int { return newestFirst(y, x) })
	if w := g.whole; w != nil {
		return &step{nodes: g.nodes, outs: w.outs, ins: w.ins, op: w.op}
	}
	s := &step{nodes: g.nodes, fused: g.domain > 0 && g.sum == nil}
	for _, n := range g.nodes {
		outside := func(u *Node) bool { return f.groups[u] != g }
		if f.kept[n] || slices.ContainsFunc(f.users[n], outside) {
			s.outs = append(s.outs, n)
		}
	}
	if g.domain == 0 {
		n := g.nodes[0]
		s.ins = sources(n)
		o := n.Op().(*op)
		s.op = o.primitive(shapesOf(o.in), o.out)
		return s
	}
	if g.sum != nil {
		s.outs = slices.DeleteFunc(s.outs, func(n *Node) bool { return n == g.sum })
		s.outs = slices.Insert(s.outs, 0, g.sum)
	}
	c := chain{fuser: f, group: g, index: make(map[*Node]uint8)}
	c.fuse()
	s.ins, s.op = c.inputs, c.primitive(s.outs)
	return s
}
