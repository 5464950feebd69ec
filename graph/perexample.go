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

// NewPerExample derives the per-example gradients of a loss [n] in the parameters from where these meet the examples: matrix products,
// convolutions, look-ups in a table and repeats over the batch, to which factored forms belong. What is made of parameters
// before it meets the examples is followed back by copies, one an example; those take N times its memory. A loss in which examples
// influence each other is refused.
func NewPerExample(loss *Node, params []*Node) *PerExample {
	if loss.Dims() != 1 {
		misuse("per-example gradients: the loss has shape %v, want one value an example", loss.Shape())
	}
	e := follow(loss, params)
	uses := e.uses()
	parts := e.factors(loss, uses)
	if e.n == 1 && len(uses) == 0 { // the loss depends on nothing but parameters
		for k, g := range Grad([]*Node{loss}, []*Node{nil}, params) {
			if g != nil {
				parts[params[k]] = []factor{direct{Reshape(g, 1, Size(g)), params[k].Shape()}}
			}
		}
	}
	p := &PerExample{n: e.n}
	for _, param := range params {
		p.factors = append(p.factors, together(p.n, param, parts[param]))
	}
	return p
}

// factors is what the uses contribute to each parameter.
func (e *expression) factors(loss *Node, uses []use) map[*Node][]factor {
	made := make([]*Node, len(uses))
	for k, u := range uses {
		made[k] = u.at
	}
	all := make(map[*Node][]factor)
	var operands, gradients []*Node
	for k, adjoint := range Grad([]*Node{loss}, []*Node{nil}, made) {
		if adjoint == nil {
			continue
		}
		f, operand := uses[k].factor(adjoint), uses[k].operand()
		if param, own, ok := e.rearranged(f, operand); ok {
			all[param] = append(all[param], own)
			continue
		}
		operands = append(operands, operand)
		gradients = append(gradients, Reshape(f.materialize(), append([]int{e.n}, operand.Shape()...)...))
	}
	if len(operands) > 0 {
		e.pull(operands, gradients, all)
	}
	return all
}

// pull carries gradients [n,…] of what is made of parameters back to these, through a copy of them for each example.
func (e *expression) pull(operands, gradients []*Node, all map[*Node][]factor) {
	var params []*Node
	for _, n := range e.order {
		if e.params[n] {
			params = append(params, n)
		}
	}
	for k, g := range e.pulled(operands, gradients, params) {
		if p := params[k]; g != nil {
			all[p] = append(all[p], direct{Reshape(g, e.n, Size(p)), p.Shape()})
		}
	}
}

func (e *expression) pulled(operands, gradients, params []*Node) []*Node {
	outputs, wrt := slices.Clone(operands), slices.Clone(params)
	if e.n == 1 { // a copy would be a reshape, which other nodes do without
		for k, o := range operands {
			gradients[k] = Reshape(gradients[k], o.Shape()...)
		}
		return Grad(outputs, gradients, wrt)
	}
	copies := e.copies(slices.Concat(operands, params))
	for k, o := range operands {
		outputs[k] = copies[o]
	}
	for k, p := range params {
		wrt[k] = copies[p]
	}
	return Grad(outputs, gradients, wrt)
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
		if table, ok := p.(gathered); ok {
			p = table.outer()
		}
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
