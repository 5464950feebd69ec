package graph

import "slices"

// PerExample is the gradients g_n of every example's loss in the parameters, in factored form: as pairs of what entered each
// application of a parameter and the adjoint of what came out. All its results are expressions, cheap compared with
// the N×P matrix that they speak of, and can be differentiated once more. (Goodfellow 2015 for linear layers; Rochette, Manoel,
// Tramel 2019 for convolutions.)
type PerExample struct {
	n       int
	factors []factor // one for each parameter
}

// factor is the per-example gradients of one parameter.
type factor interface {
	squaredNorms() *Node   // ‖g_n‖² [n]
	gram() *Node           // g_n·g_k [n,n]
	dot(v *Node) *Node     // ⟨g_n, v⟩ [n]
	combine(c *Node) *Node // Σ_n c_n g_n, in the parameter's shape
	squares() *Node        // Σ_n g_n² elementwise, in the parameter's shape
	materialize() *Node    // g_n [n,p]
	nodes() []*Node        // what it is made of
	on(n []*Node) factor   // the same made of other nodes
}

// NewPerExample derives the per-example gradients of a loss [n] in the parameters from their recorded uses. Every use of
// a parameter must be recorded, and examples must not influence each other's losses.
func NewPerExample(loss *Node, params []*Node, uses *Uses) *PerExample {
	if loss.Dims() != 1 {
		misuse("per-example gradients: the loss has shape %v, want one value an example", loss.Shape())
	}
	checkRecorded(loss, params, uses)
	outputs := make([]*Node, len(uses.list))
	for k, u := range uses.list {
		outputs[k] = u.output
	}
	adjoints := Grad([]*Node{loss}, []*Node{nil}, outputs)
	p := &PerExample{n: loss.Shape()[0]}
	for _, param := range params {
		var parts []factor
		for k, u := range uses.list {
			if u.param == param && adjoints[k] != nil {
				parts = append(parts, u.factor(p.n, adjoints[k]))
			}
		}
		p.factors = append(p.factors, together(p.n, param, parts))
	}
	return p
}

// checkRecorded refuses parameters that reach the loss by another way than a recorded use.
func checkRecorded(loss *Node, params []*Node, uses *Uses) {
	for _, n := range reach([]*Node{loss}, inputsOf) {
		for _, in := range inputsOf(n) {
			if _, constant := isFill(n); constant || !slices.Contains(params, in) {
				continue
			}
			if !slices.ContainsFunc(uses.list, func(u use) bool { return u.param == in && u.via == n }) {
				misuse("per-example gradients: parameter %s enters %v, which was not recorded", in.Name(), n.Op())
			}
		}
	}
}

// factor is the per-example gradient that a single use contributes, given the adjoint of its output.
func (u use) factor(n int, adjoint *Node) factor {
	switch u.kind {
	case useLinear:
		t := u.input.Shape()[0] / n
		return outer{Reshape(u.input, n, t, u.input.Shape()[1]), Reshape(adjoint, n, t, adjoint.Shape()[1])}
	case useConv:
		return convolved{u.geometry(), u.input, adjoint}
	}
	adjoint = Reshape(adjoint, u.shape...)
	if u.kind == useScale {
		return direct{perChannel(Mul(adjoint, u.input), u.axis), u.param.Shape()}
	}
	return direct{perChannel(adjoint, u.axis), u.param.Shape()}
}

// perChannel adds up everything but the first axis and the given one: [n,…,c,…] → [n,c].
func perChannel(x *Node, axis int) *Node {
	n := x.Shape()[0]
	a, c, b := around(x.Shape(), axis)
	x = summed(x, sum{a * c, b, 1, dimsOf(a, c)})
	return summed(x, sum{n, a / n, c, dimsOf(n, c)})
}

// together adds up the uses of a shared parameter: g_n is their sum, so cross terms count in every statistic.
func together(n int, param *Node, parts []factor) factor {
	switch len(parts) {
	case 0:
		return direct{filled(param, 0, dimsOf(n, Size(param))), param.Shape()}
	case 1:
		return parts[0]
	}
	var inputs, adjoints []*Node
	for _, p := range parts {
		if o, ok := p.(outer); ok {
			inputs, adjoints = append(inputs, o.a), append(adjoints, o.d)
		}
	}
	if len(inputs) == len(parts) { // a sum of outer products is one over more positions
		return outer{Concat(1, inputs...), Concat(1, adjoints...)}
	}
	e := parts[0].materialize()
	for _, p := range parts[1:] {
		e = Add(e, p.materialize())
	}
	return direct{e, param.Shape()}
}

// Examples is the number of examples N.
func (p *PerExample) Examples() int { return p.n }

// SquaredNorms is ‖g_n‖² of every example, [n].
func (p *PerExample) SquaredNorms() *Node { return p.total(factor.squaredNorms) }

// Gram is the matrix of inner products g_n·g_k, [n,n].
func (p *PerExample) Gram() *Node { return p.total(factor.gram) }

func (p *PerExample) total(part func(factor) *Node) *Node {
	whole := part(p.factors[0])
	for _, f := range p.factors[1:] {
		whole = Add(whole, part(f))
	}
	return whole
}

// Dot is ⟨g_n, v⟩ of every example, [n], for a vector v given in the shapes of the parameters.
func (p *PerExample) Dot(v []*Node) *Node {
	whole := p.factors[0].dot(v[0])
	for k, f := range p.factors[1:] {
		whole = Add(whole, f.dot(v[k+1]))
	}
	return whole
}

// Combine is Σ_n c_n g_n for coefficients [n], in the shapes of the parameters.
func (p *PerExample) Combine(c *Node) []*Node {
	return p.each(func(f factor) *Node { return f.combine(c) })
}

// combineWithNorms is Combine next to SquaredNorms: gradients that the norms form are added up rather than computed another time.
func (p *PerExample) combineWithNorms(c *Node) []*Node {
	return p.each(func(f factor) *Node {
		if g, ok := f.(former); ok && g.forms() {
			return Sum(weighted(g.formed(), c), 0)
		}
		return f.combine(c)
	})
}

// Squares is Σ_n g_n², elementwise, in the shapes of the parameters.
func (p *PerExample) Squares() []*Node { return p.each(factor.squares) }

// Sum is Σ_n g_n, in the shapes of the parameters: the gradient of the summed loss.
func (p *PerExample) Sum() []*Node {
	return p.each(func(f factor) *Node { return f.combine(nil) })
}

func (p *PerExample) each(part func(factor) *Node) []*Node {
	all := make([]*Node, len(p.factors))
	for k, f := range p.factors {
		all[k] = part(f)
	}
	return all
}

// Materialize is the gradients themselves, one [n,p_k] for each parameter of p_k elements. It takes the N×P memory that all
// other results avoid.
func (p *PerExample) Materialize() []*Node { return p.each(factor.materialize) }

// Nodes is what the gradients are made of: what enters the layers, and the adjoints of what leaves them.
func (p *PerExample) Nodes() []*Node {
	var all []*Node
	for _, f := range p.factors {
		for _, n := range f.nodes() {
			if n = root(n); !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

// On is the same gradients made of other nodes, one in the shape of each of Nodes: leaves of another graph, for example, that
// hold what a program computed before.
func (p *PerExample) On(nodes []*Node) *PerExample {
	own := p.Nodes()
	q := &PerExample{n: p.n}
	for _, f := range p.factors {
		var of []*Node
		for _, n := range f.nodes() {
			of = append(of, Reshape(nodes[slices.Index(own, root(n))], n.Shape()...))
		}
		q.factors = append(q.factors, f.on(of))
	}
	return q
}
