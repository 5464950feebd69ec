package nn

import "drift/graph"

// Linear is y = x Wᵀ + b on the last axis, with W [Out,in] as "weight" and b [Out] as "bias". Given the full name of a parameter
// of a layer before it, as "0.weight", that is its W too, and its only parameter is the bias. Initial values are PyTorch's,
// U(±1/√in), or, with Std, N(0, Std²) and zero for the bias.
type Linear struct {
	Out    int     `json:"out"`
	Bias   bool    `json:"bias"`
	Weight string  `json:"weight,omitempty"`
	Std    float64 `json:"std,omitempty"`
}

// Shape is […,in] → […,Out].
func (l Linear) Shape(s *Scope, in []int) ([]int, error) {
	if err := atLeastOne("out", l.Out); err != nil {
		return nil, err
	}
	last := len(in) - 1
	out := append(append([]int(nil), in[:last]...), l.Out)
	positions, err := volume(in[:last])
	if err != nil {
		return nil, err
	}
	return out, s.weightAndBias(weighted{[]int{l.Out, in[last]}, positions, l.Bias, l.Weight, l.Std})
}

// Build multiplies and adds.
func (l Linear) Build(b *Build, x *graph.Node) *graph.Node {
	z := graph.Linear(x, b.Param("weight"))
	if l.Bias {
		z = graph.Bias(z, b.Param("bias"), z.Dims()-1)
	}
	return z
}

// Flatten turns an example of any shape into one row.
type Flatten struct{}

// Shape is the number of elements.
func (Flatten) Shape(_ *Scope, in []int) ([]int, error) {
	n, err := volume(in)
	return []int{n}, err
}

// Build changes nothing but the shape.
func (Flatten) Build(_ *Build, x *graph.Node) *graph.Node {
	n := x.Shape()[0]
	return graph.Reshape(x, n, graph.Size(x)/n)
}
