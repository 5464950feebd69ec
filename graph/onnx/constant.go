package onnx

import (
	"math"
	"slices"
)

func identity(_ *builder, _ *node, in []value) []value { return in[:1] }

// dropout is the identity: an exported network has it off.
func dropout(_ *builder, _ *node, in []value) []value {
	if v, ok := optional(in, 2); ok && total(known(v, "training_mode").values) != 0 {
		fail("is on: export the network in evaluation mode")
	}
	return in[:1]
}

// cast changes the type of constants. Of data it makes numbers of whole numbers and of truth, and nothing else.
func cast(b *builder, n *node, in []value) []value {
	x := in[0]
	to, ok := types[n.integer("to", 0)]
	if !ok {
		fail("to ONNX's type %d is not supported", n.integer("to", 0))
	}
	if !x.constant() {
		if x.kind == numbers && to.kind != numbers || to.kind == truth && x.kind != truth {
			fail("numbers of the data or parameters to %s is not supported", to.name)
		}
		x.kind = to.kind
		return []value{x}
	}
	out := b.array(to.kind, x.shape...)
	for k, v := range x.array.values {
		switch {
		case to.kind == truth:
			v = truthOf(v != 0)
		case to.kind == whole:
			v = math.Trunc(v)
		case to.name == "float":
			v = float64(float32(v))
		}
		out.values[k] = v
	}
	return []value{folded(out)}
}

func shape(_ *builder, n *node, in []value) []value {
	s := in[0].shape
	place := func(name string, without int) int {
		k := n.integer(name, without)
		if k < 0 {
			k += len(s)
		}
		return max(0, min(k, len(s)))
	}
	from, to := place("start", 0), place("end", len(s))
	return []value{folded(integers(s[from:max(from, to)]...))}
}

func size(_ *builder, _ *node, in []value) []value {
	a := integers(in[0].size())
	a.shape = nil
	return []value{folded(a)}
}

// span is the numbers from a start on, in steps, below a limit.
func span(b *builder, _ *node, in []value) []value {
	var x [3]float64
	for k, v := range in {
		c, ok := known(v, "range").uniform()
		if !ok || v.size() != 1 {
			fail("takes scalars")
		}
		x[k] = c
	}
	count := math.Ceil((x[1] - x[0]) / x[2])
	if !(count < maxElements) {
		fail("from %g to %g in steps of %g", x[0], x[1], x[2])
	}
	out := b.array(in[0].kind, int(max(0, count)))
	for k := range out.values {
		out.values[k] = x[0] + float64(k)*x[2]
	}
	return []value{folded(out)}
}

func constant(_ *builder, n *node, _ []value) []value {
	if a, ok := n.attribute("value", kindTensor); ok && a.t != nil {
		return []value{folded(a.t.array())}
	}
	if a, ok := n.attribute("value_float", kindFloat); ok {
		return []value{folded(&array{nil, numbers, []float64{a.f}})}
	}
	if a, ok := n.attribute("value_floats", kindFloats); ok {
		return []value{folded(&array{[]int{len(a.floats)}, numbers, slices.Clone(a.floats)})}
	}
	if _, ok := n.attribute("value_int", kindInt); ok {
		a := integers(n.integer("value_int", 0))
		a.shape = nil
		return []value{folded(a)}
	}
	if _, ok := n.attribute("value_ints", kindInts); ok {
		return []value{folded(integers(n.integers("value_ints")...))}
	}
	fail("has no value")
	return nil
}

func constantOfShape(b *builder, n *node, in []value) []value {
	k, c := numbers, 0.
	if a, ok := n.attribute("value", kindTensor); ok && a.t != nil {
		of := a.t.array()
		if len(of.values) != 1 {
			fail("value has shape %v", of.shape)
		}
		k, c = of.kind, of.values[0]
	}
	out := b.array(k, wholes(in[0], "shape")...)
	for i := range out.values {
		out.values[i] = c
	}
	return []value{folded(out)}
}

// triangle keeps a constant's elements on and above a diagonal of its matrices, or on and below it.
func triangle(b *builder, n *node, in []value) []value {
	a, k := known(in[0], "matrix"), 0
	if v, ok := optional(in, 1); ok {
		for _, i := range wholes(v, "diagonal") {
			k = i
		}
	}
	if len(a.shape) < 2 {
		fail("takes matrices, not shape %v", a.shape)
	}
	out, i := b.array(a.kind, a.shape...), make([]int, len(a.shape))
	for at, v := range a.values {
		row, col := i[len(i)-2], i[len(i)-1]
		if upper := n.integer("upper", 1) != 0; upper && col-row >= k || !upper && col-row <= k {
			out.values[at] = v
		}
		next(i, a.shape)
	}
	return []value{folded(out)}
}
