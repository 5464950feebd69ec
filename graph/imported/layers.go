package imported

import (
	"gorgonia.org/gorgonia"

	"drift/graph"
)

func maxPooled(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	kernel, stride, padding := pooling(n)
	return graph.MaxPool2D(in[0], kernel, stride, padding)
}

// meanPooled counts padding, as PyTorch does unless told otherwise.
func meanPooled(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	kernel, stride, padding := pooling(n)
	return graph.AvgPool2D(in[0], kernel, stride, padding)
}

// pooling is the attributes of a maxPoolOp or an avgPoolOp.
func pooling(n *gorgonia.Node) (kernel, stride, padding [2]int) {
	top, left := integer(n, "padNorth"), integer(n, "padWest")
	if integer(n, "padSouth") != top || integer(n, "padEast") != left {
		fail(n, "has no translation: padding that differs between the sides")
	}
	return [2]int{integer(n, "h"), integer(n, "w")}, [2]int{integer(n, "strideH"), integer(n, "strideW")}, [2]int{top, left}
}

// averaged is the mean of each channel of images.
func averaged(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	s := in[0].Shape()
	return graph.Reshape(graph.Mean(graph.Reshape(in[0], s[0], s[1], s[2]*s[3]), 2), shapeOf(n)...)
}

// upsampled repeats each pixel in a square.
func upsampled(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	k := integer(n, "stride") + 1
	return graph.Reshape(graph.Broadcast(graph.Broadcast(in[0], 3, k), 5, k), shapeOf(n)...)
}

// dropped is the identity in evaluation, and where dropout is switched off.
func dropped(t *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x, p, examples := in[0], attribute(n, "probability").Float(), t.source.n
	switch {
	case !attribute(n, "isTraining").Bool() || p == 0:
		return x
	case t.late:
		fail(n, "drops what the target has entered: apply it to what the network computes")
	case !t.source.batched(n) || x.Shape()[0]%examples != 0:
		fail(n, "has no translation: dropout of what does not have the batch as its first axis, so that each example has a mask of its own")
	case t.uniform == nil:
		return x
	}
	u := t.uniform(graph.Size(x) / examples)
	return graph.Dropout(x, graph.Reshape(u, x.Shape()...), p)
}

// normalized is the standardising part of GroupNorm.
func normalized(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x := in[0]
	rows := x.Shape()[0] * integer(n, "numGroups")
	k := graph.Size(x) / rows
	x = graph.Reshape(x, rows, k)
	x = graph.Sub(x, graph.Broadcast(graph.Mean(x, 1), 1, k))
	scale := graph.Rsqrt(graph.AddConst(graph.Mean(graph.Square(x), 1), attribute(n, "epsilon").Float()))
	return graph.Reshape(graph.Mul(x, graph.Broadcast(scale, 1, k)), shapeOf(n)...)
}
