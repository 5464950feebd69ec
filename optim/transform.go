package optim

import (
	"fmt"
	"slices"

	"drift/graph"
	"drift/graph/objective"
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
	// Rate is the learning rate η [1], by which the step is multiplied once all transformations are done.
	Rate *graph.Node
	// Params are the tensors that θ consists of, in order.
	Params []objective.Param

	build  *graph.Builder
	state  map[string]*graph.Node
	prefix string // of the names of states declared from here on
}

// Vector declares a vector [P] that lasts from step to step. It starts as zeros; checkpoints hold it under its name, which no
// other state of the update has.
func (u *Symbols) Vector(name string) *graph.Node { return u.State(name, u.Parameters.Shape()...) }

// Scalar declares a number, of shape (1), that lasts from step to step like a Vector: a count of steps, for example.
func (u *Symbols) Scalar(name string) *graph.Node { return u.State(name, 1) }

// State declares a tensor of any shape that lasts from step to step like a Vector.
func (u *Symbols) State(name string, shape ...int) *graph.Node {
	name = u.prefix + name
	if u.state[name] != nil {
		graph.Fail(fmt.Errorf("two states of an update have the name %q: give each transformation's states names of their own", name))
	}
	u.state[name] = u.build.Unbound(graph.DTypeOf(u.Parameters), "state "+name, shape...)
	return u.state[name]
}

// Set gives a state its value for the next step.
func (u *Symbols) Set(state, value *graph.Node) { u.build.Set(state, value) }

// Parts cuts a vector [P] into one node for each of Params, in its shape.
func (u *Symbols) Parts(d *graph.Node) []*graph.Node {
	parts := make([]*graph.Node, len(u.Params))
	for k, p := range u.Params {
		parts[k] = graph.Reshape(graph.SliceAxis(d, 0, p.Offset, p.Offset+p.Len), p.Shape...)
	}
	return parts
}

// Whole is the vector [P] of parts in the shapes of Params: what Parts cut.
func (u *Symbols) Whole(parts []*graph.Node) *graph.Node {
	if len(parts) != len(u.Params) {
		graph.Fail(fmt.Errorf("a vector made of %d parts, where the parameters are %d tensors", len(parts), len(u.Params)))
	}
	flat := make([]*graph.Node, len(parts))
	for k, p := range u.Params {
		if shape := parts[k].Shape(); !slices.Equal(shape, p.Shape) {
			graph.Fail(fmt.Errorf("the part of %s has shape %v, want %v", p.Name, shape, p.Shape))
		}
		flat[k] = graph.Reshape(parts[k], p.Len)
	}
	return graph.Concat(0, flat...)
}

// within is the same update, with a prefix for the names of states.
func (u *Symbols) within(prefix string) *Symbols {
	inner := *u
	inner.prefix += prefix
	return &inner
}
