package graph

import (
	"slices"

	"drift/kernels"
)

// Rows that are worked on together are at most longestRow indices long, so that all operands of one fit a second-level cache, and there are
// enough of them to be shared out.
const (
	longestRow = 1 << 14
	fewestRows = 8
)

// cluster is chains and sums that work on the same rows, or on the same columns, in the order of their steps.
type cluster struct {
	steps   []*step
	rows    int // equal parts that each step's indices and results fall into
	columns int // of a cluster of columns, else 0
	longest int // indices of a step
	sums    bool
	varies  bool           // with what varies from run to run
	ins     map[*Node]bool // read from memory
	made    map[*Node]bool
	anew    map[*Node]*Node // by the values that it computes instead of reading them
	derived []*step         // that do so
}

// clusters joins chains and sums of rows that share operands or read each other's results row by row: these are read from memory once, and
// what passes between them never gets there. The steps must be in an order in which they can run, and connected.
func (p *Plan) clusters(f *fuser) {
	of := make(map[*step]*cluster)
	var all []*cluster
	for _, s := range p.steps {
		m, rows, ok := s.rowwise()
		if !ok {
			continue
		}
		var best *cluster
		most := 0
		for _, c := range all {
			if c.varies != f.stepVaries(s) {
				continue
			}
			if n := c.shared(s, m, gcd(c.rows, rows)); n > most && c.room(m, gcd(c.rows, rows)) && !c.between([]*step{s}, of) {
				best, most = c, n
			}
		}
		if best == nil {
			best = newCluster(rows, f.stepVaries(s))
			all = append(all, best)
		}
		of[s] = best
		best.add(s, m, gcd(best.rows, rows))
	}
	all = p.unite(all, of)
	p.derive(f, all)
	p.contract(f, all)
}

func newCluster(rows int, varies bool) *cluster {
	return &cluster{rows: rows, varies: varies, ins: make(map[*Node]bool), made: make(map[*Node]bool), anew: make(map[*Node]*Node)}
}

// rowwise is the chain of a step that works on rows, and how many of these there are at most.
func (s *step) rowwise() (m kernels.Map, rows int, ok bool) {
	m, ok = kernels.ChainOf(s.op)
	rows = m.N
	if r, sum := s.op.(kernels.Reduce); sum {
		rows, ok = r.A, r.C == 1
	}
	return m, rows, ok && m.N > 0
}

func (c *cluster) add(s *step, m kernels.Map, rows int) {
	c.steps, c.rows = append(c.steps, s), rows
	c.longest = max(c.longest, m.N)
	_, sum := s.op.(kernels.Reduce)
	c.sums = c.sums || sum
	for _, n := range s.ins {
		if !c.made[n] {
			c.ins[n] = true
		}
	}
	for _, n := range s.outs {
		c.made[n] = true
	}
}

// room reports that rows with a further chain are neither too long nor too few.
func (c *cluster) room(m kernels.Map, rows int) bool {
	return rows >= fewestRows && max(c.longest, m.N)/rows <= longestRow
}

// shared is the elements that a step need not read from memory if it joins: 0 where it must not, as it reads a result of another row.
func (c *cluster) shared(s *step, m kernels.Map, rows int) int {
	if c.crosses(s, m, rows) {
		return 0
	}
	n := 0
	for k, x := range s.ins {
		if c.made[x] || c.ins[x] && inRow(m, k, rows) {
			n += Size(x)
		}
	}
	return n
}

// crosses reports a step that reads what the cluster made of another row.
func (c *cluster) crosses(s *step, m kernels.Map, rows int) bool {
	for k, x := range s.ins {
		if c.made[x] && !inRow(m, k, rows) {
			return true
		}
	}
	return false
}

// inRow reports that each row of a chain reads a part of an input to itself.
func inRow(m kernels.Map, k, rows int) bool {
	return m.N%rows == 0 && m.Access[k].Within(m.N/rows)
}

// between reports a path from the cluster to steps that run as one, through steps that are in neither. Where the path enters another cluster, it may
// go on from any step of that one, because all of them will run as one.
func (c *cluster) between(to []*step, of map[*step]*cluster) bool {
	seen := make(map[*step]bool)
	var visit func(steps []*step, last bool) bool
	visit = func(steps []*step, last bool) bool {
		for _, s := range steps {
			seen[s] = true
		}
		for _, s := range steps {
			for t := range s.before {
				if of[t] == c {
					if !last {
						return true
					}
				} else if !seen[t] && visit(of[t].all(t), false) {
					return true
				}
			}
		}
		return false
	}
	return visit(to, true)
}

// all is the steps that run as one with a step: those of its cluster, if it is in one.
func (c *cluster) all(s *step) []*step {
	if c == nil {
		return []*step{s}
	}
	return c.steps
}

// contract puts one step in the place of each cluster.
func (p *Plan) contract(f *fuser, all []*cluster) {
	readers := make(map[*Node]map[*cluster]bool) // nil for steps of none
	of := make(map[*step]*cluster)
	for _, c := range all {
		if c.joins() {
			for _, s := range c.steps {
				of[s] = c
			}
		}
	}
	for _, s := range p.steps {
		for _, n := range s.ins {
			if readers[n] == nil {
				readers[n] = make(map[*cluster]bool)
			}
			readers[n][of[s]] = true
		}
	}
	var steps []*step
	for _, s := range p.steps {
		c := of[s]
		if c == nil {
			steps = append(steps, s)
		} else if s == c.steps[len(c.steps)-1] {
			steps = append(steps, c.step(func(n *Node) bool {
				return c.columns == 0 && !f.kept[n] && len(readers[n]) == 1 && readers[n][c]
			}))
		}
	}
	p.steps = steps
}

// step is the cluster as one, which keeps the values that are local to itself.
func (c *cluster) step(local func(*Node) bool) *step {
	all := new(step)
	var inside []*Node
	for _, s := range c.steps {
		all.nodes = append(all.nodes, s.nodes...)
		for _, n := range s.ins {
			if !c.made[n] && !slices.Contains(all.ins, n) {
				all.ins = append(all.ins, n)
			}
		}
		for _, n := range s.outs {
			if local(n) {
				inside = append(inside, n)
			} else {
				all.outs = append(all.outs, n)
			}
		}
	}
	values := slices.Concat(all.ins, all.outs, inside)
	numbers := func(nodes []*Node) (list []int) {
		for _, n := range nodes {
			list = append(list, slices.Index(values, n))
		}
		return list
	}
	var steps []kernels.Step
	for _, s := range c.steps {
		steps = append(steps, kernels.Step{Op: s.op, Out: numbers(s.outs), In: numbers(s.ins)})
	}
	if c.columns > 0 {
		all.op = kernels.Columnwise{Columns: c.columns, Out: sizes(all.outs), In: sizes(all.ins), Steps: steps}
	} else {
		all.op = kernels.Rowwise{Rows: c.rows, Out: sizes(all.outs), In: sizes(all.ins), Local: sizes(inside), Steps: steps}
	}
	return all
}

func sizes(nodes []*Node) (list []int) {
	for _, n := range nodes {
		list = append(list, Size(n))
	}
	return list
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
