package imported

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
)

// alike checks that two builds differ in nothing but the size of the batch.
func alike(a, b *source) error {
	if len(a.Params) != len(b.Params) || len(a.Inputs) != len(b.Inputs) || (a.Target == nil) != (b.Target == nil) || a.OneHot != b.OneHot {
		return fmt.Errorf("it has other parameters, inputs or targets for %d examples than for %d", b.n, a.n)
	}
	for i, p := range a.Params {
		if q := b.Params[i]; q.Name() != p.Name() || !slices.Equal(shapeOf(p), shapeOf(q)) {
			return fmt.Errorf("parameter %s of shape %v is %s of shape %v for %d examples", p.Name(), p.Shape(), q.Name(), q.Shape(), b.n)
		}
	}
	pair := slices.Concat(a.Inputs, []*gorgonia.Node{a.Target})
	for i, other := range slices.Concat(b.Inputs, []*gorgonia.Node{b.Target}) {
		if x := pair[i]; x != nil && !slices.Equal(x.Shape()[1:], other.Shape()[1:]) {
			return fmt.Errorf("input %s has examples of shape %v, and of shape %v in a batch of %d", x.Name(), x.Shape()[1:], other.Shape()[1:], b.n)
		}
	}
	for i, t := range a.terms {
		if i >= len(b.terms) || math.Abs(t.factor-b.terms[i].factor) > 1e-9*math.Abs(t.factor) {
			return fmt.Errorf("the loss is weighted otherwise for %d examples than for %d: divide a sum by SizeOf, or use Mean", b.n, a.n)
		}
	}
	x, y := a.order(), b.order()
	if len(x) != len(y) {
		return fmt.Errorf("it has %d nodes for %d examples and %d for %d: the batch size may change shapes only", len(x), a.n, len(y), b.n)
	}
	for i := range x {
		if err := sameNode(a, b, x[i], y[i]); err != nil {
			return err
		}
	}
	return nil
}

// sameNode checks two nodes at the same place of both builds.
func sameNode(a, b *source, x, y *gorgonia.Node) error {
	differ := fmt.Errorf("node %d, %v, differs between batches of %d and %d examples in more than the batch", x.ID(), name(x), a.n, b.n)
	if opName(x) != opName(y) || x.Dims() != y.Dims() || a.given(x) != b.given(y) || a.batched(x) != b.batched(y) || len(children(x)) != len(children(y)) {
		return differ
	}
	switch opName(x) {
	case "elemUnaryOp":
		if unaryKind(x) != unaryKind(y) {
			return differ
		}
	case "elemBinOp":
		if binaryKind(x) != binaryKind(y) {
			return differ
		}
	}
	if a.given(x) || !isConstant(x) {
		return nil
	}
	if c, ok := uniform(x); ok { // of any shape: zeros for each example, say
		if d, too := uniform(y); too && c == d {
			return nil
		}
	}
	u, err := numbers(x)
	if err != nil {
		return fmt.Errorf("%v: %w", name(x), err)
	}
	if v, err := numbers(y); err != nil || !slices.Equal(u, v) {
		return fmt.Errorf("constant %v is not the same for %d and %d examples: the loss of an example must not depend on the size of the batch",
			name(x), a.n, b.n)
	}
	return nil
}
