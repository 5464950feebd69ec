package graph

import (
	"container/heap"
	"slices"

	"drift/kernels"
)

// connect lets every step run after those that compute what it reads or adds to.
func (p *Plan) connect() {
	producer, begun := p.producers(), make(map[*Node]*step)
	for _, s := range p.steps {
		s.before, s.after = nil, nil
	}
	for _, s := range p.steps {
		for _, n := range s.outs {
			if earlier := begun[n]; earlier != nil {
				s.follow(earlier)
			}
			begun[n] = s
		}
	}
	for _, s := range p.steps {
		for _, n := range s.ins {
			if from := producer[n]; from != nil {
				s.follow(from)
			}
		}
	}
}

// producers is the step that completes each value.
func (p *Plan) producers() map[*Node]*step {
	all := make(map[*Node]*step)
	for _, s := range p.steps {
		for _, n := range s.outs {
			if !s.partial {
				all[n] = s
			}
		}
	}
	return all
}

// follow makes s run after an earlier step.
func (s *step) follow(earlier *step) {
	if s.before == nil {
		s.before = make(map[*step]bool)
	}
	if s != earlier && !s.before[earlier] {
		s.before[earlier] = true
		earlier.after = append(earlier.after, s)
	}
}

// leadsTo reports whether t must run after s.
func (s *step) leadsTo(t *step) bool {
	seen := map[*step]bool{s: true}
	stack := []*step{s}
	for len(stack) > 0 {
		u := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, v := range u.after {
			if v == t {
				return true
			}
			if !seen[v] {
				seen[v] = true
				stack = append(stack, v)
			}
		}
	}
	return false
}

// house decides which results are computed right in the buffer of an updated leaf or a bound output. The others are copied there, those that last
// from run to run too: a run that leaves their computation out copies them all the same.
func (p *Plan) house(bound map[*Node]bool, f *fuser) {
	producer, readers, sums := p.producers(), make(map[*Node][]*step), make(map[*Node]bool)
	for _, s := range p.steps {
		for _, n := range s.ins {
			readers[n] = append(readers[n], s)
		}
		if s.partial {
			sums[s.outs[0]] = true
		}
	}
	for _, o := range p.outputs {
		r := root(p.results[o])
		switch {
		case p.home[r] == nil && bound[o] && (f.varying == nil || f.varying[r]):
			p.home[r] = o
		case bound[o] && p.home[r] != o:
			p.addCopy(r, o, producer[r])
		}
	}
	for _, u := range p.updates {
		r := root(p.results[u.Leaf])
		s := producer[r]
		if p.home[r] == u.Leaf {
			continue // added to in place
		}
		if p.home[r] != nil || f.varying != nil && !f.varying[r] || sums[r] && len(readers[u.Leaf]) > 0 || !s.mayReplace(r, u.Leaf, readers[u.Leaf]) {
			s = p.addCopy(r, u.Leaf, s)
		} else {
			p.home[r] = u.Leaf
		}
		for _, reader := range readers[u.Leaf] {
			s.follow(reader)
		}
	}
}

// mayReplace reports whether s can compute one of its results in the buffer of a leaf: nothing reads the leaf later, and s itself only index by index.
func (s *step) mayReplace(value, leaf *Node, readers []*step) bool {
	for _, r := range readers {
		if r == s && !s.mayCover(value, leaf) || r != s && s.leadsTo(r) {
			return false
		}
	}
	return true
}

// mayCover reports whether s can write a result over a value that it reads: it reads that index by index, as it writes its results.
func (s *step) mayCover(result, value *Node) bool {
	switch s.op.(type) {
	case kernels.Map, kernels.Reduce, kernels.Columnwise:
	default:
		return false
	}
	out := slices.Index(s.outs, result)
	for k, in := range s.ins {
		if in == value && !kernels.Over(s.op, out, k) {
			return false
		}
	}
	return true
}

// addCopy appends a step that copies the value of a root into the buffer of an output or leaf.
func (p *Plan) addCopy(r, to *Node, producer *step) *step {
	n := Size(r)
	s := &step{nodes: []*Node{to}, ins: []*Node{r}, copyTo: to, fused: true, op: kernels.Map{N: n,
		Access: []kernels.Access{{B: 1, C: 1}}, Code: []kernels.Instr{{Fn: kernels.FnCopy}}, Results: []uint8{1}}}
	s.follow(producer)
	p.steps = append(p.steps, s)
	return s
}

// schedule orders the steps: by the age of their nodes, which puts each gradient right behind the sweep that passes it, but
// sums and other kernels that shrink their operands as soon as they can run, and so what makes single numbers, such as 1/N and ‖m‖²:
// sums wait for what comes with these. Programs of columns run as early too, while the cache may still hold the matrix that they write over.
func (p *Plan) schedule() {
	p.hasten()
	waiting := make(map[*step]int)
	ready := &stepQueue{}
	for _, s := range p.steps {
		if waiting[s] = len(s.before); waiting[s] == 0 {
			heap.Push(ready, s)
		}
	}
	order := make([]*step, 0, len(p.steps))
	for ready.Len() > 0 {
		s := heap.Pop(ready).(*step)
		order = append(order, s)
		for _, next := range s.after {
			if waiting[next]--; waiting[next] == 0 {
				heap.Push(ready, next)
			}
		}
	}
	if len(order) != len(p.steps) {
		panic("graph: internal error: kernels wait for each other")
	}
	p.steps = order
}

// hasten lets what reads the matrix of a program of columns run as soon as it can, while the cache may still hold it, where all that comes of it takes no
// more memory: the matrix, such as the deviations of per-example gradients, is then gone before the next one is made.
func (p *Plan) hasten() {
	readers := make(map[*Node][]*step)
	for _, s := range p.steps {
		s.early = false
		for _, n := range s.ins {
			readers[n] = append(readers[n], s)
		}
	}
	for _, s := range p.steps {
		if _, columns := s.op.(kernels.Columnwise); !columns {
			continue
		}
		for _, n := range s.outs {
			made := 0
			for _, r := range readers[n] {
				for _, m := range r.outs {
					made += Size(m)
				}
			}
			for _, r := range readers[n] {
				r.early = r.early || made <= Size(n)
			}
		}
	}
}

// stepQueue is a heap of steps that can run.
type stepQueue []*step

func (q stepQueue) Len() int           { return len(q) }
func (q stepQueue) Less(i, j int) bool { return q[i].priority() < q[j].priority() }
func (q stepQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *stepQueue) Push(s any)        { *q = append(*q, s.(*step)) }
func (q *stepQueue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	*q = (*q)[:last]
	return s
}

func (s *step) priority() int64 {
	if len(s.ins) > 0 && len(s.outs) == 1 && Size(s.outs[0])*8 <= Size(s.ins[0]) {
		return -1
	}
	if len(s.outs) > 0 && Size(s.outs[0]) == 1 {
		return -1
	}
	if _, columns := s.op.(kernels.Columnwise); columns || s.early {
		return -1
	}
	newest := slices.MinFunc(s.nodes, newestFirst)
	return newest.ID()
}
