package graph

import (
	"fmt"
	"math"
	"slices"

	"drift/kernels"
)

// lossRows takes cross entropy, the softmax of the same logits and the gradient that is made of it for one kernel that reads the logits once: it
// writes them as maps and sums of rows, which clusters then joins,
//
//	m = max_c z_c,  s = Σ_c e^(z_c−m),  softmax = e^(z−m)/s,  t_c = −∞·(|c − y| − ½),  z_y = max_c min(z_c, t_c),
//	loss = ln s + (m − z_y) + 0·√(min(y, C−1−y))
//
// and 1 at class y, 0 elsewhere, is where t_c > 0. The last term is NaN where y is none of C classes. Classes are whole numbers below 2²⁴ there, which
// float32 has exactly. It does so for any number of rows, so that the bits of a row are those of its logits in a chunk of any size. The steps must be connected, and are again afterwards.
func (p *Plan) lossRows(f *fuser) {
	l := lossSteps{plan: p, fuser: f, among: make(map[*step]bool), put: make(map[*step][]*step)}
	for _, s := range p.steps {
		if c, ok := s.op.(kernels.CrossEntropy); ok && c.Rows > 0 && c.Cols > 0 && c.Cols <= longestRow {
			l.spread(s, c)
		}
	}
	if len(l.put) == 0 {
		return
	}
	var steps []*step
	for _, s := range p.steps {
		if list, spread := l.put[s]; spread {
			steps = append(steps, list...)
		} else {
			steps = append(steps, s)
		}
	}
	p.steps = steps
	p.connect()
	p.schedule()
	p.clusters(f, 1, func(s *step) bool { return l.among[s] })
	p.connect()
}

// lossSteps is what is put in the place of steps.
type lossSteps struct {
	*fuser
	plan  *Plan
	among map[*step]bool // steps that may be joined
	put   map[*step][]*step
}

// lossParts are values of one loss, and the accesses of its chains.
type lossParts struct {
	kernels.CrossEntropy
	z, y, class, columns *Node // logits, class as index and as number, numbers of columns
	full, row, column    kernels.Access
}

// spread writes a cross entropy and the softmax that there is of its logits.
func (l *lossSteps) spread(s *step, c kernels.CrossEntropy) {
	z, loss := s.ins[0], s.outs[0]
	is := kernels.Softmax{Rows: c.Rows, Cols: c.Cols}
	k := slices.IndexFunc(l.plan.steps, func(t *step) bool { return t.op == kernels.Primitive(is) && t.ins[0] == z })
	if k < 0 {
		return
	}
	a := lossParts{CrossEntropy: c, z: z, y: s.ins[1], class: l.value(loss, c.Rows), columns: l.plan.columnsOf(loss, c.Cols),
		full: kernels.Access{B: 1, C: 1}, row: kernels.Access{B: c.Cols, C: 1}, column: kernels.Access{B: c.Rows, C: c.Cols}}
	largest, sum := l.softmax(l.plan.steps[k], a)
	l.loss(s, a, largest, sum)
	l.places(a, l.plan.steps[k].outs[0])
}

// softmax writes it, and gives each row's largest logit and sum of exponentials.
func (l *lossSteps) softmax(s *step, a lossParts) (largest, sum *Node) {
	row := func() *Node { return l.value(s.outs[0], a.Rows) }
	inverse, e := row(), l.value(s.outs[0], a.Rows, a.Cols)
	largest, sum = row(), row()
	logits := a.chain(a.full)
	logits.Results = []uint8{0}
	powers := a.chain(a.full, a.row)
	power := powers.Then(kernels.FnExp, powers.Then(kernels.FnSub, 0, 1, 0), 0, 0)
	powers.Results = []uint8{power, power}
	over := kernels.Map{N: a.Rows, Access: []kernels.Access{a.full}}
	over.Results = []uint8{over.Then(kernels.FnRecip, 0, 0, 0)}
	quotients := a.chain(a.full, a.row)
	quotients.Results = []uint8{quotients.Then(kernels.FnMul, 0, 1, 0)}
	l.put[s] = []*step{
		l.step(s, a.sums(logits, true), []*Node{largest}, a.z),
		l.step(s, a.sums(powers, false), []*Node{sum, e}, a.z, largest),
		l.step(s, over, []*Node{inverse}, sum),
		l.step(s, quotients, s.outs, e, inverse),
	}
	return largest, sum
}

// loss writes the cross entropy.
func (l *lossSteps) loss(s *step, a lossParts, largest, sum *Node) {
	own := l.value(s.outs[0], a.Rows)
	owns := a.chain(a.row, a.column, a.full)
	owns.Results = []uint8{owns.Then(kernels.FnMin, 2, atClass(&owns, 0, 1), 0)}
	m := kernels.Map{N: a.Rows, Access: []kernels.Access{a.full, a.full, a.full, a.full}}
	loss := m.Then(kernels.FnAdd, m.Then(kernels.FnLog, 0, 0, 0), m.Then(kernels.FnSub, 1, 2, 0), 0)
	behind := m.Then(kernels.FnAddConst, m.Then(kernels.FnScale, 3, 0, -1), 0, float64(a.Cols-1))
	known := m.Then(kernels.FnScale, m.Then(kernels.FnSqrt, m.Then(kernels.FnMin, 3, behind, 0), 0, 0), 0, 0)
	m.Results = []uint8{m.Then(kernels.FnAdd, loss, known, 0)}
	l.put[s] = []*step{
		{nodes: s.nodes, ins: []*Node{a.y}, outs: []*Node{a.class}, op: kernels.Number{N: a.Rows}},
		l.step(s, a.sums(owns, true), []*Node{own}, a.class, a.columns, a.z),
		l.step(s, m, s.outs, sum, largest, own, a.class),
	}
}

// atClass is ∞ at the class and −∞ elsewhere.
func atClass(m *kernels.Map, class, column uint8) uint8 {
	return m.Then(kernels.FnScale, m.Then(kernels.FnAddConst, m.Then(kernels.FnAbs, m.Then(kernels.FnSub, column, class, 0), 0, 0), 0, -0.5), 0, math.Inf(-1))
}

// chain is one over the logits without instructions.
func (a lossParts) chain(access ...kernels.Access) kernels.Map {
	return kernels.Map{N: a.Rows * a.Cols, Access: access}
}

// sums is the sum of each row of a chain, or its largest element.
func (a lossParts) sums(m kernels.Map, largest bool) kernels.Reduce {
	return kernels.Reduce{A: a.Rows, B: a.Cols, C: 1, Max: largest, Map: m}
}

// places lets chains that read the softmax, and what a number for each row gives at its class, work that out themselves. Nothing needs it in memory
// where no other step reads it.
func (l *lossSteps) places(a lossParts, soft *Node) {
	for _, s := range l.plan.steps {
		if s.op != kernels.Primitive(kernels.Place(a.CrossEntropy)) || s.ins[1] != a.y {
			continue
		}
		needed := l.kept[s.outs[0]]
		for _, reader := range l.plan.steps {
			if k := slices.Index(reader.ins, s.outs[0]); k >= 0 && !(slices.Contains(reader.ins, soft) && l.reads(a, reader, k, s.ins[0])) {
				needed = true
			}
		}
		if !needed {
			l.put[s] = nil
		}
	}
}

// reads has a chain work out input k, what g gives at the classes. Of a sum of columns that stores what it adds up, the sum becomes a step behind what
// is stored.
func (l *lossSteps) reads(a lossParts, s *step, k int, g *Node) bool {
	m, ok := kernels.ChainOf(s.op)
	if !ok || len(l.put[s]) > 0 {
		return false
	}
	placed := a.chain(a.row, a.row, a.column)
	placed.Results = []uint8{placed.Then(kernels.FnMul, 0, placed.Then(kernels.FnStep, atClass(&placed, 1, 2), 0, 0), 0)}
	if m, ok = m.Substitute(k, placed); !ok {
		return false
	}
	ins := append(slices.Delete(slices.Clone(s.ins), k, k+1), g, a.class, a.columns)
	switch op := s.op.(type) {
	case kernels.Map:
		l.put[s] = []*step{l.step(s, m, s.outs, ins...)}
	case kernels.Reduce:
		if _, _, inRows := s.rowwise(); inRows {
			op.Map = m
			l.put[s] = []*step{l.step(s, op, s.outs, ins...)}
			break
		}
		if len(s.outs) != 2 || m.Results[0] != m.Results[1] {
			return false
		}
		m.Results = m.Results[1:]
		op.Map = a.chain(a.full)
		op.Map.Results = []uint8{0}
		l.put[s] = []*step{l.step(s, m, s.outs[1:], ins...), {nodes: s.nodes, ins: s.outs[1:], outs: s.outs[:1], op: op}}
	}
	return true
}

// step is one that may be joined with others.
func (l *lossSteps) step(from *step, op kernels.Primitive, outs []*Node, ins ...*Node) *step {
	_, isMap := op.(kernels.Map)
	s := &step{nodes: from.nodes, ins: ins, outs: outs, op: op, fused: isMap}
	l.among[s] = true
	return s
}

// value is one that the expression does not name.
func (l *lossSteps) value(like *Node, shape ...int) *Node {
	n := unnamed(like, shape...)
	l.plan.made(n)
	return n
}

// columnsOf is a leaf that holds the numbers 0 … n−1.
func (p *Plan) columnsOf(like *Node, n int) *Node {
	g, dt := like.Graph(), DTypeOf(like)
	name := fmt.Sprintf("columns 0 to %d of %v", n-1, dt)
	for _, leaf := range p.leaves {
		if leaf.Name() == name {
			return leaf
		}
	}
	var leaf *Node
	if known := g.ByName(name); len(known) > 0 {
		leaf = known[0]
	} else {
		values := make([]float64, n)
		for k := range values {
			values[k] = float64(k)
		}
		leaf = Constant(g, dt, name, values, n)
	}
	p.leaves = append(p.leaves, leaf)
	return leaf
}
