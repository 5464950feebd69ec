package nn

import (
	"fmt"
	"slices"

	"drift/graph"
)

// residual is s(x) + f(x); without a shortcut s is the identity.
type residual struct {
	Layers   layerList `json:"layers"`
	Shortcut layerList `json:"shortcut,omitempty"`
}

func (residual) kind() string { return "residual" }

func (r residual) infer(s scope, in []int) ([]int, error) {
	if len(r.Layers) == 0 {
		return nil, fmt.Errorf("there are no layers in the block")
	}
	out, err := s.chain(in, r.Layers)
	if err != nil {
		return nil, err
	}
	short, err := scope{s.model, s.prefix + "shortcut."}.chain(in, r.Shortcut)
	if err != nil {
		return nil, fmt.Errorf("shortcut: %w", err)
	}
	if !slices.Equal(out, short) {
		return nil, fmt.Errorf("the block ends in shape %s but its shortcut in %s: they are added, so they must agree", dims(out), dims(short))
	}
	return out, nil
}

func (r residual) build(b *builder, x *graph.Node) *graph.Node {
	y := b.chain(x, r.Layers)
	return graph.Add(b.chain(x, r.Shortcut), y)
}
