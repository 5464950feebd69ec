package imported

import (
	"slices"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// reduced reduces axes one after the other, the last one first.
func reduced(n *gorgonia.Node, x *graph.Node, one func(x *graph.Node, axis int) *graph.Node) *graph.Node {
	axes := slices.Clone(integers(n, "along"))
	if len(axes) == 0 {
		x, axes = graph.Flatten(x), []int{0}
	}
	slices.Sort(axes)
	for _, axis := range slices.Backward(slices.Compact(axes)) {
		x = one(x, axis)
	}
	return graph.Reshape(x, shapeOf(n)...)
}

func summed(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return reduced(n, in[0], graph.Sum)
}

// largest is the maximum along axes, by pooling over rows.
func largest(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return reduced(n, in[0], func(x *graph.Node, axis int) *graph.Node {
		rows, shape := lastAxis(x, axis)
		k := shape[axis]
		size := [2]int{1, k}
		y := graph.MaxPool2D(graph.Reshape(rows, graph.Size(x)/k, 1, 1, k), size, size, [2]int{})
		rest := slices.Delete(shape, axis, axis+1)
		if len(rest) == 0 {
			rest = []int{1}
		}
		return graph.Reshape(y, rest...)
	})
}

// lastAxis moves an axis behind the others. It returns the shape before.
func lastAxis(x *graph.Node, axis int) (moved *graph.Node, shape []int) {
	var perm []int
	for k := range x.Dims() {
		if k != axis {
			perm = append(perm, k)
		}
	}
	return graph.Transpose(x, append(perm, axis)...), slices.Clone([]int(x.Shape()))
}

// softmax is the softmax along an axis or its logarithm.
func softmax(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x, axis := in[0], integer(n, "axis")
	if axis < 0 {
		axis = x.Dims() - 1
	}
	moved, shape := lastAxis(x, axis)
	rows := graph.Reshape(moved, graph.Size(x)/shape[axis], shape[axis])
	if attribute(n, "isLog").Bool() {
		rows = graph.LogSoftmax(rows)
	} else {
		rows = graph.Softmax(rows)
	}
	var back []int
	for k := range shape {
		switch {
		case k < axis:
			back = append(back, k)
		case k == axis:
			back = append(back, len(shape)-1)
		default:
			back = append(back, k-1)
		}
	}
	return graph.Transpose(graph.Reshape(rows, moved.Shape()...), back...)
}
