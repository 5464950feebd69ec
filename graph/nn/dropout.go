package nn

import (
	"fmt"

	"drift/graph"
)

// Dropout sets each element to zero with probability P while it trains, and multiplies those that are kept by 1/(1−P) (Srivastava et al.
// 2014; PyTorch's nn.Dropout). Elsewhere it is the identity: in evaluation, measurements and checks.
type Dropout struct {
	P float64 `json:"p"`
}

// Shape is that of the input.
func (l Dropout) Shape(_ *Scope, in []int) ([]int, error) { return in, probability("p", l.P) }

// Build draws which elements are kept.
func (l Dropout) Build(b *Build, x *graph.Node) *graph.Node { return b.dropout(x, l.P) }

// dropout is x, of which elements are dropped in training.
func (b *Build) dropout(x *graph.Node, p float64) *graph.Node {
	if !b.drops(p) {
		return x
	}
	return graph.Dropout(x, b.Uniform(x.Shape()[1:]...), p)
}

// drops reports whether dropout changes anything.
func (b *Build) drops(p float64) bool { return p != 0 && b.net.Uniform != nil }

// probability checks an attribute that is one.
func probability(name string, p float64) error {
	if !(p >= 0 && p <= 1) {
		return fmt.Errorf("%s is %v: a probability lies in 0 … 1", name, p)
	}
	return nil
}
