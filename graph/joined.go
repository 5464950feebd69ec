package graph

import (
	"fmt"
	"slices"
	"strings"

	"drift/kernels"
)

// joinProducts lets a matrix product, and a convolution, go on with its result, where a chain of its own would read and write it again: with a bias, an
// activation, and on the way back the activation's derivative and the sums of the bias's gradient. The steps must be connected.
func (p *Plan) joinProducts(f *fuser) {
	j := joiner{fuser: f, plan: p, producer: p.producers(), readers: make(map[*Node][]*step), gone: make(map[*step]bool), sums: make(map[*step]*step), formulas: make(formulas)}
	for _, s := range p.steps {
		for _, n := range s.ins {
			j.readers[n] = append(j.readers[n], s)
		}
	}
	for _, s := range p.steps {
		for k := range s.ins {
			if j.gelu(s, k) || j.join(s, k) || j.convolve(s, k) {
				break
			}
		}
	}
	var steps []*step
	for _, s := range p.steps {
		if !j.gone[s] {
			steps = append(steps, s)
		}
		if sum := j.sums[s]; sum != nil {
			steps = append(steps, sum)
		}
	}
	p.steps = steps
}

// joiner finds chains that products can go on with.
type joiner struct {
	*fuser
	plan     *Plan
	producer map[*Node]*step
	readers  map[*Node][]*step
	gone     map[*step]bool  // products that go on
	sums     map[*step]*step // sums of columns that come behind a product
	formulas
}

// made is the product whose result is input k of a chain and is read by no other steps than these.
func (j *joiner) made(s *step, k int, readers ...*step) (g *step, ok bool) {
	if g = j.maker(s, k, readers); g == nil || !g.foldable() {
		return nil, false
	}
	gemm := g.op.(kernels.Gemm)
	return g, gemm.Batch == 1 && gemm.K > 0
}

// maker is the step whose result is input k of a chain and is read by no other steps than these, or nil.
func (j *joiner) maker(s *step, k int, readers []*step) *step {
	z := s.ins[k]
	g := j.producer[z]
	if m, chain := kernels.ChainOf(s.op); !chain || !m.Access[k].Full() || g == nil || j.gone[g] || j.kept[z] || !j.onlyBy(z, readers) || j.stepVaries(g) != j.stepVaries(s) {
		return nil
	}
	return g
}

// convolve lets the convolution that makes input k of a chain go on with it.
func (j *joiner) convolve(s *step, k int) bool {
	g := j.maker(s, k, []*step{s})
	if g == nil || len(s.ins) > 2 || g.partial {
		return false
	}
	conv, ok := g.op.(kernels.Conv)
	if !ok || conv.PerExample || conv.N == 0 {
		return false
	}
	names := j.names(s, map[*Node]string{s.ins[k]: "z"})
	for _, p := range []kernels.Convolved{{Bias: true}, {Activation: kernels.ReLU}, {Bias: true, Activation: kernels.ReLU}} {
		p.Conv = conv
		own := []string{"z"}
		if chain := p.Chain(); p.Bias {
			own = append(own, fmt.Sprint(chain.Access[1]))
		}
		if j.of(p.Chain(), own) == j.of(s.op, names) {
			j.follow(g, s, p, s.outs, slices.Delete(slices.Clone(s.ins), k, k+1))
			return true
		}
	}
	return false
}

// onlyBy reports a value that no other steps than these read.
func (j *joiner) onlyBy(n *Node, steps []*step) bool {
	return !slices.ContainsFunc(j.readers[n], func(s *step) bool { return !slices.Contains(steps, s) })
}

// join lets the product that makes input k of a chain go on with it.
func (j *joiner) join(s *step, k int) bool {
	g, ok := j.made(s, k, s)
	if !ok || len(s.ins) > 2 {
		return false
	}
	rest := slices.Delete(slices.Clone(s.ins), k, k+1)
	names := j.names(s, map[*Node]string{s.ins[k]: "z"})
	gemm := g.op.(kernels.Gemm)
	for _, p := range []kernels.Product{
		{Bias: true}, {Activation: kernels.ReLU}, {Bias: true, Activation: kernels.ReLU}, {Activation: kernels.GELUTanh}, {Bias: true, Activation: kernels.GELUTanh},
		{Activation: kernels.ReLU, Gradient: true}, {Activation: kernels.ReLU, Gradient: true, Sums: true},
	} {
		p.Gemm = gemm
		own := []string{"z", "x"}
		if p.Bias {
			own[1] = row(p.Gemm)
		}
		if j.of(p.Chain(), own) == j.of(s.op, names) {
			j.replace(g, s, p, s.outs, rest)
			return true
		}
	}
	return false
}

// replace makes a product that goes on of one and the chain behind it.
// Where results are stored as bfloat16 its sums of columns, which are not, remain a
// step of their own: cublasLt makes them in the type of the result.
func (j *joiner) replace(g, s *step, p kernels.Product, outs, rest []*Node) {
	if p.Sums && j.plan.storesNarrow() {
		p.Sums = false
		n := p.M * p.N
		copied := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
		j.sums[s] = &step{nodes: s.nodes, ins: outs[1:], outs: outs[:1], op: kernels.Reduce{A: 1, B: p.M, C: p.N, Map: copied}}
		outs = outs[1:]
	}
	j.follow(g, s, p, outs, rest)
}

// follow puts one primitive in the place of a step and of the chain behind it, of which rest are the other inputs.
func (j *joiner) follow(g, s *step, p kernels.Primitive, outs, rest []*Node) {
	s.op, s.fused, s.outs = p, false, outs
	s.nodes, s.ins = slices.Concat(g.nodes, s.nodes), slices.Concat(g.ins, rest)
	j.gone[g] = true
}

// gelu does it with GELU by tanh, and with its derivative further on: what they share, the tangent for one, is computed again rather than kept,
// and all that stays in memory is what GELU was applied to.
func (j *joiner) gelu(s *step, k int) bool {
	m, isMap := s.op.(kernels.Map)
	if !isMap || len(s.ins) > 2 {
		return false
	}
	back := j.reader(s)
	if back == nil {
		return false
	}
	g, ok := j.made(s, k, s, back)
	if !ok {
		return false
	}
	forward := kernels.Product{Gemm: g.op.(kernels.Gemm), Activation: kernels.GELUTanh, Bias: len(s.ins) == 2}
	names := j.names(s, map[*Node]string{s.ins[k]: "z"})
	values := j.values(m, names)
	wanted := j.values(forward.Chain().(kernels.Map), []string{"z", row(forward.Gemm)})
	y := slices.IndexFunc(m.Results, func(r uint8) bool { return values[r] == wanted[len(wanted)-1] })
	u := j.argument(s, k, forward)
	if y < 0 || u == nil {
		return false
	}
	inside := "z"
	if forward.Bias {
		inside = wanted[2] // z + b
	}
	shared := map[*Node]string{s.ins[k]: "z"}
	for r, n := range s.outs {
		if r == y {
			continue
		}
		if n != u && (j.kept[n] || !j.onlyBy(n, []*step{back})) {
			return false
		}
		shared[n] = values[m.Results[r]]
	}
	out := s.outs[y]
	if !j.geluGradient(back, shared, inside, u) {
		return false
	}
	forward.Keep = true
	j.replace(g, s, forward, []*Node{out, u}, slices.Delete(slices.Clone(s.ins), k, k+1))
	return true
}

// reader is a chain that reads what another makes: the way back.
func (j *joiner) reader(s *step) *step {
	for _, n := range s.outs {
		for _, t := range j.readers[n] {
			if _, chain := kernels.ChainOf(t.op); chain {
				return t
			}
		}
	}
	return nil
}

// argument is the node that GELU is applied to: z, or z with a bias added.
func (j *joiner) argument(s *step, k int, p kernels.Product) *Node {
	if !p.Bias {
		return s.ins[k]
	}
	for _, n := range j.order {
		e, ok := familyOf(n).(elementwise)
		if in := sources(n); ok && e.fn == kernels.FnAdd && slices.Contains(in, s.ins[k]) && slices.ContainsFunc(in, func(x *Node) bool {
			_, repeated := familyOf(x).(broadcast)
			return repeated && sources(x)[0] == s.ins[1-k]
		}) {
			return n
		}
	}
	return nil
}

// geluGradient lets the product that comes back go on with the derivative at u, if that is what the chain makes of it.
func (j *joiner) geluGradient(back *step, shared map[*Node]string, inside string, u *Node) bool {
	for k, n := range back.ins {
		g, ok := j.made(back, k, back)
		if !ok || shared[n] != "" {
			continue
		}
		known := map[*Node]string{n: "g"}
		for other, name := range shared {
			known[other] = name
		}
		p := kernels.Product{Gemm: g.op.(kernels.Gemm), Activation: kernels.GELUTanh, Gradient: true}
		_, p.Sums = back.op.(kernels.Reduce)
		if j.of(p.Chain(), []string{"g", inside}) == j.of(back.op, j.names(back, known)) {
			j.replace(g, back, p, back.outs, []*Node{u})
			return true
		}
	}
	return false
}

// names are those of a chain's inputs: that which it is known by, the row that is repeated, or x.
func (j *joiner) names(s *step, known map[*Node]string) []string {
	m, _ := kernels.ChainOf(s.op)
	var list []string
	for k, n := range s.ins {
		switch name := known[n]; {
		case name != "" && m.Access[k].Full():
			list = append(list, name)
		case m.Access[k].Full():
			list = append(list, "x")
		default:
			list = append(list, fmt.Sprint(m.Access[k]))
		}
	}
	return list
}

// row is the name of a bias.
func row(g kernels.Gemm) string { return fmt.Sprint(kernels.Access{B: g.M, C: g.N}) }

// formulas numbers what values are computed by, so that equal numbers mean equal computations of the same inputs: in any order of instructions,
// terms and factors.
type formulas map[string]string

// values are the numbers of a chain's values, whose inputs have names.
func (f formulas) values(m kernels.Map, names []string) []string {
	values := slices.Clone(names[:len(m.Access)])
	for _, i := range m.Code {
		terms := []string{values[i.X], values[i.Y]}[:i.Fn.Arity()]
		if i.Fn == kernels.FnAdd || i.Fn == kernels.FnMul {
			slices.Sort(terms)
		}
		text := fmt.Sprintf("%v(%s;%g)", i.Fn, strings.Join(terms, ","), i.Imm)
		if f[text] == "" {
			f[text] = fmt.Sprint("#", len(f))
		}
		values = append(values, f[text])
	}
	return values
}

// of is what a primitive computes.
func (f formulas) of(op kernels.Primitive, names []string) string {
	m, _ := kernels.ChainOf(op)
	text := fmt.Sprint(m.N)
	if r, ok := op.(kernels.Reduce); ok {
		text = fmt.Sprint(r.A, r.B, r.C, r.Max)
	}
	values := f.values(m, names)
	for _, r := range m.Results {
		text += " " + values[r]
	}
	return text
}
