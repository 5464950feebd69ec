package nn

import (
	"errors"
	"fmt"
	"math"

	"drift/graph"
)

// Attention is multi-head self-attention (Vaswani et al. 2017) on [t,e]: softmax(q kᵀ/√(e/Heads)) v in every head, where Causal
// positions see themselves and those before. Parameters are those of PyTorch's nn.MultiheadAttention: "in_proj_weight" [3e,e]
// with the rows of q, k and v, "in_proj_bias" [3e], "out_proj.weight" [e,e], "out_proj.bias" [e]. So are their initial values,
// unless Std says N(0, Std²) for the weights, and OutStd another one for the second. In training the weights of the positions that are
// attended to drop out with probability Dropout.
type Attention struct {
	Heads   int     `json:"heads"`
	Causal  bool    `json:"causal"`
	Bias    bool    `json:"bias"`
	Std     float64 `json:"std,omitempty"`
	OutStd  float64 `json:"out_std,omitempty"`
	Dropout float64 `json:"dropout,omitempty"`
}

// Shape is that of the input, [t,e].
func (l Attention) Shape(s *Scope, in []int) ([]int, error) {
	if err := sequences(in); err != nil {
		return nil, err
	}
	if err := atLeastOne("heads", l.Heads); err != nil {
		return nil, err
	}
	if err := errors.Join(notNegative("std", l.Std), notNegative("out_std", l.OutStd), probability("dropout", l.Dropout)); err != nil {
		return nil, err
	}
	t, e := in[0], in[1]
	if e%l.Heads != 0 {
		return nil, fmt.Errorf("a width of %d does not divide into %d heads", e, l.Heads)
	}
	s.CountProducts(4*t*e*e + 2*t*t*e)
	first, second := Uniform(math.Sqrt(6/float64(4*e))), Uniform(uniformBound(e)) // the first by Glorot, Bengio 2010
	if l.Std > 0 {
		first, second = Normal(l.Std), Normal(l.Std)
	}
	if l.OutStd > 0 {
		second = Normal(l.OutStd)
	}
	params := []struct {
		name  string
		init  Init
		shape []int
	}{
		{"in_proj_weight", first, []int{3 * e, e}},
		{"in_proj_bias", Constant(0), []int{3 * e}},
		{"out_proj.weight", second, []int{e, e}},
		{"out_proj.bias", Constant(0), []int{e}},
	}
	for _, p := range params {
		if len(p.shape) == 1 && !l.Bias {
			continue
		}
		if err := s.Param(p.name, p.init, p.shape...); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// Build attends.
func (l Attention) Build(b *Build, x *graph.Node) *graph.Node {
	qkv := l.apply(b, x, "in_proj_weight", "in_proj_bias")
	var joined *graph.Node
	if b.drops(l.Dropout) {
		joined = graph.AttentionThrough(qkv, l.Heads, l.Causal, func(weights *graph.Node) *graph.Node { return b.dropout(weights, l.Dropout) })
	} else {
		joined = graph.Attention(qkv, l.Heads, l.Causal)
	}
	return l.apply(b, joined, "out_proj.weight", "out_proj.bias")
}

func (l Attention) apply(b *Build, x *graph.Node, weight, bias string) *graph.Node {
	y := graph.Linear(x, b.Param(weight))
	if l.Bias {
		y = graph.Bias(y, b.Param(bias), 2)
	}
	return y
}
