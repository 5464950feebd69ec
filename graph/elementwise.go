package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// elementwise is a function of kernels.Fn applied index by index.
type elementwise struct {
	fn  kernels.Fn
	imm float64
}

func (f elementwise) String() string {
	if f.imm != 0 {
		return fmt.Sprintf("%v(%g)", f.fn, f.imm)
	}
	return f.fn.String()
}

func (f elementwise) shape(in []tensor.Shape) tensor.Shape {
	if len(in) == 2 {
		mustMatch(f.fn.String(), in[0], in[1])
	}
	return in[0].Clone()
}

func (f elementwise) primitive(in []tensor.Shape, out tensor.Shape) kernels.Primitive {
	m := kernels.Map{N: out.TotalSize(), Code: []kernels.Instr{{Fn: f.fn, X: 0, Y: 1, Imm: f.imm}}, Results: []uint8{uint8(len(in))}}
	for range in {
		m.Access = append(m.Access, kernels.Access{B: 1, C: 1})
	}
	return m
}

func (f elementwise) vjp(in []*Node, y, g *Node) []*Node {
	x := in[0]
	switch f.fn {
	case kernels.FnAdd:
		return []*Node{g, g}
	case kernels.FnSub:
		return []*Node{g, Neg(g)}
	case kernels.FnMul:
		return []*Node{Mul(g, in[1]), Mul(g, x)}
	case kernels.FnDiv:
		gy := Div(g, in[1])
		return []*Node{gy, Neg(Mul(gy, y))}
	case kernels.FnMax:
		first := Greater(x, in[1])
		return []*Node{Mul(g, first), Mul(g, AddConst(Neg(first), 1))}
	case kernels.FnMin:
		second := Greater(x, in[1])
		return []*Node{Mul(g, AddConst(Neg(second), 1)), Mul(g, second)}
	case kernels.FnGreater:
		return []*Node{nil, nil}
	}
	return []*Node{f.unaryVJP(x, y, g)}
}

// unaryVJP is g·f′(x), written with the result y where that is cheaper and lets x be forgotten.
func (f elementwise) unaryVJP(x, y, g *Node) *Node {
	switch f.fn {
	case kernels.FnCopy, kernels.FnAddConst:
		return g
	case kernels.FnScale:
		return Scale(g, f.imm)
	case kernels.FnAbs:
		return Mul(g, Sign(x))
	case kernels.FnSquare:
		return Scale(Mul(g, x), 2)
	case kernels.FnSqrt:
		return Scale(Div(g, y), 0.5)
	case kernels.FnRsqrt:
		return Scale(Mul(g, Mul(y, Square(y))), -0.5)
	case kernels.FnRecip:
		return Neg(Mul(g, Square(y)))
	case kernels.FnExp:
		return Mul(g, y)
	case kernels.FnLog:
		return Div(g, x)
	case kernels.FnTanh:
		return Mul(g, AddConst(Neg(Square(y)), 1))
	case kernels.FnSigmoid:
		return Mul(g, Mul(y, AddConst(Neg(y), 1)))
	case kernels.FnSoftplus:
		return Mul(g, Sigmoid(x))
	case kernels.FnRelu:
		return Mul(g, Step(y))
	case kernels.FnNormCDF:
		return Mul(g, NormPDF(x))
	case kernels.FnNormPDF:
		return Neg(Mul(g, Mul(x, y)))
	}
	return nil // Sign and Step are constant almost everywhere
}

func unary(fn kernels.Fn, x *Node) *Node { return pointwise(elementwise{fn: fn}, x) }

// pointwise applies a function under a reshape rather than over it, so that equal values are found to be equal.
func pointwise(f elementwise, x *Node) *Node { return Reshape(apply(f, root(x)), x.Shape()...) }

// binary does the same where both operands were reshaped from one shape.
func binary(fn kernels.Fn, x, y *Node) *Node {
	mustMatch(fn.String(), x.Shape(), y.Shape())
	if rx, ry := root(x), root(y); slices.Equal(rx.Shape(), ry.Shape()) {
		return Reshape(apply(elementwise{fn: fn}, rx, ry), x.Shape()...)
	}
	return apply(elementwise{fn: fn}, x, y)
}

// isScale takes a multiple of a node apart, also under a reshape.
func isScale(n *Node) (x *Node, c float64, ok bool) {
	if f, is := familyOf(root(n)).(elementwise); is && f.fn == kernels.FnScale {
		return Reshape(inputsOf(root(n))[0], n.Shape()...), f.imm, true
	}
	return nil, 0, false
}

// Add is x + y, for equal shapes.
func Add(x, y *Node) *Node {
	mustMatch("add", x.Shape(), y.Shape())
	if c, ok := isFill(x); ok && c == 0 {
		return y
	}
	if c, ok := isFill(y); ok {
		return AddConst(x, c)
	}
	return binary(kernels.FnAdd, x, y)
}

// Sub is x − y, for equal shapes.
func Sub(x, y *Node) *Node {
	mustMatch("sub", x.Shape(), y.Shape())
	if c, ok := isFill(y); ok {
		return AddConst(x, -c)
	}
	if c, ok := isFill(x); ok {
		return AddConst(Neg(y), c)
	}
	return binary(kernels.FnSub, x, y)
}

// Mul is the elementwise product x·y, for equal shapes.
func Mul(x, y *Node) *Node {
	mustMatch("mul", x.Shape(), y.Shape())
	if c, ok := isFill(x); ok {
		return Scale(y, c)
	}
	if c, ok := isFill(y); ok {
		return Scale(x, c)
	}
	if x == y {
		return Square(x)
	}
	return binary(kernels.FnMul, x, y)
}

// Div is the elementwise quotient x/y, for equal shapes.
func Div(x, y *Node) *Node {
	mustMatch("div", x.Shape(), y.Shape())
	if c, ok := isFill(y); ok && c != 0 {
		return Scale(x, 1/c)
	}
	if c, ok := isFill(x); ok {
		return Scale(Recip(y), c)
	}
	return binary(kernels.FnDiv, x, y)
}

// Max is the larger of x and y, whose derivative at equality is y's.
func Max(x, y *Node) *Node { return binary(kernels.FnMax, x, y) }

// Min is the smaller of x and y, whose derivative at equality is x's.
func Min(x, y *Node) *Node { return binary(kernels.FnMin, x, y) }

// Greater is 1 where x > y, else 0; its derivative is taken as zero.
func Greater(x, y *Node) *Node { return binary(kernels.FnGreater, x, y) }

// Scale is c·x.
func Scale(x *Node, c float64) *Node {
	if v, ok := isFill(x); ok {
		return Fill(x, v*c)
	}
	if inner, d, ok := isScale(x); ok {
		x, c = inner, c*d
	}
	switch c {
	case 0:
		return Fill(x, 0)
	case 1:
		return x
	}
	return pointwise(elementwise{kernels.FnScale, c}, x)
}

// Neg is −x.
func Neg(x *Node) *Node { return Scale(x, -1) }

// AddConst is x + c.
func AddConst(x *Node, c float64) *Node {
	if v, ok := isFill(x); ok {
		return Fill(x, v+c)
	}
	if c == 0 {
		return x
	}
	return pointwise(elementwise{kernels.FnAddConst, c}, x)
}

// Abs is |x|, Sign its derivative, 0 at 0.
func Abs(x *Node) *Node { return unary(kernels.FnAbs, x) }

// Sign is −1, 0 or 1; its derivative is taken as zero.
func Sign(x *Node) *Node { return unary(kernels.FnSign, x) }

// Square is x².
func Square(x *Node) *Node {
	if v, ok := isFill(x); ok {
		return Fill(x, v*v)
	}
	return unary(kernels.FnSquare, x)
}

// Sqrt is √x.
func Sqrt(x *Node) *Node { return unary(kernels.FnSqrt, x) }

// Rsqrt is 1/√x.
func Rsqrt(x *Node) *Node { return unary(kernels.FnRsqrt, x) }

// Recip is 1/x.
func Recip(x *Node) *Node { return unary(kernels.FnRecip, x) }

// Exp is eˣ.
func Exp(x *Node) *Node { return unary(kernels.FnExp, x) }

// Log is ln x.
func Log(x *Node) *Node { return unary(kernels.FnLog, x) }

// Tanh is tanh x.
func Tanh(x *Node) *Node { return unary(kernels.FnTanh, x) }

// Sigmoid is 1/(1+e⁻ˣ).
func Sigmoid(x *Node) *Node { return unary(kernels.FnSigmoid, x) }

// Softplus is ln(1+eˣ).
func Softplus(x *Node) *Node { return unary(kernels.FnSoftplus, x) }

// Relu is max(x, 0), with derivative 0 at 0.
func Relu(x *Node) *Node { return unary(kernels.FnRelu, x) }

// Step is 1 where x > 0, else 0; its derivative is taken as zero.
func Step(x *Node) *Node { return unary(kernels.FnStep, x) }

// NormCDF is the standard normal distribution function Φ(x).
func NormCDF(x *Node) *Node { return unary(kernels.FnNormCDF, x) }

// NormPDF is the standard normal density φ(x).
func NormPDF(x *Node) *Node { return unary(kernels.FnNormPDF, x) }

// Gelu is x·Φ(x), the exact form of Hendrycks and Gimpel 2016.
func Gelu(x *Node) *Node { return Mul(x, NormCDF(x)) }

// Silu is x·sigmoid(x).
func Silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }

// fill is a constant of any shape; its input only says which graph it belongs to.
type fill struct {
	value float64
	dims  dims
}

func (f fill) String() string                    { return fmt.Sprintf("fill(%g)%v", f.value, f.dims) }
func (f fill) shape([]tensor.Shape) tensor.Shape { return f.dims.shape() }
func (f fill) vjp([]*Node, *Node, *Node) []*Node { return []*Node{nil} }
func (f fill) primitive(in []tensor.Shape, out tensor.Shape) kernels.Primitive {
	return kernels.Map{N: f.dims.size(), Code: []kernels.Instr{{Fn: kernels.FnConst, Imm: f.value}}, Results: []uint8{0}}
}

// Fill is the constant c in the shape of a node.
func Fill(like *Node, c float64) *Node { return filled(like, c, dimsOf(like.Shape()...)) }

// filled hangs constants on the first node of the graph, so that equal ones are one node and keep nothing alive.
func filled(of *Node, c float64, d dims) *Node {
	return apply(fill{c, d}, anchor(of))
}

func isFill(n *Node) (float64, bool) {
	f, ok := familyOf(n).(fill)
	return f.value, ok
}
