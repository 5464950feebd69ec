package imported

import (
	"slices"

	"gorgonia.org/gorgonia"
)

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
