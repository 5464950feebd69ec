package nn

import (
	"fmt"
	"slices"

	"drift/graph"
)

// Residual is s(x) + f(x), with Layers as f and Shortcut as s; without a shortcut s is the identity (He et al. 2015).
type Residual struct {
	Layers   Layers `json:"layers"`
	Shortcut Layers `json:"shortcut,omitempty"`
}

// Shape is that of both branches.
func (r Residual) Shape(s *Scope, in []int) ([]int, error) {
	if len(r.Layers) == 0 {
		return nil, fmt.Errorf("there are no layers in the block")
	}
	out, err := s.Within("", r.Layers, in)
	if err != nil {
		return nil, err
	}
	short, err := s.Within("shortcut", r.Shortcut, in)
	if err != nil {
		return nil, fmt.Errorf("shortcut: %w", err)
	}
	if !slices.Equal(out, short) {
		return nil, fmt.Errorf("the block ends in shape %s but its shortcut in %s: they are added, so they must agree", dims(out), dims(short))
	}
	return out, nil
}

// Build adds the branches.
func (r Residual) Build(b *Build, x *graph.Node) *graph.Node {
	y := b.Within("", r.Layers, x)
	return graph.Add(b.Within("shortcut", r.Shortcut, x), y)
}
