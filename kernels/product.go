package kernels

import (
	"fmt"
	"math"
	"slices"
)

// Activation is a function that a Product applies to its result.
type Activation uint8

const (
	NoActivation Activation = iota // z
	ReLU                           // max(z, 0)
	GELUTanh                       // z·(1 + tanh(√(2/π)(z + 0.044715 z³)))/2
)

func (a Activation) String() string { return [...]string{"", "relu", "gelu_tanh"}[a] }

// Product is a Gemm z = Alpha·op(A)·op(B), of one matrix [M,N] and with Beta = 0, that goes on with z before it is stored.
//
// Without Gradient it is y = act(z + b), with a row b [N] that is added to all rows if Bias is set. With
// Keep, what GELUTanh is applied to is an output too, u = z + b. Outputs [y] or [y, u], inputs [A, B] and b.
//
// With Gradient it is y = z·act′(x), where x [M,N] is what act was applied to, or for ReLU what it gave. With Sums it also gives
// the sum of each column, s[n] = Σ_m y[m,n], the gradient of a bias. Outputs [y] or [s, y], inputs [A, B, x].
//
// With FactorSums, and nothing else of this, y = z and it also gives the sums of the first factor, s[m] = Σ_k op(A)[m,k]: the gradient of a bias where
// A is what the gradient of a weight is made of. Outputs [s, y], inputs [A, B].
//
// Where what ReLU is applied to is exactly 0, its derivative is 0, or 1 if a library that noted it on the way forth takes it so. Where z is
// no number, ReLU may make 0 of it, and so may act′(x) = 0. Outputs share no memory with inputs.
type Product struct {
	Gemm
	Activation                 Activation
	Bias, Keep, Gradient, Sums bool
	FactorSums                 bool
}

func (Product) Name() string { return "product" }

// Operands checks that the product is one of those above.
func (p Product) Operands() (out, in []int, err error) {
	out, in, err = p.Gemm.Operands()
	switch {
	case err != nil:
	case p.Batch != 1 || p.Beta != 0:
		err = fmt.Errorf("batch %d and beta %g: a product that goes on is of one matrix and adds to nothing", p.Batch, p.Beta)
	case p.Activation > GELUTanh:
		err = fmt.Errorf("there is no activation %d", p.Activation)
	case p.Gradient && (p.Bias || p.Activation == NoActivation), p.Sums && !p.Gradient, p.Keep && (p.Gradient || p.Activation != GELUTanh):
		err = fmt.Errorf("a gradient is that of an activation, takes no bias and alone has sums, and only what gelu_tanh is applied to is kept")
	case p.FactorSums && (p.Bias || p.Gradient || p.Activation != NoActivation):
		err = fmt.Errorf("a product with the sums of a factor does nothing else")
	}
	if err != nil {
		return nil, nil, err
	}
	switch {
	case p.Gradient:
		in = append(in, p.M*p.N)
	case p.Bias:
		in = append(in, p.N)
	}
	if p.Keep {
		out = append(out, p.M*p.N)
	}
	if p.Sums {
		out = append([]int{p.N}, out...)
	}
	if p.FactorSums {
		out = append([]int{p.M}, out...)
	}
	return out, in, nil
}

// Chain is what follows the product as a primitive of its own, a Map or a Reduce, but for FactorSums: its outputs are those of the Product, its inputs z and
// what the Product takes besides A and B. z may lie where y does.
func (p Product) Chain() Primitive {
	full := Access{B: 1, C: 1}
	m := Map{N: p.M * p.N, Access: []Access{full}}
	z := uint8(0)
	switch {
	case p.Gradient:
		m.Access = append(m.Access, full)
	case p.Bias:
		m.Access = append(m.Access, Access{B: p.M, C: p.N})
		z = m.Then(FnAdd, z, 1, 0)
	}
	switch {
	case p.Activation == ReLU && p.Gradient:
		m.Results = []uint8{m.Then(FnMul, z, m.Then(FnStep, 1, 0, 0), 0)}
	case p.Activation == ReLU:
		m.Results = []uint8{m.Then(FnRelu, z, 0, 0)}
	case p.Activation == GELUTanh && p.Gradient:
		m.Results = []uint8{m.geluGradient(z, 1)}
	case p.Activation == GELUTanh:
		_, tanh := m.geluTanh(z)
		m.Results = []uint8{m.Then(FnScale, m.Then(FnMul, z, m.Then(FnAddConst, tanh, 0, 1), 0), 0, 0.5)}
	default:
		m.Results = []uint8{z}
	}
	if p.Keep {
		m.Results = append(m.Results, z)
	}
	if !p.Sums {
		return m
	}
	m.Results = append(slices.Clone(m.Results), m.Results...)
	return Reduce{A: 1, B: p.M, C: p.N, Map: m}
}

// The numbers of GELUTanh: of the cubic term, and √(2/π).
const geluCubic = 0.044715

var geluSlope = math.Sqrt(2 / math.Pi)

// geluTanh is 1 + 0.044715u² and the hyperbolic tangent of √(2/π) times that times u.
func (m *Map) geluTanh(u uint8) (cubic, tanh uint8) {
	cubic = m.Then(FnAddConst, m.Then(FnScale, m.Then(FnSquare, u, 0, 0), 0, geluCubic), 0, 1)
	return cubic, m.Then(FnTanh, m.Then(FnScale, m.Then(FnMul, u, cubic, 0), 0, geluSlope), 0, 0)
}

// geluGradient is g times GELUTanh's derivative at u, in the order of the chain rule: ½g(1 + t) + ½gu(1 − t²)√(2/π)(1 + 0.044715u² + 2·0.044715u²).
func (m *Map) geluGradient(g, u uint8) uint8 {
	cubic, tanh := m.geluTanh(u)
	half := m.Then(FnScale, g, 0, 0.5)
	straight := m.Then(FnMul, half, m.Then(FnAddConst, tanh, 0, 1), 0)
	slope := m.Then(FnAddConst, m.Then(FnScale, m.Then(FnSquare, tanh, 0, 0), 0, -1), 0, 1)
	inner := m.Then(FnScale, m.Then(FnMul, m.Then(FnMul, half, u, 0), slope, 0), 0, geluSlope)
	first := m.Then(FnAdd, straight, m.Then(FnMul, inner, cubic, 0), 0)
	second := m.Then(FnMul, m.Then(FnScale, m.Then(FnMul, inner, u, 0), 0, geluCubic), u, 0)
	return m.Then(FnAdd, first, m.Then(FnScale, second, 0, 2), 0)
}

// SumsOfFactor is what FactorSums adds up as a primitive of its own: of the input A.
func (p Product) SumsOfFactor() Reduce {
	r := Reduce{A: p.M, B: p.K, C: 1, Map: Map{N: p.M * p.K, Access: []Access{{B: 1, C: 1}}, Results: []uint8{0}}}
	if p.TransA {
		r.A, r.C = 1, p.M
	}
	return r
}

// Y is the number of the output y.
func (p Product) Y() int { return bit(p.Sums || p.FactorSums) }

// describe is for Describe: the product's sizes and what it goes on with.
func (p Product) describe() string {
	text := p.Gemm.describe()
	if p.Bias {
		text += " + bias"
	}
	if p.Activation != NoActivation {
		text += ", " + p.Activation.String()
	}
	if p.Gradient {
		text += " gradient"
	}
	if p.Keep {
		text += ", kept"
	}
	if p.Sums {
		text += " and sums"
	}
	if p.FactorSums {
		text += " and sums of a factor"
	}
	return text
}
