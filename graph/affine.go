package graph

// Linear applies a weight to the last axis: x [n,…,in], w [out,in] → x wᵀ [n,…,out].
func Linear(x, w *Node) *Node {
	rank := x.Dims()
	if rank < 2 || w.Dims() != 2 || x.Shape()[rank-1] != w.Shape()[1] {
		misuse("linear: input %v does not end in the %v inputs of weight %v", x.Shape(), w.Shape()[len(w.Shape())-1], w.Shape())
	}
	shape := x.Shape().Clone()
	shape[rank-1] = w.Shape()[0]
	return Reshape(MatMulT(Reshape(x, Size(x)/w.Shape()[1], w.Shape()[1]), w, false, true), shape...)
}

// Bias adds a vector along an axis: x [n,…,c,…], b [c] → x + b.
func Bias(x, b *Node, axis int) *Node { return Add(x, BroadcastAxis(b, axis, x.Shape()...)) }

// ScaleAxis multiplies by a vector along an axis: x [n,…,c,…], s [c] → x·s.
func ScaleAxis(x, s *Node, axis int) *Node { return Mul(x, BroadcastAxis(s, axis, x.Shape()...)) }
