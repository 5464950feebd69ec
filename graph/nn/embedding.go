package nn

import (
	"cmp"
	"fmt"

	"drift/graph"
)

// Embedding looks up a row of a table for each id of the input: [t…] → [t…,Width], with the table as "weight" [Tokens,Width].
// Initial values are N(0, 1), as PyTorch's, or N(0, Std²).
type Embedding struct {
	Tokens int     `json:"tokens"` // ids are whole numbers below it
	Width  int     `json:"width"`
	Std    float64 `json:"std,omitempty"`
}

// Shape is [t…] → [t…,Width].
func (l Embedding) Shape(s *Scope, in []int) ([]int, error) {
	if err := atLeastOne("tokens", l.Tokens); err != nil {
		return nil, err
	}
	if err := atLeastOne("width", l.Width); err != nil {
		return nil, err
	}
	if err := s.ids(l.Tokens); err != nil {
		return nil, err
	}
	if err := notNegative("std", l.Std); err != nil {
		return nil, err
	}
	return append(append([]int(nil), in...), l.Width), s.Param("weight", Normal(cmp.Or(l.Std, 1)), l.Tokens, l.Width)
}

// Build looks up.
func (l Embedding) Build(b *Build, x *graph.Node) *graph.Node {
	rows := graph.Gather(b.Param("weight"), graph.Reshape(x, graph.Size(x)))
	return graph.Reshape(rows, append(append([]int(nil), x.Shape()...), l.Width)...)
}

// ids declares that the layer takes whole numbers below n, which only the model's input holds.
func (s *Scope) ids(n int) error {
	input := &s.model.Input
	switch {
	case !s.raw:
		return fmt.Errorf("it takes ids, and so must come first")
	case input.Index == 0:
		input.Index = n
	case input.Index > n:
		return fmt.Errorf("it knows %d tokens but the input has ids up to %d", n, input.Index-1)
	}
	return nil
}

// Positions adds a learned row to each position: x [t,e] plus the first t rows of "weight" [Length,e]. Initial values are N(0, 0.02²), or
// N(0, Std²).
type Positions struct {
	Length int     `json:"length"` // at least t
	Std    float64 `json:"std,omitempty"`
}

// Shape is that of the input, [t,e].
func (l Positions) Shape(s *Scope, in []int) ([]int, error) {
	if err := sequences(in); err != nil {
		return nil, err
	}
	if err := atLeastOne("length", l.Length); err != nil {
		return nil, err
	}
	if l.Length < in[0] {
		return nil, fmt.Errorf("length is %d but examples have %d positions", l.Length, in[0])
	}
	if err := notNegative("std", l.Std); err != nil {
		return nil, err
	}
	return in, s.Param("weight", Normal(cmp.Or(l.Std, 0.02)), l.Length, in[1])
}

// Build adds.
func (l Positions) Build(b *Build, x *graph.Node) *graph.Node {
	rows := b.Param("weight")
	if t := x.Shape()[1]; t < l.Length {
		rows = graph.SliceAxis(rows, 0, 0, t)
	}
	return graph.Add(x, graph.Reshape(graph.Broadcast(rows, 0, x.Shape()[0]), x.Shape()...))
}
