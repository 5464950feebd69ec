package graph

import (
	"slices"

	"drift/kernels"
)

// absorb puts what a cluster computes anew into the first chain that reads it, which gives it to the others as a further result.
func (c *cluster) absorb() {
	for _, own := range c.derived {
		at := slices.Index(c.steps, own) + 1
		for at < len(c.steps) && !c.steps[at].readsOf(own) {
			at++
		}
		if at == len(c.steps) {
			continue
		}
		if into := c.steps[at]; into.take(own, c.steps[at+1:]) {
			c.steps = slices.DeleteFunc(c.steps, func(s *step) bool { return s == own })
		}
	}
}

// take lets a chain compute what another one does, and store what later steps read of it; false where they are too long together.
func (s *step) take(own *step, later []*step) bool {
	j, first, second, ok := combine(own, s)
	if !ok {
		return false
	}
	j.m.Results = second
	for k, n := range own.outs {
		if slices.ContainsFunc(later, func(t *step) bool { return slices.Contains(t.ins, n) }) {
			s.outs, j.m.Results = append(s.outs, n), append(j.m.Results, first[k])
		}
	}
	s.ins, s.op = j.ins, withChain(s.op, j.m)
	return true
}

// join lets a chain compute what a sum does over the same indices, which it reads nothing of: it becomes a sum that stores its results besides. False where
// they are too long together.
func (s *step) join(sum *step) bool {
	j, first, second, ok := combine(sum, s)
	if !ok {
		return false
	}
	j.m.Results = slices.Concat(first, second)
	s.nodes, s.outs = slices.Concat(sum.nodes, s.nodes), slices.Concat(sum.outs, s.outs)
	s.ins, s.op, s.fused = j.ins, withChain(sum.op, j.m), false
	return true
}

// combine is two chains as one, in which the second may read results of the first, and their results there; ok is false where they are too long together.
func combine(a, b *step) (j combined, first, second []uint8, ok bool) {
	x, _ := kernels.ChainOf(a.op)
	y, _ := kernels.ChainOf(b.op)
	j = combined{m: kernels.Map{N: y.N}}
	j.operands(a.ins, x.Access, nil)
	j.operands(b.ins, y.Access, a.outs)
	if len(j.ins)+len(x.Code)+len(y.Code) > mostDerivedChain {
		return j, nil, nil, false
	}
	j.m.Access = j.access
	first = results(j.code(a.ins, x, nil), x)
	made := make(map[*Node]uint8)
	for k, n := range a.outs {
		made[n] = first[k]
	}
	return j, first, results(j.code(b.ins, y, made), y), true
}

// results is those of a chain with other values.
func results(values []uint8, m kernels.Map) (list []uint8) {
	for _, r := range m.Results {
		list = append(list, values[r])
	}
	return list
}

// combined is a chain that two others are put into.
type combined struct {
	ins    []*Node
	access []kernels.Access
	m      kernels.Map
}

// operands adds those that are not there yet, without those that are made.
func (j *combined) operands(ins []*Node, access []kernels.Access, made []*Node) {
	for k, n := range ins {
		if !slices.Contains(made, n) && j.at(n, access[k]) < 0 {
			j.ins, j.access = append(j.ins, n), append(j.access, access[k])
		}
	}
}

// at is the number of an operand, −1 where it is not there.
func (j *combined) at(n *Node, a kernels.Access) int {
	for k := range j.ins {
		if j.ins[k] == n && j.access[k] == a {
			return k
		}
	}
	return -1
}

// code adds the instructions of a chain, each once, and gives its values.
func (j *combined) code(ins []*Node, m kernels.Map, made map[*Node]uint8) (values []uint8) {
	for k, n := range ins {
		v, there := made[n]
		if !there {
			v = uint8(j.at(n, m.Access[k]))
		}
		values = append(values, v)
	}
	for _, i := range m.Code {
		same := kernels.Instr{Fn: i.Fn, Imm: i.Imm}
		if i.Fn.Arity() > 0 {
			same.X = values[i.X]
		}
		if i.Fn.Arity() > 1 {
			same.Y = values[i.Y]
		}
		at := slices.Index(j.m.Code, same)
		if at < 0 {
			at = len(j.m.Code)
			j.m.Code = append(j.m.Code, same)
		}
		values = append(values, uint8(len(j.ins)+at))
	}
	return values
}

// prune takes from clusters what nothing reads any more.
func (d *deriver) prune(all []*cluster) {
	kept := make(map[*step]bool)
	for _, c := range all {
		for _, s := range c.steps {
			kept[s] = true
		}
	}
	gone := func(s *step) bool { return d.of[s] != nil && !kept[s] }
	for changed := true; changed; {
		d.plan.steps = slices.DeleteFunc(d.plan.steps, gone)
		d.findReaders()
		changed = false
		for _, s := range d.plan.steps {
			if d.of[s] != nil && s.drop(func(n *Node) bool { return len(d.readers[n]) > 0 || d.fuser.kept[n] }) {
				changed, kept[s] = true, len(s.outs) > 0
			}
		}
	}
	for _, c := range all {
		c.steps = slices.DeleteFunc(c.steps, gone)
	}
}

// drop takes from a chain the results that are not wanted, but for its sum, and reports that there were some.
func (s *step) drop(wanted func(*Node) bool) (some bool) {
	m, _ := kernels.ChainOf(s.op)
	_, sum := s.op.(kernels.Reduce)
	var outs []*Node
	var results []uint8
	for k, n := range s.outs {
		if sum && k == 0 || wanted(n) {
			outs, results = append(outs, n), append(results, m.Results[k])
		}
	}
	some = len(outs) < len(s.outs)
	m.Results = results
	s.outs, s.op = outs, withChain(s.op, m)
	return some
}

// withChain is a chain or sum of one with another chain in its place.
func withChain(op kernels.Primitive, m kernels.Map) kernels.Primitive {
	if r, sum := op.(kernels.Reduce); sum {
		r.Map = m
		return r
	}
	return m
}
