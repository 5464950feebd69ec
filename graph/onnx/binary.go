package onnx

import (
	"math"
	"slices"

	"drift/graph"
)

// function is one of two values by index: of numbers that are known, and of nodes. A node of a comparison or a logical function is 1 where it
// holds and 0 elsewhere.
type function struct {
	known func(x, y float64) float64
	node  func(x, y *graph.Node) *graph.Node // nil: only of constants
	truth bool                               // its results are true and false
}

func truthOf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// negated is 1 where x is 0 and 0 where it is 1.
func negated(x *graph.Node) *graph.Node { return graph.AddConst(graph.Neg(x), 1) }

var (
	add     = function{func(x, y float64) float64 { return x + y }, graph.Add, false}
	sub     = function{func(x, y float64) float64 { return x - y }, graph.Sub, false}
	mul     = function{func(x, y float64) float64 { return x * y }, graph.Mul, false}
	div     = function{func(x, y float64) float64 { return x / y }, graph.Div, false}
	pow     = function{math.Pow, graph.Pow, false}
	mod     = function{math.Mod, nil, false}
	larger  = function{func(x, y float64) float64 { return max(x, y) }, graph.Max, false}
	smaller = function{func(x, y float64) float64 { return min(x, y) }, graph.Min, false}

	and = function{func(x, y float64) float64 { return truthOf(x != 0 && y != 0) }, graph.Mul, true}
	or  = function{func(x, y float64) float64 { return truthOf(x != 0 || y != 0) }, graph.Max, true}

	less    = function{func(x, y float64) float64 { return truthOf(x < y) }, func(x, y *graph.Node) *graph.Node { return graph.Greater(y, x) }, true}
	greater = function{func(x, y float64) float64 { return truthOf(x > y) }, graph.Greater, true}
	equal   = function{func(x, y float64) float64 { return truthOf(x == y) },
		func(x, y *graph.Node) *graph.Node {
			return negated(graph.Add(graph.Greater(x, y), graph.Greater(y, x)))
		}, true}
	lessOrEqual = function{func(x, y float64) float64 { return truthOf(x <= y) },
		func(x, y *graph.Node) *graph.Node { return negated(graph.Greater(x, y)) }, true}
	greaterOrEqual = function{func(x, y float64) float64 { return truthOf(x >= y) },
		func(x, y *graph.Node) *graph.Node { return negated(graph.Greater(y, x)) }, true}
)

// binary applies a function to two values, repeated to one shape.
func binary(f function) func(*builder, *node, []value) []value {
	return func(b *builder, n *node, in []value) []value { return []value{b.pair(f, n.op, in[0], in[1])} }
}

// variadic applies a function to any number of values, one after the other.
func variadic(f function) func(*builder, *node, []value) []value {
	return func(b *builder, n *node, in []value) []value {
		v := in[0]
		for _, w := range in[1:] {
			if w.absent() {
				fail("an input is missing")
			}
			v = b.pair(f, n.op, v, w)
		}
		return []value{v}
	}
}

func (b *builder) pair(f function, op string, x, y value) value {
	shape, k := broadcastShape(x.shape, y.shape), x.kind
	if f.truth {
		k = truth
	}
	if x.constant() && y.constant() {
		return folded(b.fold(f, op, k, x, y, shape))
	}
	if f.node == nil || k == whole && op == "Div" {
		fail("is computed of constants only")
	}
	return result(f.node(b.nodeOf(b.broadcast(x, shape)), b.nodeOf(b.broadcast(y, shape))), k, shape...)
}

// fold computes a function of constants. Quotients and remainders of whole numbers are rounded as ONNX has it: towards zero, and down.
func (b *builder) fold(f function, op string, k kind, x, y value, shape []int) *array {
	p, q, out := b.expanded(x.array, shape), b.expanded(y.array, shape), b.array(k, shape...)
	for i := range out.values {
		u, v := p.values[i], q.values[i]
		if x.kind == whole && v == 0 && (op == "Div" || op == "Mod") {
			fail("divides a whole number by zero")
		}
		r := f.known(u, v)
		switch {
		case x.kind == whole && op == "Div":
			r = math.Trunc(r)
		case x.kind == whole && op == "Mod" && r != 0 && (r < 0) != (v < 0):
			r += v
		}
		out.values[i] = r
	}
	return out
}

func not(b *builder, _ *node, in []value) []value {
	if x := in[0]; !x.constant() {
		return []value{result(negated(x.node), truth, x.shape...)}
	}
	out := b.array(truth, in[0].shape...)
	for i, v := range in[0].array.values {
		out.values[i] = truthOf(v == 0)
	}
	return []value{folded(out)}
}

// where takes one of two values. A constant that is not taken somewhere leaves no trace there, also where it is infinite.
func where(b *builder, _ *node, in []value) []value {
	c, x, y := in[0], in[1], in[2]
	shape := broadcastShape(c.shape, x.shape, y.shape)
	if c.constant() && x.constant() && y.constant() {
		p, q, out := b.expanded(x.array, shape), b.expanded(y.array, shape), b.array(x.kind, shape...)
		for i, yes := range b.expanded(c.array, shape).values {
			if out.values[i] = q.values[i]; yes != 0 {
				out.values[i] = p.values[i]
			}
		}
		return []value{folded(out)}
	}
	part := func(v value, taken bool) *graph.Node {
		if c.constant() && v.constant() {
			return b.nodeOf(folded(b.masked(c, v, shape, taken)))
		}
		mask := b.nodeOf(b.broadcast(c, shape))
		if !taken {
			mask = negated(mask)
		}
		return graph.Mul(b.data(b.broadcast(v, shape)), mask)
	}
	return []value{result(graph.Add(part(x, true), part(y, false)), x.kind, shape...)}
}

// masked is a constant where another one is true, or false, and 0 elsewhere.
func (b *builder) masked(c, v value, shape []int, taken bool) *array {
	p, out := b.expanded(v.array, shape), b.array(v.kind, shape...)
	for i, yes := range b.expanded(c.array, shape).values {
		if (yes != 0) == taken {
			out.values[i] = p.values[i]
		}
	}
	return out
}

// prelu is x where it is positive, slope·x elsewhere.
func prelu(b *builder, _ *node, in []value) []value {
	x := b.data(in[0])
	if !slices.Equal(broadcastShape(in[0].shape, in[1].shape), in[0].shape) {
		fail("a slope of shape %v for %v", in[1].shape, in[0].shape)
	}
	slope := b.data(b.broadcast(in[1], in[0].shape))
	positive := graph.Relu(x)
	return like(in[0], graph.Add(positive, graph.Mul(slope, graph.Sub(x, positive))))
}
