package objective

import (
	"errors"
	"fmt"
	"slices"

	"drift/graph"
	"drift/kernels"
)

// End is the expression of what follows the last chunk of a pass. It reads sums that are complete, and writes by Set.
type End struct {
	*Builder
	Mean, CovarianceWeight *graph.Node // 1/N and 1/(N−1) of the pass [1]

	scalars map[*graph.Node]int // leaves that are scalars of the pass; numbers are counted from -1 downwards
	numbers []*Number
	values  map[*graph.Node]*Number // leaves that are numbers of the chunks
}

// newEnd builds an expression whose scalars are not bound yet.
func (f *Objective) newEnd(end Finish) (e *End, err error) {
	err = graph.Try(func() {
		e = &End{Builder: f.newBuilder(), scalars: map[*graph.Node]int{}, values: map[*graph.Node]*Number{}}
		e.Mean, e.CovarianceWeight = e.scalar(scalarMean), e.scalar(scalarCovarianceWeight)
		end(e)
	})
	return e, err
}

func (e *End) scalar(place int) *graph.Node {
	n := e.Unbound(e.objective.dtype, fmt.Sprint("scalar ", place), 1)
	e.scalars[n] = place
	return n
}

// Number makes a value [1] a number of the pass.
func (e *End) Number(n *Number, value *graph.Node) {
	e.numbers = append(e.numbers, n)
	e.Set(e.scalar(-len(e.numbers)), value)
}

// Value is a number that the chunks of the pass have added up, [1].
func (e *End) Value(n *Number) *graph.Node {
	leaf := e.Unbound(e.objective.dtype, fmt.Sprint("number ", len(e.values)), 1)
	e.values[leaf] = n
	return leaf
}

// Flat is a vector [P] as one leaf.
func (e *End) Flat(v kernels.Buffer) *graph.Node { return e.Leaf(v, v.Len()) }

// finish makes the program that ends a pass.
func (p *Pass) finish(e *End) (*program, error) {
	for leaf, place := range e.scalars {
		if place < 0 { // behind the numbers of the chunks
			place = p.scalars.Len() - len(e.numbers) - 1 - place
		}
		e.Bind(leaf, p.scalars.Slice(place, place+1))
	}
	for leaf, n := range e.values {
		k := slices.Index(p.numbers, n)
		if k < 0 {
			return nil, errors.New("the end of a pass reads a number that its chunks do not add up")
		}
		e.Bind(leaf, p.scalars.Slice(scalarCount+k, scalarCount+k+1))
	}
	c := &program{Builder: e.Builder}
	return c, c.prepare()
}
