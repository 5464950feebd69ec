package graph

// Kronecker is the gradients of a weight seen as sums of outer products, g_n = Σ_t d_nt a_ntᵀ [out,in] over the positions t at
// which the weight is applied: what approximations of Σ by Kronecker products are made of (Martens and Grosse 2015; for
// convolutions Grosse and Martens 2016).
type Kronecker struct {
	a, d      *Node // with a row for each position: [·,in], [·,out]
	positions int   // of an example
	groups    int   // rows of a for one of d
}

// Kronecker is that of the k-th parameter, where it is the weight of linear layers, of one convolution [o,c,kh,kw], seen as
// [o,c·kh·kw], or of an embedding, whose rows are what leaves. The groups of a convolution share one factor for what enters, the mean
// over them. ok is false for all others.
func (p *PerExample) Kronecker(k int) (of Kronecker, ok bool) {
	factor := p.factors[k]
	if view, ok := factor.(seen); ok {
		factor = view.factor
	}
	switch f := factor.(type) {
	case outer:
		return f.kronecker(), true
	case gathered:
		return f.outer().kronecker(), true
	case convolved:
		return f.kronecker(), true
	}
	return of, false
}

func (f outer) kronecker() Kronecker {
	_, t, _, _ := f.sizes()
	a, d := f.rows()
	return Kronecker{a, d, t, 1}
}

func (f convolved) kronecker() Kronecker {
	g := f.geometry
	t, apart := g.OutH()*g.OutW(), g.Apart()
	u := apply(im2col{Window: apart.Window}, Reshape(f.x, apart.N, apart.C, g.H, g.W))
	d := Transpose(Reshape(f.d, g.N, g.O, t), 0, 2, 1)
	return Kronecker{Reshape(u, apart.N*t, apart.C*g.KH*g.KW), Reshape(d, g.N*t, g.O), t, g.Parts()}
}

// Positions is the number of applications to an example.
func (k Kronecker) Positions() int { return k.positions }

// InputMoment is Σ_nt a_nt a_ntᵀ, [in,in].
func (k Kronecker) InputMoment() *Node {
	moment := MatMulT(k.a, k.a, true, false)
	if k.groups == 1 {
		return moment
	}
	return Scale(moment, 1/float64(k.groups))
}

// Grouped reports the groups of a convolution, each of which has inputs of its own.
func (k Kronecker) Grouped() bool { return k.groups > 1 }

// Homogeneous is the same with 1 behind what enters: the gradients of a weight and of its bias in one matrix, [out,in+1].
func (k Kronecker) Homogeneous() Kronecker {
	k.a = Concat(1, k.a, Full(k.a, 1, k.a.Shape()[0], 1))
	return k
}

// RotatedSquares is Σ_n (Oᵀ g_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes: [out,in]. Groups are misuse.
func (k Kronecker) RotatedSquares(in, out *Node) *Node {
	if k.Grouped() {
		misuse("rotated squares: a convolution in %d groups", k.groups)
	}
	n := k.d.Shape()[0] / k.positions
	rotated := func(x, basis *Node) *Node { return Reshape(MatMul(x, basis), n, k.positions, basis.Shape()[1]) }
	return outer{rotated(k.a, in), rotated(k.d, out)}.squares()
}

// OutputMean is the mean of d_nt over examples and positions, [out].
func (k Kronecker) OutputMean() *Node {
	return Hold(Mean(k.d, 0))
}

// OutputMoment is Σ_nt (d_nt − s)(d_nt − s)ᵀ, [out,out], and Σ_nt (d_nt − s), [out].
func (k Kronecker) OutputMoment(s *Node) (moment, sum *Node) {
	d := Sub(k.d, overExamples(s, k.d.Shape()[0]))
	return MatMulT(d, d, true, false), Sum(d, 0)
}

// RotatedSquares is Σ_n (Oᵀ r_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes of the k-th parameter, which
// must be one that Kronecker takes: [out,in].
func (d *Deviations) RotatedSquares(k int, in, out *Node) *Node {
	squares := rotatedSquares(d.factors[k], in, out)
	if squares == nil {
		misuse("parameter %d is no weight whose gradient is a sum of outer products", k)
	}
	return squares
}

// rotatedSquares does it for the gradients of a weight, and gives nil for those of other parameters.
func rotatedSquares(of factor, in, out *Node) *Node {
	if view, ok := of.(seen); ok {
		of = view.factor
	}
	switch f := of.(type) {
	case apart:
		return f.rotated(in, out).squares()
	case convolvedApart:
		return f.outer().rotated(in, out).squares()
	case gathered:
		n, t, width := f.sizes()
		o := f.outer()
		a, d := o.rows()
		return outer{Reshape(MatMul(a, in), n, t, width), Reshape(MatMul(d, out), n, t, f.table)}.squares()
	case direct:
		n, wide, high := f.e.Shape()[0], in.Shape()[0], out.Shape()[0]
		r := Reshape(MatMul(Reshape(f.e, n*high, wide), in), n, high, wide)
		r = MatMul(Reshape(Transpose(r, 0, 2, 1), n*wide, high), out)
		return Transpose(Reshape(Sum(Square(Reshape(r, n, wide*high)), 0), wide, high))
	}
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
