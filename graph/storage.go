package graph

import (
	"slices"

	"drift/kernels"
)

// Storage says what a plan keeps in another type than it computes in (kernels.Storing): numbers of single examples, which are activations and
// their adjoints, and for products a copy of the parameters. Everything that is the same for all examples or is a sum stays as it is: parameters,
// gradients, statistics, losses, and what the caller's buffers hold.
type Storage struct {
	Type     kernels.DType // BFloat16; any other stores nothing in another way
	Examples []*Node       // leaves that differ from example to example, or values that stand for them
}

// role is what a value is to the examples of a batch.
type role uint8

const (
	common     role = iota // to all examples the same: parameters, and sums over examples
	statistic              // sums within an example, and what is made of such sums alone
	individual             // numbers of an example
)

// roles are those of values, found as they are asked for.
type roles map[*Node]role

func (r roles) of(n *Node) role {
	if known, ok := r[n]; ok {
		return known
	}
	found := common
	in := inputsOf(n)
	if _, constant := isFill(n); constant {
		in = nil
	}
	for _, x := range in {
		found = max(found, r.of(x))
	}
	if found > common {
		found = r.made(n, found)
	}
	r[n] = found
	return found
}

// made is the role of a value whose inputs have this one at most.
func (r roles) made(n *Node, most role) role {
	in := inputsOf(n)
	switch f := familyOf(n).(type) {
	case sum:
		if f.a == 1 { // the first axis is that of the examples
			return common
		}
		return statistic
	case matmul:
		if n.Dims() == 2 && r.of(in[0]) > common && r.of(in[1]) > common {
			switch {
			case f.transA && !f.transB: // rows are examples, or positions in them
				return common
			case !f.transA && f.transB: // inner products of rows
				return statistic
			}
		}
		return most
	case conv:
		if f.kind == convWeight && !f.PerExample {
			return common
		}
		return most
	case scatter:
		return common
	case crossEntropy, correct, pick:
		return statistic
	case softmax, gather, place:
		return individual
	}
	return most
}

// store decides what is stored in another type, and has products read copies of factors that are not.
func (p *Plan) store(f *fuser) {
	p.narrow = make(map[*Node]bool)
	r := make(roles)
	for _, n := range p.storage.Examples {
		r[root(n)] = individual
	}
	for n := range p.narrowable(r) {
		p.narrow[n] = true
	}
	p.copyOperands(r, f)
}

// narrowable is the values that may be stored in another type: those of single examples that every step which makes or reads them can take so.
func (p *Plan) narrowable(r roles) map[*Node]bool {
	able := make(map[*Node]bool)
	for _, s := range p.steps {
		for k, n := range s.outs {
			_, seen := able[n]
			able[n] = !seen && !s.partial && s.copyTo == nil && p.home[n] == nil && DTypeOf(n) == kernels.Float32 &&
				kernels.Narrows(s.op, true, k) && r.of(n) == individual
		}
	}
	for _, s := range p.steps {
		for k, n := range s.ins {
			able[n] = able[n] && kernels.Narrows(s.op, false, k)
		}
	}
	for _, o := range p.outputs {
		able[root(p.results[o])] = false
	}
	p.alike(able)
	for n, is := range able {
		if !is {
			delete(able, n)
		}
	}
	return able
}

// alike takes from what may be stored in another type the values that a step wants stored as others are that may not (kernels.Alike), and tables
// whose rows may not. What is copied to where it is read (copied) asks nothing of others.
func (p *Plan) alike(able map[*Node]bool) {
	for changed := true; changed; {
		changed = false
		refuse := func(n *Node) {
			changed = changed || able[n]
			able[n] = false
		}
		for _, s := range p.steps {
			group := s.storedAlike()
			if slices.ContainsFunc(group, func(n *Node) bool { return !able[n] }) {
				for _, n := range group {
					refuse(n)
				}
			}
			if _, looks := s.op.(kernels.Gather); looks && !able[s.outs[0]] {
				refuse(s.ins[0])
			}
		}
	}
}

// storedAlike is the values that a step wants stored alike.
func (s *step) storedAlike() (group []*Node) {
	for _, o := range kernels.Alike(s.op) {
		switch {
		case o.Output:
			group = append(group, s.outs[o.K])
		case o.K == 0 || o.K != s.bias():
			group = append(group, s.ins[o.K])
		}
	}
	return group
}

// bias is the number of the input of a product that is one; 0 where there is none.
func (s *step) bias() int {
	if p, ok := s.op.(kernels.Product); ok && p.Bias {
		return 2
	}
	return 0
}

// copied is the inputs of a step that are read as copies where they are not stored in the type: the factors of a product with one of single
// examples, and the bias of one whose result is stored so.
func (p *Plan) copied(s *step, r roles) (list []int) {
	if !kernels.Factors(s.op) || DTypeOf(s.ins[0]) != kernels.Float32 {
		return nil
	}
	if r.of(s.ins[0]) == individual || r.of(s.ins[1]) == individual {
		list = append(list, 0, 1)
	}
	if b := s.bias(); b > 0 && p.narrow[s.outs[0]] {
		list = append(list, b)
	}
	return list
}

// copyOperands makes those copies, each once: those of leaves, parameters say, all together before anything else, others before the first step that
// reads them.
func (p *Plan) copyOperands(r roles, f *fuser) {
	copies := make(map[*Node]*Node)
	var steps, leaves, varying []*step
	for _, s := range p.steps {
		if list := p.copied(s, r); len(list) > 0 {
			s.ins = slices.Clone(s.ins)
			for _, k := range list {
				n := s.ins[k]
				if p.narrow[n] {
					continue
				}
				if copies[n] == nil {
					to := placeholder(n)
					copies[n], p.narrow[to] = to, true
					p.made(to)
					one := &step{nodes: []*Node{to}, ins: []*Node{n}, outs: []*Node{to}, fused: true, op: kernels.Map{N: Size(n),
						Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}}
					switch leaf := inputsOf(n) == nil && !p.again[n]; {
					case leaf && f.varying[n]:
						varying = append(varying, one)
					case leaf:
						leaves = append(leaves, one)
					default:
						steps = append(steps, one)
					}
				}
				s.ins[k] = copies[n]
			}
		}
		steps = append(steps, s)
	}
	p.steps = slices.Concat(inOneStep(leaves), inOneStep(varying), steps)
}

// inOneStep is copies as one step.
func inOneStep(copies []*step) []*step {
	if len(copies) < 2 {
		return copies
	}
	all, op := new(step), kernels.Copies{}
	for _, s := range copies {
		all.nodes, all.ins, all.outs = append(all.nodes, s.nodes...), append(all.ins, s.ins...), append(all.outs, s.outs...)
		op.N = append(op.N, Size(s.outs[0]))
	}
	all.op = op
	return []*step{all}
}

// made notes a value that the expression does not name.
func (p *Plan) made(n *Node) {
	if p.again == nil {
		p.again = make(map[*Node]bool)
	}
	p.again[n] = true
}

// storesNarrow reports a plan that stores numbers of examples in another type than it computes in.
func (p *Plan) storesNarrow() bool {
	return p.storage.Type == kernels.BFloat16 && p.dtype == kernels.Float32
}

// room is the elements of the arena that a value takes.
func (p *Plan) room(n *Node) int {
	if p.narrow[n] {
		return (Size(n) + 1) / 2
	}
	return Size(n)
}

// bytesOf is the size of a value in memory.
func (p *Plan) bytesOf(n *Node) int {
	if p.narrow[n] {
		return Size(n) * p.storage.Type.Size()
	}
	return Size(n) * DTypeOf(n).Size()
}
