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

// OutputMean is the mean of d_nt over examples and positions, [out].
func (k Kronecker) OutputMean() *Node {
	_, d := k.factors.rows()
	return Hold(Mean(d, 0))
}

// OutputMoment is Σ_nt (d_nt − s)(d_nt − s)ᵀ, [out,out], and Σ_nt (d_nt − s), [out].
func (k Kronecker) OutputMoment(s *Node) (moment, sum *Node) {
	_, d := k.factors.rows()
	d = Sub(d, overExamples(s, d.Shape()[0]))
	return MatMulT(d, d, true, false), Sum(d, 0)
}

// RotatedSquares is Σ_n (Oᵀ r_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes of the k-th parameter, which
// must be one that Kronecker takes: [out,in].
func (d *Deviations) RotatedSquares(k int, in, out *Node) *Node {
	factor := d.factors[k]
	if view, ok := factor.(seen); ok {
		factor = view.factor
	}
	switch f := factor.(type) {
	case apart:
		return f.rotated(in, out).squares()
	case direct:
		n, wide, high := d.n, in.Shape()[0], out.Shape()[0]
		r := Reshape(MatMul(Reshape(f.e, n*high, wide), in), n, high, wide)
		r = MatMul(Reshape(Transpose(r, 0, 2, 1), n*wide, high), out)
		return Transpose(Reshape(Sum(Square(Reshape(r, n, wide*high)), 0), wide, high))
	}
	misuse("parameter %d is no weight whose gradient is a sum of outer products", k)
	return nil
}

// rotated is Oᵀ r_n I. a is made of what α and ā become: rotated by itself it would lose α to rounding.
func (f apart) rotated(in, out *Node) apart {
	n, t, wide, high := f.sizes()
	alpha := Reshape(MatMul(Reshape(f.alpha, n*t, wide), in), n, t, wide)
	delta := Reshape(MatMul(Reshape(f.delta, n*t, high), out), n, t, high)
	meanA, meanD := MatMul(f.meanA, in), MatMul(f.meanD, out)
	return apart{Add(alpha, overExamples(meanA, n)), alpha, delta, meanA, meanD}
}
