package imported

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph"
)

func reshaped(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Reshape(in[0], shapeOf(n)...)
}

func transposed(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Transpose(in[0], integers(n, "pattern")...)
}

// sliced is a range of an axis, which is gone where it holds one index.
func sliced(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	s := n.Op().(interface{ IsSlice() tensor.Slice }).IsSlice()
	if s == nil {
		return in[0]
	}
	step := max(1, s.Step())
	if length := s.End() - s.Start(); length > 1 && length%step != 0 {
		fail(n, "has no translation: %d indices in steps of %d, of which Gorgonia's shapes and values know different numbers; take a multiple of the step", length, step)
	}
	return graph.Reshape(graph.SliceStep(in[0], integer(n, "along"), s.Start(), s.End(), step), shapeOf(n)...)
}

func concatenated(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Concat(integer(n, "axis"), in...)
}

// repeated repeats every index of an axis.
func repeated(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x, axis, out := in[0], integer(n, "along"), shapeOf(n)
	shape := slices.Clone([]int(x.Shape()))
	for len(shape) < len(out) {
		shape = append(shape, 1)
	}
	x = graph.Reshape(x, shape...)
	return graph.Reshape(graph.Broadcast(x, axis+1, out[axis]/shape[axis]), out...)
}

func sizeOf(t *translator, n *gorgonia.Node, _ []*graph.Node) *graph.Node {
	return t.full(float64(sizeValue(n)), 1)
}

// sizeValue is the size of an axis of the node that a sizeOp asks about.
func sizeValue(n *gorgonia.Node) int {
	shape := shapeOf(children(n)[0])
	if axis := integer(n, "axis"); axis < len(shape) {
		return shape[axis]
	}
	return 1
}

// gathered is rows of a table, or what indices name of another axis.
func gathered(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Reshape(graph.GatherAxis(in[0], integer(n, "axis"), graph.Flatten(in[1])), shapeOf(n)...)
}

// tableOf is the number of rows of the table that a leaf holds indices of; 0 for other leaves.
func (s *source) tableOf(leaf *gorgonia.Node) int {
	for _, n := range s.order() {
		if opName(n) != "byIndicesOp" {
			continue
		}
		in := children(n)
		index := in[1]
		for opName(index) == "reshapeOp" {
			index = children(index)[0]
		}
		if index == leaf {
			return shapeOf(in[0])[integer(n, "axis")]
		}
	}
	return 0
}
