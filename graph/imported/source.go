package imported

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"drift/kernels"
)

// source is a network as it was built for n examples.
type source struct {
	Graph
	n     int
	terms []term
	cut   []*gorgonia.Node // what is known before the target is
	known map[*gorgonia.Node]bool
}

// tried is the type in which a network is tried; nothing is computed.
const tried = kernels.Float64

func newSource(b Graph, n int) (*source, error) {
	s := &source{Graph: b, n: n, known: make(map[*gorgonia.Node]bool)}
	if err := s.check(); err != nil {
		return nil, err
	}
	terms, err := s.peel()
	if err != nil {
		return nil, err
	}
	s.terms = terms
	for _, n := range s.order() {
		if reason := s.refused(n); reason != "" {
			return nil, refusal(n, reason)
		}
	}
	s.findCut()
	return s, nil
}

func (s *source) check() error {
	if s.Losses == nil {
		return errors.New("Losses is nil")
	}
	if len(s.Params) == 0 || len(s.Inputs) == 0 {
		return errors.New("Params and Inputs need at least one node each")
	}
	names := make(map[string]bool)
	for _, p := range s.Params {
		if err := leaf("parameter", p); err != nil {
			return err
		}
		if names[p.Name()] || p.Name() == "" {
			return fmt.Errorf("parameter %q: each needs a name of its own", p.Name())
		}
		names[p.Name()] = true
	}
	data := slices.Clone(s.Inputs)
	if s.Target != nil {
		data = append(data, s.Target)
	}
	for _, d := range data {
		if err := leaf("input", d); err != nil {
			return err
		}
		if d.Dims() == 0 || d.Shape()[0] != s.n {
			return fmt.Errorf("input %s has shape %v for a batch of %d: the batch is its first axis", d.Name(), d.Shape(), s.n)
		}
	}
	return nil
}

func leaf(what string, n *gorgonia.Node) error {
	if n == nil {
		return fmt.Errorf("one %s is nil", what)
	}
	if n.Op() != nil {
		return fmt.Errorf("%s %s is computed by %v: it must be a leaf", what, n.Name(), n.Op())
	}
	return nil
}

// given reports a parameter, an input or the target.
func (s *source) given(n *gorgonia.Node) bool {
	return n == s.Target || slices.Contains(s.Inputs, n) || slices.Contains(s.Params, n)
}

// order is the nodes of the loss, children first.
func (s *source) order() []*gorgonia.Node {
	var all []*gorgonia.Node
	seen := make(map[*gorgonia.Node]bool)
	var visit func(n *gorgonia.Node)
	visit = func(n *gorgonia.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, c := range children(n) {
			visit(c)
		}
		all = append(all, n)
	}
	for _, t := range s.terms {
		visit(t.node)
	}
	return all
}

// batched reports whether a value depends on data. All that does has the examples in it, or mixes them, which is refused.
func (s *source) batched(n *gorgonia.Node) bool {
	if yes, ok := s.known[n]; ok {
		return yes
	}
	yes := n == s.Target || slices.Contains(s.Inputs, n)
	if opName(n) != "sizeOp" {
		for _, c := range children(n) {
			yes = s.batched(c) || yes
		}
	}
	s.known[n] = yes
	return yes
}
