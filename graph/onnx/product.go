package onnx

import (
	"slices"

	"drift/graph"
)

// gemm is alpha·A·B + beta·C for matrices A and B, transposed where asked for.
func gemm(b *builder, n *node, in []value) []value {
	x, w := in[0], in[1]
	if x.rank() != 2 || w.rank() != 2 {
		fail("multiplies values of shape %v and %v", x.shape, w.shape)
	}
	transA, transB := n.integer("transA", 0) != 0, n.integer("transB", 0) != 0
	y := graph.Scale(graph.MatMulT(b.data(x), b.data(w), transA, transB), n.real("alpha", 1))
	b.products += graph.Size(y) * x.size() / max(1, axisSize(x.shape, transA))
	out := result(y, numbers, y.Shape()...)
	if c, ok := optional(in, 2); ok {
		if !slices.Equal(broadcastShape(c.shape, out.shape), out.shape) {
			fail("adds a value of shape %v to a product of shape %v", c.shape, out.shape)
		}
		return like(out, graph.Add(y, graph.Scale(b.data(b.broadcast(c, out.shape)), n.real("beta", 1))))
	}
	return []value{out}
}

// axisSize is the number of rows of a matrix, or of columns where it is transposed.
func axisSize(shape []int, transposed bool) int {
	if transposed {
		return shape[1]
	}
	return shape[0]
}

// matMul is NumPy's: matrices in the last two axes, the others repeated to one shape; a vector is a row on the left and a column on the right.
func matMul(b *builder, _ *node, in []value) []value {
	x, w := in[0], in[1]
	if x.rank() == 0 || w.rank() == 0 {
		fail("multiplies values of shape %v and %v", x.shape, w.shape)
	}
	p, q := slices.Clone(x.shape), slices.Clone(w.shape)
	if len(p) == 1 {
		p = []int{1, p[0]}
	}
	if len(q) == 1 {
		q = []int{q[0], 1}
	}
	r, s := len(p), len(q)
	m, k, cols := p[r-2], p[r-1], q[s-1]
	if q[s-2] != k {
		fail("multiplies values of shape %v and %v", x.shape, w.shape)
	}
	batch := broadcastShape(p[:r-2], q[:s-2])
	var y *graph.Node
	if product(q[:s-2]) == 1 { // one matrix for all rows
		y = graph.MatMul(graph.Reshape(b.data(x), product(p)/k, k), graph.Reshape(b.data(w), k, cols))
	} else {
		each := func(v value, own []int, rows, cols int) *graph.Node {
			all := append(slices.Clone(batch), rows, cols)
			wide := value{v.array, v.node, own, v.kind}
			if v.node != nil {
				wide.node = graph.Reshape(v.node, own...)
			} else {
				wide.array = &array{own, v.kind, v.array.values}
			}
			return graph.Reshape(b.data(b.broadcast(wide, all)), product(batch), rows, cols)
		}
		y = graph.MatMul(each(x, p, m, k), each(w, q, k, cols))
	}
	b.products += graph.Size(y) * k
	out := batch
	if x.rank() > 1 {
		out = append(out, m)
	}
	if w.rank() > 1 {
		out = append(out, cols)
	}
	return []value{result(y, numbers, out...)}
}
