package nn

import (
	"errors"
	"math"

	"drift/graph"
)

// Softplus is ln(1 + e^{βx})/β element by element: a ReLU whose kink is rounded off over a width of 1/β, with derivatives of every order.
type Softplus struct {
	Beta float64 `json:"beta"`
}

// Shape is that of the input.
func (l Softplus) Shape(_ *Scope, in []int) ([]int, error) {
	if !(l.Beta > 0) || math.IsInf(l.Beta, 0) {
		return nil, errors.New("beta must be positive")
	}
	return in, nil
}

// Build applies the function.
func (l Softplus) Build(_ *Build, x *graph.Node) *graph.Node {
	if l.Beta == 1 {
		return graph.Softplus(x)
	}
	return graph.Scale(graph.Softplus(graph.Scale(x, l.Beta)), 1/l.Beta)
}

// activation is the layer of a name, for presets. Only functions applied element by element are.
func activation(name string) (Layer, bool) {
	switch l := kinds.defaults[name].(type) {
	case Activation:
		return l, true
	case Softplus:
		return l, true
	}
	return nil, false
}

// monotone reports whether a layer is a function that never decreases, applied element by element.
func monotone(l Layer) bool {
	switch l := l.(type) {
	case Activation:
		return l == ReLU || l == Tanh || l == Sigmoid
	case Softplus:
		return true
	}
	return false
}
