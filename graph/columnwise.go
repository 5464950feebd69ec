package graph

import (
	"slices"

	"drift/kernels"
)

// columns joins sums over the rows of large matrices, such as means of per-example gradients, with what reads these sums or the matrix again column by
// column: deviations, their norms and what is passed on of them. The device does them block by block of columns, so that the matrix is read from memory
// once and the deviations may be written over it. Clusters of rows cannot do this: each row would have to wait for all others. It is for devices that
// gain by it (kernels.Blocking). The steps must be in an order in which they can run, and connected.
func (p *Plan) columns(f *fuser) {
	if p.calls.blocking == nil {
		return
	}
	b := columnBuilder{plan: p, fuser: f, of: make(map[*step]*cluster), rank: make(map[*step]int)}
	for k, s := range p.steps {
		b.rank[s] = k
	}
	var all []*cluster
	for _, s := range p.steps {
		if r, sum := s.op.(kernels.Reduce); !sum || r.A > 1 || r.B < 2 || r.C < 2 || b.of[s] != nil {
			continue
		}
		c := b.grow(s)
		if c.passes() && p.blocks(c.step(func(*Node) bool { return false }).op.(kernels.Columnwise)) {
			all = append(all, c)
			continue
		}
		for _, s := range c.steps {
			delete(b.of, s)
		}
	}
	if len(all) > 0 {
		for _, c := range all {
			p.share(c)
		}
		p.contract(f, all)
		p.connect()
		p.schedule()
	}
}

// share puts chains over a cluster's rows that store what they compute, such as deviations, into sums along the same rows, such as their squares: together
// they read the matrix once.
func (p *Plan) share(c *cluster) {
	for i := 0; i < len(c.steps); i++ {
		sum := c.steps[i]
		r, is := sum.op.(kernels.Reduce)
		if !is || r.C == c.columns {
			continue
		}
		for j := i + 1; j < len(c.steps) && !c.steps[j].readsOf(sum); j++ {
			m, is := c.steps[j].op.(kernels.Map)
			if !is || m.N != r.Map.N || !c.steps[j].join(sum) {
				continue
			}
			gone := func(s *step) bool { return s == sum }
			p.steps, c.steps = slices.DeleteFunc(p.steps, gone), slices.DeleteFunc(c.steps, gone)
			i--
			break
		}
	}
}

// readsOf reports a step that reads a result of another.
func (s *step) readsOf(other *step) bool {
	return slices.ContainsFunc(s.ins, func(n *Node) bool { return slices.Contains(other.outs, n) })
}

// columnBuilder makes clusters of columns.
type columnBuilder struct {
	plan  *Plan
	fuser *fuser
	of    map[*step]*cluster
	rank  map[*step]int
}

// grow is the cluster around a sum over rows.
func (b *columnBuilder) grow(seed *step) *cluster {
	c := columnsOf(seed.op.(kernels.Reduce).C, b.fuser.stepVaries(seed), []*step{seed})
	b.of[seed] = c
	for grown := true; grown; {
		grown = false
		for _, s := range b.plan.steps {
			if b.of[s] != nil || b.fuser.stepVaries(s) != c.varies || !c.touches(s) {
				continue
			}
			steps := append(slices.Clone(c.steps), s)
			slices.SortFunc(steps, func(x, y *step) int { return b.rank[x] - b.rank[y] })
			larger := columnsOf(c.columns, c.varies, steps)
			if larger == nil || b.apart(c, s) {
				continue
			}
			for _, t := range steps {
				b.of[t] = larger
			}
			c, grown = larger, true
		}
	}
	return c
}

// apart reports that something else has to be computed between a cluster and a step, in either order.
func (b *columnBuilder) apart(c *cluster, s *step) bool {
	if c.between([]*step{s}, b.of) {
		return true
	}
	alone := &cluster{steps: []*step{s}}
	b.of[s] = alone
	defer delete(b.of, s)
	return alone.between(c.steps, b.of)
}

// columnsOf is a cluster of some steps in order; nil where one does not work on its columns, or reads a result of another column.
func columnsOf(columns int, varies bool, steps []*step) *cluster {
	c := newCluster(0, varies)
	c.columns = columns
	along := make(map[*Node]bool) // sums along rows
	for _, s := range steps {
		m, ok := kernels.InColumns(s.op, columns)
		if !ok {
			return nil
		}
		for k, x := range s.ins {
			if c.made[x] && (along[x] || !m.Access[k].InColumn(columns)) {
				return nil
			}
		}
		if r, sum := s.op.(kernels.Reduce); sum && r.C != columns {
			along[s.outs[0]] = true
		}
		c.add(s, m, 0)
	}
	return c
}

// touches reports a step that reads a result of a cluster, or a matrix that this reads too.
func (c *cluster) touches(s *step) bool {
	return slices.ContainsFunc(s.ins, func(x *Node) bool { return c.made[x] || c.ins[x] && Size(x) > c.columns })
}

// passes reports a cluster that reads a matrix again once it knows sums over its rows, or one with rows that are too long for a cluster of rows: several steps
// would read it from memory.
func (c *cluster) passes() bool {
	sums, seen := make(map[*Node]bool), make(map[*Node]bool)
	for _, s := range c.steps {
		follows, again := c.columns > longestRow, false
		for _, x := range s.ins {
			follows = follows || sums[x]
			again = again || seen[x]
			seen[x] = seen[x] || Size(x) > c.columns
		}
		if follows && again {
			return true
		}
		for _, n := range s.outs {
			sums[n] = Size(n) == c.columns
		}
	}
	return false
}
