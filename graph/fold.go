package graph

import (
	"slices"

	"drift/kernels"
)

// fold lets matrix products take over chains that only scale them and add them up: c = αab + βc costs no pass of its own. So
// the gradient of a weight that is used twice is accumulated by its second product, and a running sum over chunks by the first.
// The steps must be in an order in which they can run.
func (p *Plan) fold(f *fuser) {
	producer, rank := p.producers(), make(map[*step]int)
	for k, s := range p.steps {
		rank[s] = k
	}
	gone := make(map[*step]bool)
	for _, s := range p.steps {
		terms := s.linear()
		if terms == nil {
			continue
		}
		onto := p.accumulator(f, terms, s)
		var products []*step
		for n := range terms {
			if n != onto {
				products = append(products, producer[n])
			}
		}
		fixed := func(g *step) bool {
			return g == nil || !g.foldable() || f.kept[g.outs[0]] || len(f.users[g.outs[0]]) != 1 || f.stepVaries(g) != f.stepVaries(s)
		}
		if len(products) == 0 || slices.ContainsFunc(products, fixed) {
			continue
		}
		slices.SortFunc(products, func(x, y *step) int { return rank[x] - rank[y] })
		accumulate(s.outs[0], products, terms, onto != nil)
		if onto != nil {
			p.home[s.outs[0]] = onto
		}
		gone[s] = true
	}
	p.steps = slices.DeleteFunc(p.steps, func(s *step) bool { return gone[s] })
}

// findAdded finds sums of matrix products that nothing else reads, which fold then leaves to the last of them: a chain that goes on with the sum reads
// one operand and not two or more.
func (f *fuser) findAdded() {
	for _, n := range f.order {
		e, is := familyOf(n).(elementwise)
		if !is || e.fn != kernels.FnAdd || f.inline[n] {
			continue
		}
		in := sources(n)
		f.added[n] = in[0] != in[1] && !slices.ContainsFunc(in, func(x *Node) bool {
			_, product := familyOf(x).(matmul)
			return (!product || f.wholes[x] != nil) && !f.added[x] || f.kept[x] || len(f.users[x]) != 1 || f.varying[x] != f.varying[n]
		})
	}
}

// accumulate lets products add up to a sum of multiples of them, the first one to what is there already if it goes on.
func accumulate(sum *Node, products []*step, terms map[*Node]float64, on bool) {
	for k, g := range products {
		gemm := g.op.(kernels.Gemm)
		gemm.Alpha *= terms[g.outs[0]]
		if k > 0 || on {
			gemm.Beta = 1
		}
		g.op, g.outs, g.partial = gemm, []*Node{sum}, k < len(products)-1
	}
}

// foldable reports a matrix product that nothing was added to yet.
func (s *step) foldable() bool {
	g, ok := s.op.(kernels.Gemm)
	return ok && g.Beta == 0 && !s.partial
}

// linear is the coefficients of the operands of a chain that is a sum of multiples of them with one result, else nil.
func (s *step) linear() map[*Node]float64 {
	if !s.fused || len(s.outs) != 1 || s.outs[0] != s.nodes[len(s.nodes)-1] {
		return nil
	}
	forms := make(map[*Node]map[*Node]float64) // of the chain's own nodes, which are read once each
	form := func(n *Node) map[*Node]float64 {
		if own, ok := forms[n]; ok {
			return own
		}
		return map[*Node]float64{n: 1}
	}
	for _, n := range s.nodes {
		e, ok := familyOf(n).(elementwise)
		if !ok || slices.ContainsFunc(sources(n), free) {
			return nil
		}
		in, sum := sources(n), map[*Node]float64{}
		add := func(x *Node, c float64) {
			for k, v := range form(x) {
				sum[k] += c * v
			}
		}
		switch e.fn {
		case kernels.FnScale:
			add(in[0], e.imm)
		case kernels.FnAdd:
			add(in[0], 1)
			add(in[1], 1)
		case kernels.FnSub:
			add(in[0], 1)
			add(in[1], -1)
		default:
			return nil
		}
		forms[n] = sum
	}
	return forms[s.outs[0]]
}

// accumulator is the leaf that a linear chain adds to and replaces, if it alone reads that leaf.
func (p *Plan) accumulator(f *fuser, terms map[*Node]float64, s *step) *Node {
	for _, u := range p.updates {
		if root(p.results[u.Leaf]) == s.outs[0] && terms[u.Leaf] == 1 && len(f.users[u.Leaf]) == 1 && p.home[s.outs[0]] == nil {
			return u.Leaf
		}
	}
	return nil
}
