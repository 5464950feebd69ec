package graph

import (
	"slices"

	"drift/kernels"
)

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

// AddExactly is x + y rounded, and what the rounding took away, which is a number of the same type (Knuth, TAOCP 2, 4.2.2).
func AddExactly(x, y *Node) (sum, lost *Node) {
	sum = Add(x, y)
	own := Sub(sum, x)
	return sum, Add(Sub(x, Sub(sum, own)), Sub(y, own))
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

// Pow is xʸ, for equal shapes; 1 where y is 0, NaN where x < 0 and y is no whole number. Its derivative in y is taken as zero at x = 0.
func Pow(x, y *Node) *Node {
	mustMatch("pow", x.Shape(), y.Shape())
	if c, ok := isFill(y); ok {
		switch c {
		case 0:
			return Fill(x, 1)
		case 1:
			return x
		case 2:
			return Square(x)
		case 3:
			return Mul(x, Square(x))
		case 0.5:
			return Sqrt(x)
		case -0.5:
			return Rsqrt(x)
		case -1:
			return Recip(x)
		}
	}
	return binary(kernels.FnPow, x, y)
}

// isZero is 1 where x is 0, else 0; its derivative is taken as zero.
func isZero(x *Node) *Node { return AddConst(Neg(Abs(Sign(x))), 1) }

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
	return pointwise(elementwise{fn: kernels.FnScale, imm: c}, x)
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
	return pointwise(elementwise{fn: kernels.FnAddConst, imm: c}, x)
}

// Hold is x as a constant: derivatives do not flow through it.
func Hold(x *Node) *Node { return pointwise(elementwise{fn: kernels.FnCopy, held: true}, x) }

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

// Sin is sin x.
func Sin(x *Node) *Node { return unary(kernels.FnSin, x) }

// Cos is cos x.
func Cos(x *Node) *Node { return unary(kernels.FnCos, x) }

// Floor is the largest whole number that is at most x; its derivative is taken as zero.
func Floor(x *Node) *Node { return unary(kernels.FnFloor, x) }

// Ceil is the smallest whole number that is at least x; its derivative is taken as zero.
func Ceil(x *Node) *Node { return unary(kernels.FnCeil, x) }

// Gelu is x·Φ(x), the exact form of Hendrycks and Gimpel 2016.
func Gelu(x *Node) *Node { return Mul(x, NormCDF(x)) }

// Silu is x·sigmoid(x).
func Silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }
