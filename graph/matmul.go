package graph

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// matmul is op(a)·op(b) for matrices, or for a batch of pairs of matrices along the leading axis.
type matmul struct{ transA, transB bool }

func (f matmul) String() string { return fmt.Sprintf("matmul(%t,%t)", f.transA, f.transB) }

func (f matmul) sizes(a, b tensor.Shape) kernels.Gemm {
	p := kernels.Gemm{Batch: 1, TransA: f.transA, TransB: f.transB, Alpha: 1}
	r := len(a)
	if r != len(b) || r < 2 || r > 3 || (r == 3 && a[0] != b[0]) {
		misuse("matmul: shapes %v and %v", a, b)
	}
	if r == 3 {
		p.Batch = a[0]
	}
	p.M, p.K = a[r-2], a[r-1]
	if f.transA {
		p.M, p.K = p.K, p.M
	}
	k := b[r-2]
	p.N = b[r-1]
	if f.transB {
		k, p.N = p.N, k
	}
	if k != p.K {
		misuse("matmul(transA=%t, transB=%t): shapes %v and %v: inner sizes %d and %d differ", f.transA, f.transB, a, b, p.K, k)
	}
	return p
}

func (f matmul) shape(in []tensor.Shape) tensor.Shape {
	p := f.sizes(in[0], in[1])
	if len(in[0]) == 3 {
		return tensor.Shape{p.Batch, p.M, p.N}
	}
	return tensor.Shape{p.M, p.N}
}

func (f matmul) vjp(in []*Node, _, g *Node) []*Node {
	a, b := in[0], in[1]
	var ga, gb *Node
	gram := a == b && f.transA != f.transB && symmetric(g, g.Shape()[g.Dims()-1], mostLooked)
	if f.transA {
		ga = MatMulT(b, g, f.transB, true)
	} else {
		ga = MatMulT(g, b, false, !f.transB)
	}
	if gram { // of a·aᵀ both are the same
		return []*Node{ga, ga}
	}
	if f.transB {
		gb = MatMulT(g, a, true, f.transA)
	} else {
		gb = MatMulT(a, g, !f.transA, false)
	}
	return []*Node{ga, gb}
}

func (f matmul) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return f.sizes(in[0], in[1])
}

// MatMul is a·b: MatMul([m,k], [k,n]) → [m,n], or of each pair of a batch, [b,m,k] and [b,k,n] → [b,m,n].
func MatMul(a, b *Node) *Node { return MatMulT(a, b, false, false) }

// MatMulT is op(a)·op(b), where op transposes the last two axes if asked to.
func MatMulT(a, b *Node, transA, transB bool) *Node {
	if x, ok := upright(a); ok {
		a, transA = x, !transA
	}
	if x, ok := upright(b); ok {
		b, transB = x, !transB
	}
	return apply(matmul{transA, transB}, a, b)
}

// upright is a batch of matrices, or a multiple of one, before its rows and columns changed places, if they did: a product reads it in either way, and
// keys of attention that came turned are then like others.
func upright(n *Node) (*Node, bool) {
	if n.Dims() != 3 {
		return nil, false
	}
	if x, c, ok := isScale(n); ok {
		x, ok = upright(x)
		if !ok {
			return nil, false
		}
		return Scale(x, c), true
	}
	moved := root(n)
	p, ok := familyOf(moved).(permute)
	last := p.perm.rank - 1
	if !ok || last < 2 || p.perm.n[last-1] != last || moved.Shape()[last-1] != n.Shape()[1] || moved.Shape()[last] != n.Shape()[2] {
		return nil, false
	}
	perm := slices.Clone(p.perm.n[:last+1])
	perm[last-1], perm[last] = perm[last], perm[last-1]
	return Reshape(Transpose(inputsOf(moved)[0], perm...), n.Shape()[0], n.Shape()[2], n.Shape()[1]), true
}
