package onnx

import (
	"slices"

	"drift/graph"
)

// along takes some indices of an axis, in any order.
func (b *builder) along(x value, axis int, index []int) value {
	to := slices.Clone(x.shape)
	to[axis] = len(index)
	for _, i := range index {
		if i < 0 || i >= x.shape[axis] {
			fail("index %d of axis %d of shape %v", i, axis, x.shape)
		}
	}
	if x.constant() {
		s := strides(x.shape)
		return folded(b.taken(x.array, to, func(i []int) (at int) {
			for k, step := range s {
				if k == axis {
					at += step * index[i[k]]
				} else {
					at += step * i[k]
				}
			}
			return at
		}))
	}
	if len(index) == 0 {
		fail("takes no index of axis %d of shape %v", axis, x.shape)
	}
	if step := steps(index); step > 0 {
		return b.ranged(x, axis, interval{index[0], step, len(index)})
	}
	list := make([]float64, len(index))
	for k, i := range index {
		list[k] = float64(i)
	}
	rows := b.nodeOf(folded(&array{[]int{len(index)}, whole, list}))
	return result(graph.GatherAxis(x.node, axis, rows), x.kind, to...)
}

// interval is the indices from, from+step, … of an axis, count of them.
type interval struct{ from, step, count int }

// ranged takes an interval of an axis.
func (b *builder) ranged(x value, axis int, i interval) value {
	to := slices.Clone(x.shape)
	if to[axis] = i.count; i.count > 0 && i.step > 0 && !x.constant() {
		return result(graph.SliceStep(x.node, axis, i.from, i.from+(i.count-1)*i.step+1, i.step), x.kind, to...)
	}
	if i.count > maxFolded {
		fail("goes back along an axis of %d", x.shape[axis])
	}
	list := make([]int, i.count)
	for k := range list {
		list[k] = i.from + k*i.step
	}
	return b.along(x, axis, list)
}

// steps is the distance between indices that are equally far apart, 0 for others.
func steps(index []int) int {
	if len(index) == 1 {
		return 1
	}
	step := index[1] - index[0]
	for k := range index[1:] {
		if index[k+1]-index[k] != step {
			return 0
		}
	}
	return max(0, step)
}

// gather takes what indices name of an axis: constants, or those in the data.
func gather(b *builder, n *node, in []value) []value {
	x, index := in[0], in[1]
	if x.rank() == 0 {
		fail("takes an index of a scalar")
	}
	axis := axisOf(n.integer("axis", 0), x.rank())
	to := slices.Concat(x.shape[:axis], index.shape, x.shape[axis+1:])
	if index.constant() {
		list := index.array.ints()
		for k, i := range list {
			if i < 0 {
				list[k] += x.shape[axis]
			}
		}
		return shaped(b.along(x, axis, list), to)
	}
	if index.kind != whole {
		fail("indices are no whole numbers")
	}
	if rows := x.shape[axis]; b.tokens == 0 || rows < b.tokens {
		b.tokens = rows
	}
	y := graph.GatherAxis(b.nodeOf(x), axis, graph.Flatten(index.node))
	return []value{result(y, x.kind, to...)}
}

// slice takes ranges of axes, in steps. Before version 10 they are attributes.
func slice(b *builder, n *node, in []value) []value {
	x := in[0]
	starts, ends, axes, by := n.integers("starts"), n.integers("ends"), n.integers("axes"), []int(nil)
	for k, to := range []*[]int{&starts, &ends, &axes, &by} {
		if v, ok := optional(in, k+1); ok {
			*to = wholes(v, "range")
		}
	}
	if axes == nil {
		axes = upTo(len(starts))
	}
	if by == nil {
		by = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(by) != len(starts) {
		fail("has %d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(by))
	}
	for k, axis := range axes {
		axis = axisOf(axis, x.rank())
		if i := indices(starts[k], ends[k], by[k], x.shape[axis]); i.count < x.shape[axis] || by[k] < 0 {
			x = b.ranged(x, axis, i)
		}
	}
	return []value{x}
}

// indices is the range [from, to) of an axis in steps, which go back where negative. Ends are counted from the axis's where negative.
func indices(from, to, step, size int) interval {
	if step == 0 {
		fail("a step of 0")
	}
	if from < 0 {
		from += size
	}
	if to < 0 {
		to += size
	}
	if step > 0 {
		from, to = max(from, 0), min(to, size)
		return interval{from, step, max(0, (to-from+step-1)/step)}
	}
	from, to = min(from, size-1), max(to, -1)
	return interval{from, step, max(0, (from-to-step-1)/-step)}
}

// split cuts an axis into parts.
func split(b *builder, n *node, in []value) []value {
	x := in[0]
	axis := axisOf(n.integer("axis", 0), x.rank())
	size, sizes := x.shape[axis], n.integers("split")
	if v, ok := optional(in, 1); ok {
		sizes = wholes(v, "sizes")
	}
	if sizes == nil {
		parts := n.integer("num_outputs", len(n.outputs))
		if parts < 1 || parts > size {
			fail("cuts an axis of %d into %d parts", size, parts)
		}
		each := (size + parts - 1) / parts
		for left := size; left > 0; left -= each {
			sizes = append(sizes, min(each, left))
		}
	}
	var all []value
	from := 0
	for _, s := range sizes {
		if s < 0 || s > size-from {
			fail("parts %v of an axis of %d", sizes, size)
		}
		part := x
		if s < size {
			part = b.ranged(x, axis, interval{from, 1, s})
		}
		all, from = append(all, part), from+s
	}
	if from != size {
		fail("parts %v of an axis of %d", sizes, size)
	}
	return all
}

// pad surrounds a value with zeros, or cuts it where a number is negative. Before version 11 the numbers are attributes.
func pad(b *builder, n *node, in []value) []value {
	x, pads := in[0], n.integers("pads")
	if v, ok := optional(in, 1); ok {
		pads = wholes(v, "pads")
	}
	axes := upTo(x.rank())
	if v, ok := optional(in, 3); ok {
		axes = wholes(v, "axes")
	}
	with := n.real("value", 0)
	if v, ok := optional(in, 2); ok {
		with = total(known(v, "value").values)
	}
	if mode := n.text("mode", "constant"); mode != "constant" || with != 0 || len(pads) != 2*len(axes) {
		fail("pads by %s with %g: only zeros around it are supported", mode, with)
	}
	for k, axis := range axes {
		axis = axisOf(axis, x.rank())
		before, after := pads[k], pads[k+len(axes)]
		size := x.shape[axis]
		if before < -size || after < -size || before+after <= -size || max(before, after) > maxElements {
			fail("pads %v of shape %v", pads, x.shape)
		}
		if before < 0 || after < 0 {
			x = b.ranged(x, axis, indices(max(0, -before), size-max(0, -after), 1, size))
		}
		if before, after = max(0, before), max(0, after); before+after > 0 {
			to := slices.Clone(x.shape)
			to[axis] += before + after
			if _, err := volume(to); err != nil {
				fail("%v", err)
			}
			x = result(graph.PadAxis(b.nodeOf(x), axis, before, to[axis]), x.kind, to...)
		}
	}
	return []value{x}
}
