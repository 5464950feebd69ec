package imported

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

// term is a summand of the loss: factor times the elements of a node that belong to an example, added up; all of them where the
// node is the same for all examples.
type term struct {
	node   *gorgonia.Node
	factor float64
}

// peel takes a scalar loss apart into terms, so that the mean of the examples' losses is the scalar.
func (s *source) peel() ([]term, error) {
	if size(s.Losses) == s.n && s.Losses.Dims() > 0 && s.Losses.Shape()[0] == s.n {
		return []term{{s.Losses, 1}}, nil
	}
	if size(s.Losses) != 1 {
		return nil, fmt.Errorf("Losses has shape %v for a batch of %d: want one for each example, [%d], or a scalar", s.Losses.Shape(), s.n, s.n)
	}
	return s.peeled(s.Losses, 1)
}

func (s *source) peeled(n *gorgonia.Node, factor float64) ([]term, error) {
	if !s.batched(n) { // a penalty on parameters
		return []term{{n, factor}}, nil
	}
	in := children(n)
	switch opName(n) {
	case "elemUnaryOp":
		if unaryKind(n) == 9 {
			return s.peeled(in[0], -factor)
		}
	case "reshapeOp":
		return s.peeled(in[0], factor)
	case "sumOp":
		return []term{{in[0], factor * float64(s.n)}}, nil
	case "elemBinOp":
		return s.peeledPair(n, in[0], in[1], factor)
	}
	return nil, s.unpeeled(n)
}

func (s *source) peeledPair(n, a, b *gorgonia.Node, factor float64) ([]term, error) {
	kind := binaryKind(n)
	ca, known := value(a)
	cb, also := value(b)
	switch {
	case kind == 2 && known:
		return s.peeled(b, factor*ca)
	case kind == 2 && also:
		return s.peeled(a, factor*cb)
	case kind == 3 && also:
		return s.peeled(a, factor/cb)
	case kind > 1:
		return nil, s.unpeeled(n)
	}
	left, err := s.peeled(a, factor)
	if err != nil {
		return nil, err
	}
	if kind == 1 {
		factor = -factor
	}
	right, err := s.peeled(b, factor)
	return append(left, right...), err
}

func (s *source) unpeeled(n *gorgonia.Node) error {
	return fmt.Errorf("the scalar loss is no sum over examples: node %d, %v, is not a mean, a sum, or a multiple of one: give the losses of the examples, [n]",
		n.ID(), n.Op())
}

// value is what a scalar made of constants and sizes is.
func value(n *gorgonia.Node) (float64, bool) {
	if c, ok := uniform(n); ok {
		return c, size(n) == 1
	}
	if opName(n) == "sizeOp" {
		return float64(sizeValue(n)), true
	}
	if opName(n) != "elemBinOp" {
		return 0, false
	}
	in := children(n)
	a, known := value(in[0])
	b, also := value(in[1])
	if !known || !also {
		return 0, false
	}
	switch binaryKind(n) {
	case 0:
		return a + b, true
	case 1:
		return a - b, true
	case 2:
		return a * b, true
	case 3:
		return a / b, true
	}
	return 0, false
}
