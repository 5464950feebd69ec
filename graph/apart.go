package graph

// apart is outer products less that of the means: r_n = Σ_t (δ_nt a_ntᵀ + d̄_t α_ntᵀ), with α = a − ā and δ = d − d̄.
type apart struct {
	a, alpha, delta *Node // [n,t,in], [n,t,in], [n,t,out]
	meanA, meanD    *Node // ā [t,in], d̄ [t,out]
}

func (f apart) sizes() (n, t, in, out int) { return outer{f.a, f.delta}.sizes() }

// parts is r_n as two sums of outer products.
func (f apart) parts() (first, second outer) {
	return outer{f.a, f.delta}, outer{f.alpha, overExamples(f.meanD, f.a.Shape()[0])}
}

func (f apart) squaredNorms() *Node {
	first, second := f.parts()
	if _, t, _, _ := f.sizes(); t == 1 {
		inner := Mul(SumTail(Mul(f.a, f.alpha)), SumTail(Mul(f.delta, second.d)))
		return Add(Add(first.squaredNorms(), Scale(inner, 2)), f.steady(SumTail(Square(f.alpha))))
	}
	inner := SumTail(Mul(MatMulT(f.a, f.alpha, false, true), MatMulT(f.delta, second.d, false, true)))
	return Add(Add(first.squaredNorms(), Scale(inner, 2)), second.squaredNorms())
}

// steady multiplies by ‖d̄‖².
func (f apart) steady(x *Node) *Node {
	return Mul(x, BroadcastScalar(SumAll(Square(f.meanD)), x.Shape()...))
}

// gram writes all products of a and α by those of α among each other, so that the number of matrix products is the same as without means:
//
//	r_n·r_k = (δ_n·δ_k)(α_n·α_k + s_n + s_k + ‖ā‖²) + (α_n·α_k)(u_n + u_k + ‖d̄‖²) + u_n s_k + u_k s_n,  s = ā·α, u = d̄·δ.
func (f apart) gram() *Node {
	n, t, in, out := f.sizes()
	if t > 1 {
		return gramOf(f.materialize())
	}
	alpha, delta := Reshape(f.alpha, n, in), Reshape(f.delta, n, out)
	s := SumTail(Mul(alpha, overExamples(Flatten(f.meanA), n)))
	u := SumTail(Mul(delta, overExamples(Flatten(f.meanD), n)))
	plus := func(x, mean *Node) *Node { return Add(x, BroadcastScalar(SumAll(Square(mean)), n)) }
	row, column := func(x *Node) *Node { return BroadcastTail(x, n, n) }, func(x *Node) *Node { return Broadcast(x, 0, n) }
	k := gramOf(alpha)
	mixed := Add(k, column(s)) // a_n·α_k
	whole := Mul(gramOf(delta), Add(mixed, row(plus(s, f.meanA))))
	return Add(Add(whole, Mul(k, column(plus(u, f.meanD)))), Add(Mul(row(u), mixed), Mul(row(s), column(u))))
}

func (f apart) dot(v *Node) *Node {
	n, t, in, _ := f.sizes()
	back := MatMul(f.meanD, v) // [t,in]
	return Add(outer{f.a, f.delta}.dot(v), SumTail(Reshape(Mul(f.alpha, overExamples(back, n)), n, t*in)))
}

// combine keeps Σ_n c_n α_n, which rounding leaves over even where all c_n are 1: what is taken from r̄ must be taken from what it is a
// mean of.
func (f apart) combine(c *Node) *Node {
	_, t, in, out := f.sizes()
	first, steady := outer{f.a, f.delta}.combine(c), Sum(weighted(f.alpha, c), 0)
	if t == 1 { // by index and index, which fuses with what is added
		return Add(first, Mul(BroadcastTail(Flatten(f.meanD), out, in), Broadcast(Flatten(steady), 0, out)))
	}
	return Add(first, MatMulT(f.meanD, steady, true, false))
}

// squares multiplies (δ_i a_j + d̄_i α_j)² out for one position.
func (f apart) squares() *Node {
	n, t, in, out := f.sizes()
	if t > 1 {
		return Sum(Square(f.formed()), 0)
	}
	a, alpha, delta, d := Reshape(f.a, n, in), Reshape(f.alpha, n, in), Reshape(f.delta, n, out), Flatten(f.meanD)
	whole := MatMulT(Square(delta), Square(a), true, false)
	cross := Mul(BroadcastTail(d, out, in), MatMulT(delta, Mul(a, alpha), true, false))
	steady := Mul(BroadcastTail(Square(d), out, in), Broadcast(Sum(Square(alpha), 0), 0, out))
	return Add(Add(whole, Scale(cross, 2)), steady)
}

// formed is r_n as matrices, [n,out,in].
func (f apart) formed() *Node {
	first, second := f.parts()
	return Add(first.formed(), second.formed())
}

func (f apart) materialize() *Node {
	n, _, in, out := f.sizes()
	return Reshape(f.formed(), n, out*in)
}

// along is ⟨r_n, d̄ āᵀ⟩ = (δ_n·d̄)(a_n·ā) + ‖d̄‖² (α_n·ā), [n].
func (f apart) along() *Node {
	n, t, _, _ := f.sizes()
	if t > 1 {
		return f.dot(MatMulT(f.meanD, f.meanA, true, false))
	}
	a, d := overExamples(f.meanA, n), overExamples(f.meanD, n)
	return Add(Mul(SumTail(Mul(f.delta, d)), SumTail(Mul(f.a, a))), f.steady(SumTail(Mul(f.alpha, a))))
}

func (f apart) nodes() []*Node { return []*Node{f.a, f.alpha, f.delta, f.meanA, f.meanD} }
func (f apart) on(n []*Node) factor {
	return apart{n[0], n[1], n[2], n[3], n[4]}
}
