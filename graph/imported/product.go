package imported

import (
	"slices"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// product is the products of matrices and vectors.
func product(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	a, b := in[0], in[1]
	transA, transB := attribute(n, "transA").Bool(), attribute(n, "transB").Bool()
	out := shapeOf(n)
	switch attribute(n, "āBinaryOperator").Uint() {
	case 0:
		return graph.MatMulT(a, b, transA, transB)
	case 1:
		return graph.Reshape(graph.MatMulT(a, graph.Reshape(b, graph.Size(b), 1), transA, false), out...)
	case 2:
		return graph.SumAll(graph.Mul(graph.Flatten(a), graph.Flatten(b)))
	case 3:
		return graph.MatMul(graph.Reshape(a, graph.Size(a), 1), graph.Reshape(b, 1, graph.Size(b)))
	case 4:
		return graph.Reshape(graph.MatMulT(stacked(a), stacked(b), transA, transB), out...)
	}
	fail(n, "has no translation")
	return nil
}

// stacked is a node of any rank as matrices [b,r,c].
func stacked(x *graph.Node) *graph.Node {
	s := x.Shape()
	k := len(s)
	return graph.Reshape(x, graph.Size(x)/(s[k-2]*s[k-1]), s[k-2], s[k-1])
}

// contracted is the sum of the products along some axes of both operands: the rest of them stay, the first one's before the second's.
func contracted(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	rows, k := contraction(in[0], integers(n, "aAxes"))
	columns, _ := contraction(in[1], integers(n, "bAxes"))
	a := graph.Reshape(rows, graph.Size(rows)/k, k)
	b := graph.Reshape(columns, graph.Size(columns)/k, k)
	return graph.Reshape(graph.MatMulT(a, b, false, true), shapeOf(n)...)
}

// contraction is a node with some axes behind the others, and the number of elements along these.
func contraction(x *graph.Node, axes []int) (moved *graph.Node, size int) {
	var order []int
	size = 1
	for k := range x.Dims() {
		if !slices.Contains(axes, k) {
			order = append(order, k)
		}
	}
	for _, axis := range axes {
		size *= x.Shape()[axis]
	}
	return graph.Transpose(x, append(order, axes...)...), size
}

// convolution is one of Gorgonia's convolutions, which are made of windows laid out as rows, times kernels as rows, put into the
// order of images; nil where n is not the last node of one.
func (t *translator) convolution(n *gorgonia.Node) *graph.Node {
	if opName(n) != "transposeOp" || !slices.Equal(integers(n, "pattern"), []int{0, 3, 1, 2}) {
		return nil
	}
	images := down(children(n)[0], "reshapeOp")
	if images == nil || opName(images) != "linAlgBinOp" || attribute(images, "āBinaryOperator").Uint() != 0 ||
		attribute(images, "transA").Bool() || !attribute(images, "transB").Bool() {
		return nil
	}
	operands := children(images)
	columns := down(operands[0], "reshapeOp")
	if columns == nil || opName(columns) != "im2colOp" || !slices.Equal(shapeOf(columns)[:3], shapeOf(children(n)[0])[:3]) {
		return nil
	}
	x, w := t.translate(children(columns)[0]), t.translate(operands[1])
	kernel, stride, padding, dilation := window(columns)
	k := graph.Reshape(w, w.Shape()[0], x.Shape()[1], kernel[0], kernel[1])
	return graph.GroupedConv2D(x, k, stride, padding, dilation, 1)
}

// down is the child of a node of a certain op, else nil.
func down(n *gorgonia.Node, op string) *gorgonia.Node {
	if opName(n) != op {
		return nil
	}
	return children(n)[0]
}

// window is the attributes of an im2colOp.
func window(n *gorgonia.Node) (kernel, stride, padding, dilation [2]int) {
	return [2]int{integer(n, "h"), integer(n, "w")}, [2]int{integer(n, "strideH"), integer(n, "strideW")}, [2]int{integer(n, "padH"), integer(n, "padW")},
		[2]int{integer(n, "dilationH"), integer(n, "dilationW")}
}

// windows is Im2Col by itself.
func windows(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	kernel, stride, padding, dilation := window(n)
	if dilation != [2]int{1, 1} {
		fail(n, "has no translation: windows with dilation %v outside of a convolution", dilation)
	}
	return graph.Reshape(graph.Im2Col(in[0], kernel, stride, padding), shapeOf(n)...)
}
