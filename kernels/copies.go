package kernels

import "fmt"

// Copies is out_k = x_k for arrays of N[k] elements each, with the type that each is stored in (Narrows): what products read of the parameters, all in
// one call. There is one output and one input for each length.
type Copies struct{ N []int }

func (Copies) Name() string { return "copies" }

func (p Copies) Operands() (out, in []int, err error) { return p.N, p.N, notNegative(p.N...) }

// describe is for Describe.
func (p Copies) describe() string {
	all := 0
	for _, n := range p.N {
		all += n
	}
	return fmt.Sprintf("%d in %d arrays", all, len(p.N))
}
