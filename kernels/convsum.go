package kernels

// ConvSum is the sum of two convolutions of equal sizes, y = x₁ ⋆ k₁ + x₂ ⋆ k₂, or with Input that of their adjoints in x. All images share the
// kernels k₁; PerExample says whether each has its own k₂. Outputs [y], inputs [x₁, k₁, x₂, k₂].
type ConvSum struct {
	Conv
	Input bool
}

// Summing is a device for which some sums of convolutions are faster as one call. All devices know ConvSum.
type Summing interface {
	Device
	// Sums reports such a sum.
	Sums(p ConvSum, dt DType) bool
}

func (ConvSum) Name() string { return "convsum" }

// Terms are the two convolutions, or their adjoints, as primitives of their own.
func (p ConvSum) Terms() [2]Primitive {
	first := p.Conv
	first.PerExample = false
	if p.Input {
		return [2]Primitive{ConvInput(first), ConvInput(p.Conv)}
	}
	return [2]Primitive{first, p.Conv}
}

func (p ConvSum) Operands() (out, in []int, err error) {
	for _, term := range p.Terms() {
		y, xk, err := term.Operands()
		if err != nil {
			return nil, nil, err
		}
		out, in = y, append(in, xk...)
	}
	return out, in, nil
}

// describe is for Describe: the sizes of one of the convolutions.
func (p ConvSum) describe() string { return "2 of " + convolution(p.Conv) }
