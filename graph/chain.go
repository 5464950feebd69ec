package graph

import "drift/kernels"

// chain is a kernels.Map under construction.
type chain struct {
	fuser  *fuser
	group  *group
	inputs []*Node
	access []kernels.Access
	code   []kernels.Instr
	index  map[*Node]uint8 // value that holds a node: operands first, then instructions
}

// fuse gives every operand and then every function of the group its value.
func (c *chain) fuse() {
	for _, n := range c.group.nodes {
		c.gather(n)
	}
	for _, n := range c.group.nodes {
		c.emit(n)
	}
}

// gather adds the inputs of a node that are in memory, or broadcasts of what is.
func (c *chain) gather(n *Node) {
	for _, x := range operands(n) {
		source, access := x, kernels.Access{B: 1, C: 1}
		if _, constant := isFill(x); constant {
			continue
		}
		if c.fuser.inline[x] {
			c.gather(x)
			continue
		}
		if _, ok := familyOf(x).(broadcast); ok {
			source, access = read(x)
		} else if c.fuser.groups[x] == c.group {
			continue
		}
		if _, there := c.index[x]; !there {
			c.index[x] = uint8(len(c.inputs))
			c.inputs, c.access = append(c.inputs, source), append(c.access, access)
		}
	}
}

// emit adds the instructions of a node and of the constants and inline functions that it reads.
func (c *chain) emit(n *Node) {
	for _, x := range operands(n) {
		if _, there := c.index[x]; there {
			continue
		}
		if v, constant := isFill(x); constant {
			c.instr(x, kernels.Instr{Fn: kernels.FnConst, Imm: v})
		} else if c.fuser.inline[x] {
			c.emit(x)
		}
	}
	switch fam := familyOf(n).(type) {
	case elementwise:
		i := kernels.Instr{Fn: fam.fn, Imm: fam.imm}
		in := sources(n)
		i.X = c.index[in[0]]
		if len(in) > 1 {
			i.Y = c.index[in[1]]
		}
		c.instr(n, i)
	case sum:
		c.index[n] = c.index[sources(n)[0]]
	case broadcast:
		c.instr(n, kernels.Instr{Fn: kernels.FnCopy, X: c.index[n]})
	}
}

func (c *chain) instr(n *Node, i kernels.Instr) {
	c.index[n] = uint8(len(c.inputs) + len(c.code))
	c.code = append(c.code, i)
}

// operands is what a chain has to have at hand for a node: for a broadcast or constant that it materializes, the node itself.
func operands(n *Node) []*Node {
	if free(n) {
		return []*Node{n}
	}
	return sources(n)
}

func (c *chain) primitive(outs []*Node) kernels.Primitive {
	g := c.group
	m := kernels.Map{N: g.domain, Access: c.access, Code: c.code}
	for _, n := range outs { // a sum is the first
		m.Results = append(m.Results, c.index[n])
	}
	if g.sum != nil {
		f := familyOf(g.sum).(sum)
		return kernels.Reduce{A: f.a, B: f.b, C: f.c, Map: m}
	}
	return m
}
