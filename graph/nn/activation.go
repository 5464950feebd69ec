package nn

import "drift/graph"

// activation is a function applied element by element; its value is its name.
type activation string

var activations = map[activation]func(*graph.Node) *graph.Node{
	"relu": graph.Relu, "tanh": graph.Tanh, "sigmoid": graph.Sigmoid,
	"gelu": graph.Gelu, "silu": graph.Silu, "softplus": graph.Softplus,
}

func (a activation) kind() string                                { return string(a) }
func (a activation) infer(_ scope, in []int) ([]int, error)      { return in, nil }
func (a activation) build(_ *builder, x *graph.Node) *graph.Node { return activations[a](x) }
