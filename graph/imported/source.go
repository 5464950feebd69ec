package imported

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"drift/graph"
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

// findCut finds the values that do not depend on the target and meet it, or are a term of the loss.
func (s *source) findCut() {
	if s.Target == nil {
		return
	}
	targeted, varies := make(map[*gorgonia.Node]bool), make(map[*gorgonia.Node]bool)
	for _, n := range s.order() {
		targeted[n], varies[n] = n == s.Target, s.given(n)
		for _, c := range children(n) {
			targeted[n], varies[n] = targeted[n] || targeted[c], varies[n] || varies[c]
		}
	}
	add := func(n *gorgonia.Node) {
		if varies[n] && !targeted[n] && !slices.Contains(s.cut, n) && opName(n) != "sizeOp" {
			s.cut = append(s.cut, n)
		}
	}
	for _, t := range s.terms {
		add(t.node)
	}
	for _, n := range s.order() {
		if targeted[n] {
			for _, c := range children(n) {
				add(c)
			}
		}
	}
	s.arrange()
}

// arrange puts what belongs to examples first in the cut, as the one value that it is computed from if there is one.
func (s *source) arrange() {
	var shared []*gorgonia.Node
	s.cut = slices.DeleteFunc(s.cut, func(n *gorgonia.Node) bool {
		if !s.batched(n) {
			shared = append(shared, n)
		}
		return !s.batched(n)
	})
	if len(s.cut) > 1 {
		if v := s.narrow(); v != nil {
			s.cut = []*gorgonia.Node{v}
		}
	}
	s.cut = append(s.cut, shared...)
}

// predictions is the number of values that the network predicts of an example, where they are the first of the outputs; else 0.
func (s *source) predictions() int {
	if len(s.cut) == 0 || !s.batched(s.cut[0]) || len(s.cut) > 1 && s.batched(s.cut[1]) {
		return 0
	}
	return size(s.cut[0]) / s.n
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

// narrow is the last value that all values in the cut are computed from, if there is one.
func (s *source) narrow() *gorgonia.Node {
	for _, v := range slices.Backward(s.order()) {
		if s.batched(v) && !s.given(v) && s.passes(v) {
			return v
		}
	}
	return nil
}

// passes reports whether the cut depends on inputs and parameters through a value alone.
func (s *source) passes(v *gorgonia.Node) bool {
	seen := map[*gorgonia.Node]bool{v: true}
	stack := slices.Clone(s.cut)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case seen[n]:
			continue
		case s.given(n):
			return false
		}
		seen[n] = true
		if opName(n) != "sizeOp" {
			stack = append(stack, children(n)...)
		}
	}
	return true
}

// single reports that one value [n,…] is all of the cut.
func (s *source) single() bool {
	return len(s.cut) == 1 && s.batched(s.cut[0]) && s.cut[0].Dims() > 0 && s.cut[0].Shape()[0] == s.n
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

// outputs is what Losses needs of a batch.
func (s *source) outputs(t *translator, single bool) *graph.Node {
	if s.Target == nil {
		return s.total(t)
	}
	if single {
		return t.translate(s.cut[0])
	}
	var columns []*graph.Node
	for _, n := range s.cut {
		columns = append(columns, s.rows(n, t.translate(n)))
	}
	if len(columns) == 0 {
		graph.Fail(errors.New("imported graph: the loss depends on nothing but the target"))
	}
	return graph.Concat(1, columns...)
}

// rows is a value with one row for each example.
func (s *source) rows(n *gorgonia.Node, x *graph.Node) *graph.Node {
	if s.batched(n) {
		if graph.Size(x)%s.n != 0 {
			fail(n, "is made of data without being each example's own: examples influence each other")
		}
		return graph.Reshape(x, s.n, graph.Size(x)/s.n)
	}
	return graph.Broadcast(graph.Flatten(x), 0, s.n)
}

// losses is the loss of each example from what outputs made.
func (s *source) losses(t *translator, outputs *graph.Node, single bool) *graph.Node {
	if s.Target == nil {
		return outputs
	}
	if single {
		t.done[s.cut[0]] = graph.Reshape(outputs, shapeOf(s.cut[0])...)
		return s.total(t)
	}
	at := 0
	for _, n := range s.cut {
		width := size(n)
		if s.batched(n) {
			width /= s.n
		}
		part := graph.SliceAxis(outputs, 1, at, at+width)
		at += width
		if s.batched(n) {
			t.done[n] = graph.Reshape(part, shapeOf(n)...)
		} else {
			t.alone[n] = part
		}
	}
	return s.total(t)
}

// total is the sum of the terms, [n].
func (s *source) total(t *translator) *graph.Node {
	var whole *graph.Node
	for _, term := range s.terms {
		part := s.share(t, term)
		if whole == nil {
			whole = part
		} else {
			whole = graph.Add(whole, part)
		}
	}
	return whole
}

// share is a term of each example's loss, [n].
func (s *source) share(t *translator, term term) *graph.Node {
	rows, shared := t.alone[term.node]
	if !shared {
		rows = s.rows(term.node, t.translate(term.node))
	}
	return graph.Scale(graph.SumTail(rows), term.factor)
}
