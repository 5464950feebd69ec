package graph

import (
	"gorgonia.org/tensor"

	"drift/kernels"
)

// weighted multiplies example n of x by c_n; nil coefficients are ones.
func weighted(x, c *Node) *Node {
	if c == nil {
		return x
	}
	return Mul(x, BroadcastTail(c, x.Shape()...))
}

// outer is a weight [out,in] applied at t positions of each example: g_n = Σ_t d_nt a_ntᵀ, with a [n,t,in] and d [n,t,out].
type outer struct{ a, d *Node }

func (f outer) sizes() (n, t, in, out int) {
	s := f.a.Shape()
	return s[0], s[1], s[2], f.d.Shape()[2]
}

// rows is both factors as matrices with one row for each position.
func (f outer) rows() (a, d *Node) {
	n, t, in, out := f.sizes()
	return Reshape(f.a, n*t, in), Reshape(f.d, n*t, out)
}

// squaredNorms is ‖a_n‖²‖d_n‖² for one position; for more, the norm of the formed gradient where that is small, else
// Σ_ts (a_t·a_s)(d_t·d_s).
func (f outer) squaredNorms() *Node {
	if _, t, _, _ := f.sizes(); t == 1 {
		return Mul(SumTail(Square(f.a)), SumTail(Square(f.d)))
	}
	if f.forms() {
		return SumTail(Square(f.formed()))
	}
	return SumTail(Mul(MatMulT(f.a, f.a, false, true), MatMulT(f.d, f.d, false, true)))
}

// forms is true where the gradients take no more than twice the memory of the factors: adding them up takes the place of the product that
// sums them over the examples, so that norms cost little more.
func (f outer) forms() bool {
	_, t, in, out := f.sizes()
	return t > 1 && 2*t*(in+out) >= in*out
}

// formed is the gradients as matrices, [n,out,in].
func (f outer) formed() *Node { return MatMulT(f.d, f.a, true, false) }

func (f outer) gram() *Node {
	if _, t, _, _ := f.sizes(); t > 1 {
		return gramOf(f.materialize())
	}
	a, d := f.rows()
	return Mul(gramOf(a), gramOf(d))
}

func (f outer) dot(v *Node) *Node {
	n, t, _, out := f.sizes()
	a, d := f.rows()
	return SumTail(Reshape(Mul(d, MatMulT(a, v, false, true)), n, t*out))
}

func (f outer) combine(c *Node) *Node {
	n, t, _, out := f.sizes()
	a, d := f.rows()
	if c != nil {
		d = Reshape(weighted(Reshape(d, n, t*out), c), n*t, out)
	}
	return MatMulT(d, a, true, false)
}

func (f outer) squares() *Node {
	if _, t, _, _ := f.sizes(); t > 1 {
		return Sum(Square(f.formed()), 0)
	}
	a, d := f.rows()
	return MatMulT(Square(d), Square(a), true, false)
}

func (f outer) materialize() *Node {
	n, _, in, out := f.sizes()
	return Reshape(f.formed(), n, out*in)
}

func (f outer) nodes() []*Node      { return []*Node{f.a, f.d} }
func (f outer) on(n []*Node) factor { return outer{n[0], n[1]} }

func gramOf(rows *Node) *Node { return MatMulT(rows, rows, false, true) }

// former is a factor whose squared norms may be taken from the gradients themselves, because these are small.
type former interface {
	forms() bool
	formed() *Node // g_n [n, parameter's shape…]
}

var _, _ former = outer{}, convolved{}

// convolved is kernels applied to images: g_n = Σ_t d_nt u_ntᵀ over the windows u_nt of image n, at output pixels t. With groups that
// is so for each of them, d_nt and u_nt being its own.
type convolved struct {
	geometry kernels.Conv
	way      way // of its norms
	x, d     *Node
}

// formed is the kernel gradient of each image, [n,o,c,kh,kw].
func (f convolved) formed() *Node {
	g := f.geometry
	g.PerExample = true
	return apply(conv{convWeight, g}, f.x, f.d)
}

func (f convolved) forms() bool { return f.way == byGradients }

func (f convolved) squaredNorms() *Node {
	if f.forms() {
		return SumTail(Square(f.formed()))
	}
	return SumTail(Mul(f.windowProducts(f.x, f.x), f.outputProducts(f.d, f.d)))
}

func (f convolved) gram() *Node { return gramOf(f.materialize()) }

func (f convolved) dot(v *Node) *Node {
	return SumTail(Mul(f.d, apply(conv{convForward, f.geometry}, f.x, v)))
}

func (f convolved) combine(c *Node) *Node {
	return apply(conv{convWeight, f.geometry}, f.x, weighted(f.d, c))
}

func (f convolved) squares() *Node { return Sum(Square(f.formed()), 0) }

func (f convolved) materialize() *Node {
	w := f.formed()
	return Reshape(w, f.geometry.N, Size(w)/f.geometry.N)
}

func (f convolved) nodes() []*Node      { return []*Node{f.x, f.d} }
func (f convolved) on(n []*Node) factor { return convolved{f.geometry, f.way, n[0], n[1]} }

// direct is gradients small enough to be written out, [n,p]: biases and scales.
type direct struct {
	e     *Node
	param tensor.Shape
}

func (f direct) squaredNorms() *Node { return SumTail(Square(f.e)) }
func (f direct) gram() *Node         { return gramOf(f.e) }
func (f direct) dot(v *Node) *Node {
	return SumTail(Mul(f.e, Broadcast(Flatten(v), 0, f.e.Shape()[0])))
}
func (f direct) squares() *Node        { return Reshape(Sum(Square(f.e), 0), f.param...) }
func (f direct) materialize() *Node    { return f.e }
func (f direct) combine(c *Node) *Node { return Reshape(Sum(weighted(f.e, c), 0), f.param...) }
func (f direct) nodes() []*Node        { return []*Node{f.e} }
func (f direct) on(n []*Node) factor   { return direct{n[0], f.param} }
