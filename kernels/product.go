package kernels

import "fmt"

// Activation is a function that a Product applies to its result.
type Activation uint8

const (
	NoActivation Activation = iota // z
	ReLU                           // max(z, 0)
)

func (a Activation) String() string { return [...]string{"", "relu"}[a] }

// Product is a Gemm z = Alpha·op(A)·op(B), of one matrix [M,N] and with Beta = 0, that goes on with z before it is stored.
//
// Without Gradient it is y = act(z + b), with a row b [N] that is added to all rows if Bias is set. Outputs [y], inputs [A, B] and b.
//
// With Gradient it is y = z·act′(x), where x [M,N] may be what act was applied to or, for ReLU, what it gave. With Sums it also gives
// the sum of each column, s[n] = Σ_m y[m,n], the gradient of a bias. Outputs [y] or [s, y], inputs [A, B, x].
//
// Where z is no number, ReLU may make 0 of it, and so may act′(x) = 0. Outputs share no memory with inputs.
type Product struct {
	Gemm
	Activation           Activation
	Bias, Gradient, Sums bool
}

func (Product) Name() string { return "product" }

// Operands checks that the product is one of those above.
func (p Product) Operands() (out, in []int, err error) {
	out, in, err = p.Gemm.Operands()
	switch {
	case err != nil:
	case p.Batch != 1 || p.Beta != 0:
		err = fmt.Errorf("batch %d and beta %g: a product that goes on is of one matrix and adds to nothing", p.Batch, p.Beta)
	case int(p.Activation) > int(ReLU):
		err = fmt.Errorf("there is no activation %d", p.Activation)
	case p.Gradient && (p.Bias || p.Activation == NoActivation), p.Sums && !p.Gradient:
		err = fmt.Errorf("a gradient is that of an activation, takes no bias and alone has sums")
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
	if p.Sums {
		out = append([]int{p.N}, out...)
	}
	return out, in, nil
}

// Chain is what follows the product as a primitive of its own, a Map or a Reduce: its outputs are those of the Product, its inputs z and
// what the Product takes besides A and B. z may lie where y does.
func (p Product) Chain() Primitive {
	full := Access{B: 1, C: 1}
	m := Map{N: p.M * p.N, Access: []Access{full}}
	switch {
	case p.Gradient:
		m.Access = append(m.Access, full)
		m.Code = []Instr{{Fn: FnStep, X: 1}, {Fn: FnMul, X: 0, Y: 2}}
	case p.Bias:
		m.Access = append(m.Access, Access{B: p.M, C: p.N})
		m.Code = []Instr{{Fn: FnAdd, X: 0, Y: 1}}
	}
	last := func() uint8 { return uint8(len(m.Access) + len(m.Code) - 1) }
	if p.Activation == ReLU && !p.Gradient {
		m.Code = append(m.Code, Instr{Fn: FnRelu, X: last()})
	}
	m.Results = []uint8{last()}
	if !p.Sums {
		return m
	}
	m.Results = append(m.Results, last())
	return Reduce{A: 1, B: p.M, C: p.N, Map: m}
}

// Y is the number of the output y.
func (p Product) Y() int { return bit(p.Sums) }

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
	if p.Sums {
		text += " and sums"
	}
	return text
}
