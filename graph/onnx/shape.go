package onnx

import (
	"slices"

	"drift/graph"
)

// shaped gives a value another shape of as many elements.
func shaped(x value, to []int) []value {
	if x.constant() {
		return []value{folded(&array{slices.Clone(to), x.kind, x.array.values})}
	}
	return []value{result(x.node, x.kind, to...)}
}

// reshape takes a shape, in which 0 keeps a size and −1 stands for what is left.
func reshape(_ *builder, n *node, in []value) []value {
	x, to, open := in[0], wholes(in[1], "shape"), -1
	for k, d := range to {
		switch {
		case d == 0 && n.integer("allowzero", 0) == 0:
			if k >= x.rank() {
				fail("shape %v keeps an axis that %v has not", to, x.shape)
			}
			to[k] = x.shape[k]
		case d == -1 && open < 0:
			open = k
		case d < 0:
			fail("shape %v", to)
		}
	}
	if open >= 0 {
		to[open] = 1
		if rest, err := volume(to); err == nil && rest > 0 {
			to[open] = x.size() / rest
		}
	}
	if size, err := volume(to); err != nil || size != x.size() {
		fail("makes shape %v of %v: if a size is that of the batch at the export, export with a dynamic batch axis", to, x.shape)
	}
	return shaped(x, to)
}

func flatten(_ *builder, n *node, in []value) []value {
	x, axis := in[0], n.integer("axis", 1)
	if axis < 0 {
		axis += x.rank()
	}
	if axis < 0 || axis > x.rank() {
		fail("axis %d of %d", axis, x.rank())
	}
	return shaped(x, []int{product(x.shape[:axis]), product(x.shape[axis:])})
}

func transpose(b *builder, n *node, in []value) []value {
	x, perm := in[0], n.integers("perm")
	if perm == nil {
		perm = upTo(x.rank())
		slices.Reverse(perm)
	}
	if !slices.Equal(slices.Sorted(slices.Values(perm)), upTo(x.rank())) {
		fail("perm %v for shape %v", perm, x.shape)
	}
	to := make([]int, len(perm))
	for k, axis := range perm {
		to[k] = x.shape[axis]
	}
	if x.rank() == 0 {
		return in[:1]
	}
	if !x.constant() {
		return []value{result(graph.Transpose(x.node, perm...), x.kind, to...)}
	}
	s := strides(x.shape)
	return []value{folded(b.taken(x.array, to, func(i []int) (at int) {
		for k, axis := range perm {
			at += s[axis] * i[k]
		}
		return at
	}))}
}

// axesInput is the axes of an attribute or of the second input, nil where there are none.
func axesInput(n *node, in []value) []int {
	if v, ok := optional(in, 1); ok {
		return wholes(v, "axes")
	}
	return n.integers("axes")
}

func squeeze(_ *builder, n *node, in []value) []value {
	x, axes := in[0], axesInput(n, in)
	if axes == nil {
		for k, d := range x.shape {
			if d == 1 {
				axes = append(axes, k)
			}
		}
	}
	to := slices.Clone(x.shape)
	for _, axis := range slices.Backward(axesOf(axes, x.rank())) {
		if to[axis] != 1 {
			fail("axis %d of shape %v has more than one index", axis, x.shape)
		}
		to = slices.Delete(to, axis, axis+1)
	}
	return shaped(x, to)
}

func unsqueeze(_ *builder, n *node, in []value) []value {
	x, axes := in[0], axesInput(n, in)
	if len(axes)+x.rank() > maxRank {
		fail("more than %d axes", maxRank)
	}
	to := slices.Clone(x.shape)
	for _, axis := range axesOf(axes, x.rank()+len(axes)) {
		to = slices.Insert(to, axis, 1)
	}
	return shaped(x, to)
}

func expand(b *builder, _ *node, in []value) []value {
	x := in[0]
	to := broadcastShape(x.shape, wholes(in[1], "shape"))
	return b.widened(x, to)
}

// widened repeats axes of length 1; a constant stays one.
func (b *builder) widened(x value, to []int) []value {
	if _, err := volume(to); err != nil {
		fail("%v", err)
	}
	if x.constant() {
		return []value{folded(b.expanded(x.array, to))}
	}
	return []value{b.broadcast(x, to)}
}

// tile repeats a value along its axes.
func tile(b *builder, _ *node, in []value) []value {
	x, times := in[0], wholes(in[1], "repeats")
	if len(times) != x.rank() {
		fail("repeats %v for shape %v", times, x.shape)
	}
	to := slices.Clone(x.shape)
	for k, t := range times {
		if t == 1 {
			continue
		}
		before := slices.Clone(to)
		one := slices.Insert(slices.Clone(to), k, 1)
		many := slices.Insert(slices.Clone(before), k, t)
		to[k] *= max(0, min(t, maxElements))
		if _, err := volume(to); err != nil {
			fail("%v", err)
		}
		x = shaped(b.widened(shaped(x, one)[0], many)[0], to)[0]
	}
	return []value{x}
}

func concat(b *builder, n *node, in []value) []value {
	axis := axisOf(n.integer("axis", 0), in[0].rank())
	to, constants := slices.Clone(in[0].shape), true
	for k, v := range in {
		if v.absent() || v.rank() != len(to) {
			fail("joins values of different ranks")
		}
		for j, d := range v.shape {
			if j != axis && d != to[j] {
				fail("joins shapes %v and %v along axis %d", in[0].shape, v.shape, axis)
			}
		}
		if k > 0 {
			to[axis] += v.shape[axis]
		}
		constants = constants && v.constant()
	}
	if constants {
		return []value{folded(b.joined(in, to, axis))}
	}
	var parts []*graph.Node
	for _, v := range in {
		if v.size() > 0 {
			parts = append(parts, b.nodeOf(v))
		}
	}
	return []value{result(graph.Concat(axis, parts...), in[0].kind, to...)}
}

func (b *builder) joined(in []value, to []int, axis int) *array {
	out := b.array(in[0].kind, to...)
	rows, at := product(to[:axis]), 0
	for row := range rows {
		for _, v := range in {
			width := product(v.shape[axis:])
			at += copy(out.values[at:], v.array.values[row*width:(row+1)*width])
		}
	}
	return out
}
