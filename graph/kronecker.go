package graph

import "slices"

// Kronecker is the gradients of a weight seen as sums of outer products, g_n = Σ_t d_nt a_ntᵀ [out,in] over the positions t at
// which the weight is applied: what approximations of Σ by Kronecker products are made of (Martens and Grosse 2015; for
// convolutions Grosse and Martens 2016).
//
// A convolution in groups is one for each of them: what follows has the groups as its first axis, and in and out are those of a group.
type Kronecker struct {
	a, d      *Node // with a row for each position: [·,in], [·,out]
	positions int   // of an example
	groups    int
}

// Kronecker is that of the k-th parameter, where it is the weight of linear layers, of one convolution [o,c,kh,kw], seen as
// [o,c·kh·kw], or of an embedding, whose rows are what leaves. ok is false for all others.
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
	g, groups := f.geometry, f.geometry.Parts()
	t, apart := g.OutH()*g.OutW(), g.Apart()
	u := apply(im2col{Window: apart.Window}, Reshape(f.x, apart.N, apart.C, g.H, g.W))
	if groups == 1 {
		d := Transpose(Reshape(f.d, g.N, g.O, t), 0, 2, 1)
		return Kronecker{Reshape(u, g.N*t, apart.C*g.KH*g.KW), Reshape(d, g.N*t, g.O), t, 1}
	}
	u = Transpose(Reshape(u, g.N, groups, t, apart.C*g.KH*g.KW), 1, 0, 2, 3)
	d := Transpose(Reshape(f.d, g.N, groups, apart.O, t), 1, 0, 3, 2)
	return Kronecker{Reshape(u, groups, g.N*t, apart.C*g.KH*g.KW), Reshape(d, groups, g.N*t, apart.O), t, groups}
}

// Positions is the number of applications to an example.
func (k Kronecker) Positions() int { return k.positions }

// Groups is the number of groups of a convolution, and else 1.
func (k Kronecker) Groups() int { return k.groups }

// InputMoment is Σ_nt a_nt a_ntᵀ, [in,in].
func (k Kronecker) InputMoment() *Node { return MatMulT(k.a, k.a, true, false) }

// Homogeneous is the same with 1 behind what enters: the gradients of a weight and of its bias in one matrix, [out,in+1].
func (k Kronecker) Homogeneous() Kronecker {
	ones := k.a.Shape().Clone()
	axis := len(ones) - 1
	ones[axis] = 1
	k.a = Concat(axis, k.a, Full(k.a, 1, ones...))
	return k
}

// RotatedSquares is Σ_n (Oᵀ g_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes: [out,in].
func (k Kronecker) RotatedSquares(in, out *Node) *Node {
	n := k.rows() / k.positions
	if k.groups > 1 {
		apart := func(x *Node, width int) *Node { return Reshape(x, k.groups*n, k.positions, width) }
		wide, high := k.a.Shape()[2], k.d.Shape()[2]
		formed := MatMulT(apart(k.d, high), apart(k.a, wide), true, false)
		return formedSquares(Reshape(formed, k.groups, n, high, wide), in, out)
	}
	rotated := func(x, basis *Node) *Node { return Reshape(MatMul(x, basis), n, k.positions, basis.Shape()[1]) }
	return outer{rotated(k.a, in), rotated(k.d, out)}.squares()
}

// rows is the number of positions of all examples, and positionAxis where they lie.
func (k Kronecker) rows() int         { return k.d.Shape()[k.positionAxis()] }
func (k Kronecker) positionAxis() int { return k.d.Dims() - 2 }

// OutputMean is the mean of d_nt over examples and positions, [out].
func (k Kronecker) OutputMean() *Node { return Hold(Mean(k.d, k.positionAxis())) }

// OutputMoment is Σ_nt (d_nt − s)(d_nt − s)ᵀ, [out,out], and Σ_nt (d_nt − s), [out].
func (k Kronecker) OutputMoment(s *Node) (moment, sum *Node) {
	d := Sub(k.d, Broadcast(s, k.positionAxis(), k.rows()))
	return MatMulT(d, d, true, false), Sum(d, k.positionAxis())
}

// RotatedSquares is Σ_n (Oᵀ r_n I)², elementwise, for bases I [in,in] and O [out,out] of the two axes of the k-th parameter, which
// must be one that Kronecker takes: [out,in], and with groups as its results.
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
		n, wide, high := f.e.Shape()[0], in.Shape()[in.Dims()-1], out.Shape()[out.Dims()-1]
		if in.Dims() == 2 {
			return formedSquares(Reshape(f.e, n, high, wide), in, out)
		}
		return formedSquares(Transpose(Reshape(f.e, n, in.Shape()[0], high, wide), 1, 0, 2, 3), in, out)
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

// formedSquares is Σ_n (Oᵀ g_n I)², elementwise, of matrices [n,out,in]; of [groups,n,out,in] with bases of each group.
func formedSquares(g, in, out *Node) *Node {
	shape := g.Shape()
	k := len(shape) - 3 // 1 with groups
	n, high, wide := shape[k], shape[k+1], shape[k+2]
	as := func(x *Node, tail ...int) *Node { return Reshape(x, slices.Concat([]int(shape[:k]), tail)...) }
	turned := func(x *Node) *Node { // its last two axes
		perm := make([]int, x.Dims())
		for i := range perm {
			perm[i] = i
		}
		slices.Reverse(perm[len(perm)-2:])
		return Transpose(x, perm...)
	}
	r := turned(as(MatMul(as(g, n*high, wide), in), n, high, wide))
	r = MatMul(as(r, n*wide, high), out)
	return turned(as(Sum(Square(as(r, n, wide*high)), k), wide, high))
}
