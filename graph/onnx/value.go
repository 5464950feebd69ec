package onnx

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// value is what a name stands for: an array, or a node of the graph, which for a scalar has shape (1).
type value struct {
	array *array
	node  *graph.Node
	shape []int
	kind  kind
}

func (v value) absent() bool   { return v.array == nil && v.node == nil }
func (v value) constant() bool { return v.array != nil }
func (v value) rank() int      { return len(v.shape) }

func (v value) size() int {
	n := 1
	for _, d := range v.shape {
		n *= d
	}
	return n
}

func folded(a *array) value { return value{array: a, shape: a.shape, kind: a.kind} }

// held is the shape of the node that holds a value of some shape.
func held(shape []int) []int {
	if len(shape) == 0 {
		return []int{1}
	}
	return shape
}

// result is a node as a value of some shape.
func result(n *graph.Node, k kind, shape ...int) value {
	if want := held(shape); !slices.Equal(n.Shape(), want) {
		n = graph.Reshape(n, want...)
	}
	return value{node: n, kind: k, shape: slices.Clone(shape)}
}

// like is a node in place of x.
func like(x value, n *graph.Node) []value { return []value{result(n, numbers, x.shape...)} }

// nodeOf is a value as a node, constants included.
func (b *builder) nodeOf(v value) *graph.Node {
	if v.absent() {
		fail("an input is missing")
	}
	if v.node != nil {
		return v.node
	}
	if v.size() == 0 {
		fail("shape %v has no elements", v.shape)
	}
	if c, ok := v.array.uniform(); ok {
		return graph.Full(b.x, c, held(v.shape)...)
	}
	if n, ok := b.leaves[v.array]; ok {
		return n
	}
	n := graph.Constant(b.into(), b.dtype, fmt.Sprintf("constant %d", len(b.leaves)), v.array.values, held(v.shape)...)
	b.leaves[v.array] = n
	return n
}

func (b *builder) into() *gorgonia.ExprGraph { return b.x.Graph() }

// data is a value that must be numbers and a node: constants become nodes.
func (b *builder) data(v value) *graph.Node {
	if v.kind == whole && !v.constant() {
		fail("computes with whole numbers of the data, which is not supported")
	}
	return b.nodeOf(v)
}

// known is a value that must be the same whatever data and parameters are.
func known(v value, what string) *array {
	if !v.constant() {
		fail("its %s depends on data or parameters: only constants are supported", what)
	}
	return v.array
}

// wholes is a constant as whole numbers.
func wholes(v value, what string) []int { return known(v, what).ints() }

// broadcast is a value repeated to a shape that its own fits by the rules of NumPy.
func (b *builder) broadcast(v value, shape []int) value {
	if slices.Equal(v.shape, shape) {
		return v
	}
	if v.constant() {
		if c, ok := v.array.uniform(); ok {
			return result(graph.Full(b.x, c, held(shape)...), v.kind, shape...)
		}
	}
	return result(repeated(b.nodeOf(v), v.shape, shape), v.kind, shape...)
}

// repeated repeats runs of axes of length 1, each run at once.
func repeated(n *graph.Node, from, to []int) *graph.Node {
	own := append(slices.Repeat([]int{1}, len(to)-len(from)), from...)
	for k := 0; k < len(to); k++ {
		end := k
		for end < len(to) && own[end] == 1 && to[end] >= 1 {
			end++
		}
		if end == k || product(to[k:end]) == 1 {
			continue
		}
		before, after := product(to[:k]), product(own[end:])
		n = graph.Reshape(graph.Broadcast(graph.Reshape(n, before, after), 1, product(to[k:end])), before*product(to[k:end]), after)
		k = end - 1
	}
	return graph.Reshape(n, held(to)...)
}

func product(shape []int) int {
	p := 1
	for _, d := range shape {
		p *= d
	}
	return p
}

// broadcastShape is the shape that all of them fit.
func broadcastShape(shapes ...[]int) []int {
	var out []int
	for _, s := range shapes {
		for len(out) < len(s) {
			out = append([]int{1}, out...)
		}
		skip := len(out) - len(s)
		for k, d := range s {
			switch o := &out[skip+k]; {
			case *o == 1:
				*o = d
			case d != 1 && d != *o:
				fail("shapes %v do not fit each other", shapes)
			}
		}
	}
	if _, err := volume(out); err != nil {
		fail("%v", err)
	}
	return out
}

func fail(format string, args ...any) { graph.Fail(fmt.Errorf(format, args...)) }

// axisOf is an axis, counted from the end where it is negative.
func axisOf(axis, rank int) int {
	if axis < -rank || axis >= rank {
		fail("axis %d of %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}
