package optim

import (
	"drift/graph"
)

// Transform is one stage between a gradient and the step that is taken: d [P] becomes another direction [P]. What it must
// remember from step to step it declares as state.
type Transform interface {
	Apply(u *Symbols, d *graph.Node) *graph.Node
}

// Chain applies transformations in order.
type Chain []Transform

var _ Transform = Chain(nil)

func (c Chain) Apply(u *Symbols, d *graph.Node) *graph.Node {
	for _, t := range c {
		d = t.Apply(u, d)
	}
	return d
}

// Symbols is the update under construction, as a transformation sees it.
type Symbols struct {
	// Parameters is θ [P] before the step.
	Parameters *graph.Node
	state      map[string]*graph.Node
	updates    []graph.Update
}

// Vector declares a vector [P] that lasts from step to step. It starts as zeros; checkpoints hold it under its name, which no
// other state of the update has.
func (u *Symbols) Vector(name string) *graph.Node { return u.declare(name, u.Parameters.Shape()...) }

// Scalar declares a number, of shape (1), that lasts from step to step like a Vector: a count of steps, for example.
func (u *Symbols) Scalar(name string) *graph.Node { return u.declare(name, 1) }

func (u *Symbols) declare(name string, shape ...int) *graph.Node {
	if u.state[name] != nil {
		panic("optim: two states of an update have the name " + name)
	}
	leaf := graph.Input(u.Parameters.Graph(), graph.DTypeOf(u.Parameters), name, shape...)
	u.state[name] = leaf
	return leaf
}

// Set gives a state its value for the next step.
func (u *Symbols) Set(state, value *graph.Node) {
	u.updates = append(u.updates, graph.Update{Leaf: state, Value: value})
}
