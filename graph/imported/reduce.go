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

// largest is the maximum along axes.
func largest(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return reduced(n, in[0], graph.MaxAxis)
}

// softmax is the softmax along an axis or its logarithm.
func softmax(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	axis := integer(n, "axis")
	if axis < 0 {
		axis = in[0].Dims() - 1
	}
	return graph.SoftmaxAxis(in[0], axis, attribute(n, "isLog").Bool())
}
