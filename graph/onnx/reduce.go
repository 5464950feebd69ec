package onnx

import (
	"math"
	"slices"

	"drift/graph"
)

const reducing = "axes keepdims noop_with_empty_axes"

// reducer puts the elements along an axis together: of numbers that are known, and of nodes, for which axis is gone from the result.
type reducer struct {
	known func(x []float64) float64
	node  func(x *graph.Node, axis int) *graph.Node // nil: only of constants
	first func(x *graph.Node) *graph.Node           // what each element becomes before, nil for itself
	last  func(x *graph.Node) *graph.Node           // and each result behind
}

func total(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

func squared(x []float64) (s float64) {
	for _, v := range x {
		s += v * v
	}
	return s
}

func smallest(x *graph.Node, axis int) *graph.Node {
	return graph.Neg(graph.MaxAxis(graph.Neg(x), axis))
}

var (
	sums     = reducer{total, graph.Sum, nil, nil}
	means    = reducer{func(x []float64) float64 { return total(x) / float64(len(x)) }, graph.Mean, nil, nil}
	maxima   = reducer{slices.Max[[]float64], graph.MaxAxis, nil, nil}
	minima   = reducer{slices.Min[[]float64], smallest, nil, nil}
	squares  = reducer{squared, graph.Sum, graph.Square, nil}
	norms    = reducer{func(x []float64) float64 { return math.Sqrt(squared(x)) }, graph.Sum, graph.Square, graph.Sqrt}
	products = reducer{func(x []float64) float64 {
		p := 1.
		for _, v := range x {
			p *= v
		}
		return p
	}, nil, nil, nil}
)

// reduction reduces the axes of an attribute or an input, or all of them.
func reduction(r reducer) func(*builder, *node, []value) []value {
	return func(b *builder, n *node, in []value) []value {
		x, axes := in[0], n.integers("axes")
		if v, ok := optional(in, 1); ok {
			axes = wholes(v, "axes")
		}
		if len(axes) == 0 {
			if n.integer("noop_with_empty_axes", 0) != 0 {
				return []value{x}
			}
			axes = upTo(x.rank())
		}
		axes = axesOf(axes, x.rank())
		if x.constant() {
			return []value{folded(b.reduced(r, x.array, axes, n.integer("keepdims", 1) != 0))}
		}
		if r.node == nil {
			fail("is computed of constants only")
		}
		y, shape := b.data(x), slices.Clone(x.shape)
		if r.first != nil {
			y = r.first(y)
		}
		for _, axis := range slices.Backward(axes) {
			y = r.node(y, axis)
			if shape[axis] = 1; n.integer("keepdims", 1) == 0 {
				shape = slices.Delete(shape, axis, axis+1)
			}
		}
		if r.last != nil {
			y = r.last(y)
		}
		return []value{result(y, numbers, shape...)}
	}
}

func upTo(n int) []int {
	all := make([]int, n)
	for k := range all {
		all[k] = k
	}
	return all
}

// axesOf is axes counted from the beginning, in order, each once.
func axesOf(axes []int, rank int) []int {
	all := make([]int, len(axes))
	for k, axis := range axes {
		all[k] = axisOf(axis, rank)
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(all) {
		fail("axes %v name one twice", axes)
	}
	return all
}

// reduced reduces axes of a constant.
func (b *builder) reduced(r reducer, a *array, axes []int, keep bool) *array {
	whole, short := slices.Clone(a.shape), []int(nil)
	for k, d := range a.shape {
		if slices.Contains(axes, k) {
			whole[k] = 1
		} else {
			short = append(short, d)
		}
	}
	out := b.array(a.kind, whole...)
	groups := make([][]float64, len(out.values))
	s, i := strides(whole), make([]int, len(a.shape))
	for _, v := range a.values {
		at := 0
		for k, step := range s {
			if whole[k] > 1 {
				at += step * i[k]
			}
		}
		groups[at] = append(groups[at], v)
		next(i, a.shape)
	}
	for k, g := range groups {
		if len(g) == 0 {
			fail("reduces no elements")
		}
		out.values[k] = r.known(g)
	}
	if !keep {
		out.shape = short
	}
	return out
}
