package graph

// Kronecker is the gradients of a weight seen as sums of outer products, g_n = Σ_t d_nt a_ntᵀ [out,in] over the positions t at
// which the weight is applied: what approximations of Σ by Kronecker products are made of (Martens and Grosse 2015; for
// convolutions Grosse and Martens 2016).
type Kronecker struct{ factors outer }

// Kronecker is that of the k-th parameter, which must be the weight of linear layers or of one convolution [o,c,kh,kw], seen
// as [o,c·kh·kw].
func (p *PerExample) Kronecker(k int) Kronecker {
	factor := p.factors[k]
	if view, ok := factor.(seen); ok {
		factor = view.factor
	}
	switch f := factor.(type) {
	case outer:
		return Kronecker{f}
	case convolved:
		return Kronecker{f.outer()}
	}
	misuse("parameter %d is no weight whose gradient is a sum of outer products", k)
	return Kronecker{}
}

// Positions is the number of applications to an example.
func (k Kronecker) Positions() int {
	_, t, _, _ := k.factors.sizes()
	return t
}

// InputMoment is Σ_nt a_nt a_ntᵀ, [in,in].
func (k Kronecker) InputMoment() *Node {
	a, _ := k.factors.rows()
	return MatMulT(a, a, true, false)
}

// OutputMoment is Σ_nt d_nt d_ntᵀ, [out,out].
func (k Kronecker) OutputMoment() *Node {
	_, d := k.factors.rows()
	return MatMulT(d, d, true, false)
}

// OutputSum is Σ_nt d_nt, [out].
func (k Kronecker) OutputSum() *Node {
	_, d := k.factors.rows()
	return Sum(d, 0)
}

// Squares is Σ_n (Oᵀ g_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes, [out,in].
func (k Kronecker) Squares(in, out *Node) *Node {
	n, t, wide, high := k.factors.sizes()
	a, d := k.factors.rows()
	return outer{Reshape(MatMul(a, in), n, t, wide), Reshape(MatMul(d, out), n, t, high)}.squares()
}
