package graph

import (
	"slices"

	"drift/kernels"
)

// absorb puts what a cluster computes anew into the first chain that reads it, which gives it to the others as a further result.
func (c *cluster) absorb() {
	for _, own := range c.derived {
		at := slices.Index(c.steps, own) + 1
		for at < len(c.steps) && !slices.ContainsFunc(c.steps[at].ins, func(n *Node) bool { return slices.Contains(own.outs, n) }) {
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
	first, _ := kernels.ChainOf(own.op)
	second, _ := kernels.ChainOf(s.op)
	j := combined{m: kernels.Map{N: second.N}}
	j.operands(own.ins, first.Access, nil)
	j.operands(s.ins, second.Access, own.outs)
	if len(j.ins)+len(first.Code)+len(second.Code) > mostDerivedChain {
		return false
	}
	j.m.Access = j.access
	values := j.code(own.ins, first, nil)
	made := make(map[*Node]uint8)
	for k, n := range own.outs {
		made[n] = values[first.Results[k]]
	}
	values = j.code(s.ins, second, made)
	for _, r := range second.Results {
		j.m.Results = append(j.m.Results, values[r])
	}
	for _, n := range own.outs {
		if slices.ContainsFunc(later, func(t *step) bool { return slices.Contains(t.ins, n) }) {
			s.outs, j.m.Results = append(s.outs, n), append(j.m.Results, made[n])
		}
	}
	s.ins, s.op = j.ins, withChain(s.op, j.m)
	return true
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
