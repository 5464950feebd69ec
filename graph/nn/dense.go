package nn

import "drift/graph"

// linear is y = x Wᵀ + b on the last axis.
type linear struct {
	Out  int  `json:"out"`
	Bias bool `json:"bias"`
}

func (linear) kind() string { return "linear" }

func (l linear) infer(s scope, in []int) ([]int, error) {
	if err := atLeastOne("out", l.Out); err != nil {
		return nil, err
	}
	last := len(in) - 1
	out := append(append([]int(nil), in[:last]...), l.Out)
	positions, err := volume(in[:last])
	if err != nil {
		return nil, err
	}
	return out, s.weightAndBias([]int{l.Out, in[last]}, positions, l.Bias)
}

func (l linear) build(b *builder, x *graph.Node) *graph.Node {
	z := graph.Linear(x, b.next())
	if l.Bias {
		z = graph.Bias(z, b.next(), z.Dims()-1)
	}
	return z
}

// flatten turns an example of any shape into one row.
type flatten struct{}

func (flatten) kind() string { return "flatten" }

func (flatten) infer(_ scope, in []int) ([]int, error) {
	n, err := volume(in)
	return []int{n}, err
}

func (flatten) build(_ *builder, x *graph.Node) *graph.Node {
	n := x.Shape()[0]
	return graph.Reshape(x, n, graph.Size(x)/n)
}
