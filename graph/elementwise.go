package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// elementwise is a function of kernels.Fn applied index by index.
type elementwise struct {
	fn   kernels.Fn
	imm  float64
	held bool // constant to derivatives
}

func (f elementwise) String() string {
	if f.held {
		return "hold"
	}
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
	if f.held {
		return []*Node{nil}
	}
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
	case kernels.FnPow:
		if c, ok := isFill(in[1]); ok {
			return []*Node{Mul(g, Scale(Pow(x, Fill(x, c-1)), c)), nil}
		}
		// y·x^(y−1), which is 0 for 0⁰; and xʸ·ln x, which is 0 at x = 0.
		less := Add(AddConst(in[1], -1), Mul(isZero(x), isZero(in[1])))
		return []*Node{Mul(g, Mul(in[1], Pow(x, less))), Mul(g, Mul(y, Log(Add(x, isZero(x)))))}
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
	case kernels.FnSin:
		return Mul(g, Cos(x))
	case kernels.FnCos:
		return Neg(Mul(g, Sin(x)))
	}
	return nil // Sign, Step, Floor and Ceil are constant almost everywhere
}
