package nn

import (
	"fmt"
	"math"

	"drift/graph"
)

// Activation is a function applied element by element.
type Activation struct {
	Name string `json:"-"` // "relu"
}

var (
	ReLU     = Activation{"relu"}      // max(0, x)
	Tanh     = Activation{"tanh"}      // tanh x
	Sigmoid  = Activation{"sigmoid"}   // 1/(1 + e⁻ˣ)
	GELU     = Activation{"gelu"}      // x·Φ(x), exactly (Hendrycks, Gimpel 2016)
	GELUTanh = Activation{"gelu_tanh"} // x·(1 + tanh(√(2/π)(x + 0.044715 x³)))/2, which BERT and GPT-2 use for x·Φ(x)
	SiLU     = Activation{"silu"}      // x·sigmoid(x)
)

var activations = map[Activation]func(*graph.Node) *graph.Node{
	ReLU: graph.Relu, Tanh: graph.Tanh, Sigmoid: graph.Sigmoid,
	GELU: graph.Gelu, GELUTanh: geluTanh, SiLU: graph.Silu,
}

// Shape is that of the input.
func (a Activation) Shape(_ *Scope, in []int) ([]int, error) {
	if activations[a] == nil {
		return nil, fmt.Errorf("there is no activation %q", a.Name)
	}
	return in, nil
}

// Build applies the function.
func (a Activation) Build(_ *Build, x *graph.Node) *graph.Node { return activations[a](x) }

func geluTanh(x *graph.Node) *graph.Node {
	cubic := graph.Mul(x, graph.AddConst(graph.Scale(graph.Square(x), 0.044715), 1))
	return graph.Scale(graph.Mul(x, graph.AddConst(graph.Tanh(graph.Scale(cubic, math.Sqrt(2/math.Pi))), 1)), 0.5)
}
