package kernels

import "fmt"

// Convolved is a Conv z [N,O,OH,OW] of kernels that all images share, which goes on with z before it is stored: y = act(z + b), with b [O] added to all
// pixels of an output if Bias is set, and with act ReLU or none. Outputs [y], inputs [x, k] and b. Where z is no number, ReLU may make 0 of it.
// Outputs share no memory with inputs.
type Convolved struct {
	Conv
	Activation Activation
	Bias       bool
}

func (Convolved) Name() string { return "convolved" }

// Operands checks that the convolution is one of those above.
func (p Convolved) Operands() (out, in []int, err error) {
	out, in, err = p.Conv.Operands()
	switch {
	case err != nil:
	case p.PerExample:
		err = fmt.Errorf("a convolution that goes on has kernels that all images share")
	case p.Activation > ReLU || p.Activation == NoActivation && !p.Bias:
		err = fmt.Errorf("a convolution goes on with a bias or relu, not with activation %d", p.Activation)
	case p.Bias:
		in = append(in, p.O)
	}
	if err != nil {
		return nil, nil, err
	}
	return out, in, nil
}

// Chain is what follows the convolution as a Map of its own: its output is y, its inputs z, which may lie where y does, and b.
func (p Convolved) Chain() Map {
	pixels := p.OutH() * p.OutW()
	m := Map{N: p.N * p.O * pixels, Access: []Access{{B: 1, C: 1}}}
	z := uint8(0)
	if p.Bias {
		m.Access = append(m.Access, Access{B: p.N, C: p.O, D: pixels})
		z = m.Then(FnAdd, z, 1, 0)
	}
	if p.Activation == ReLU {
		z = m.Then(FnRelu, z, 0, 0)
	}
	m.Results = []uint8{z}
	return m
}

// describe is for Describe: the convolution's sizes and what it goes on with.
func (p Convolved) describe() string {
	text := convolution(p.Conv)
	if p.Bias {
		text += " + bias"
	}
	if p.Activation != NoActivation {
		text += ", " + p.Activation.String()
	}
	return text
}
