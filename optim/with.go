package optim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"drift/graph"
	"drift/optim/options"
)

// With is an optimizer whose steps go through further transformations, in order, behind its own: η multiplies what the last one
// returns. Its options are those of o. The theory's statements are not applied to it, as what the transformations do is unknown.
func With(o Optimizer, t ...Transform) Optimizer {
	if w, ok := o.(transformed); ok {
		return transformed{w.Optimizer, append(slices.Clone(w.added), t...)}
	}
	return transformed{o, t}
}

type transformed struct {
	Optimizer
	added []Transform
}

var (
	_ Optimizer       = transformed{}
	_ options.Wrapper = transformed{}
)

func (w transformed) Transform() Transform {
	c := Chain{w.Optimizer.Transform()}
	for k, t := range w.added {
		c = append(c, named{fmt.Sprintf("added.%d.", k), t})
	}
	return c
}

// Wrapped is the optimizer without the transformations.
func (w transformed) Wrapped() any { return w.Optimizer }

// Around is another optimizer with the same transformations.
func (w transformed) Around(o any) any { return transformed{o.(Optimizer), w.added} }

// MarshalJSON writes the options, as those of the optimizer.
func (w transformed) MarshalJSON() ([]byte, error) { return json.Marshal(w.Optimizer) }

// NotSearched is what the optimizer leaves out of a search.
func (w transformed) NotSearched() []string {
	if n, ok := w.Optimizer.(interface{ NotSearched() []string }); ok {
		return n.NotSearched()
	}
	return nil
}

func (w transformed) String() string {
	names := make([]string, len(w.added))
	for k, t := range w.added {
		names[k] = fmt.Sprintf("%T", t)
	}
	return NameOf(w.Optimizer) + " with " + strings.Join(names, ", ")
}

// named is a transformation whose states have a prefix, so that it may stand in a chain twice.
type named struct {
	prefix string
	Transform
}

func (n named) Apply(u *Symbols, d *graph.Node) *graph.Node {
	return n.Transform.Apply(u.within(n.prefix), d)
}
