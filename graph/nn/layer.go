package nn

import (
	"fmt"
	"maps"
	"slices"

	"drift/graph"
)

// Layer is one step of a network: an immutable value whose JSON fields are its attributes. Register gives it a name in JSON.
type Layer interface {
	// Shape is the shape of one example after the layer, given that before it. It declares the layer's parameters.
	Shape(s *Scope, in []int) (out []int, err error)
	// Build applies the layer to a batch x [n, in…] and returns [n, out…]. Examples must not influence each other.
	Build(b *Build, x *graph.Node) *graph.Node
}

// kinds are the layers by their names in JSON, each with the attributes that it has where JSON leaves them out.
var kinds = table[Layer]{"layer", map[string]Layer{
	"linear":        Linear{Bias: true},
	"conv2d":        Conv2D{Stride: Pair{1, 1}, Dilation: Pair{1, 1}, Groups: 1, Bias: true},
	"groupnorm":     GroupNorm{Affine: true, Eps: 1e-5},
	"layernorm":     LayerNorm{Affine: true, Eps: 1e-5},
	"maxpool2d":     MaxPool2D{},
	"avgpool2d":     AvgPool2D{},
	"globalavgpool": GlobalAvgPool{},
	"flatten":       Flatten{},
	"rmsnorm":       RMSNorm{Eps: 1e-5},
	"batchnorm2d":   BatchNorm2D{Eps: 1e-5},
	"embedding":     Embedding{},
	"positions":     Positions{},
	"attention":     Attention{Bias: true},
	"tokens":        Tokens{},
	"meanpool":      MeanPool{},
	"concat":        Concat{},
	"dropout":       Dropout{P: 0.5},
	"residual":      Residual{},
	"relu":          ReLU,
	"tanh":          Tanh,
	"sigmoid":       Sigmoid,
	"gelu":          GELU,
	"gelu_tanh":     GELUTanh,
	"silu":          SiLU,
	"softplus":      Softplus{Beta: 1},
}}

// Register makes a layer known to JSON under a name, with the attributes that it has where JSON leaves them out: after
// Register("scaled", Scaled{Start: 1}), both "scaled" and {"scaled": {"start": 2}} stand for it. It is for init functions, and
// panics where the name is taken.
func Register(kind string, defaults Layer) { kinds.register(kind, defaults) }

// Kinds lists the names that layers have in JSON.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds.defaults)) }

// images checks that an example has the shape [channels,height,width].
func images(in []int) error {
	if len(in) != 3 {
		return fmt.Errorf("takes examples of shape [channels,height,width], not %s", dims(in))
	}
	return nil
}

// atLeastOne checks an attribute that counts something.
func atLeastOne(name string, v int) error {
	if v < 1 || v > maxElements {
		return fmt.Errorf("%s is %d: it must lie in 1 … %d", name, v, maxElements)
	}
	return nil
}
