package graph

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// attend is multi-head attention of qkv [n,t,3·heads·width], [n,t,heads·width]. It and its derivatives up to the second order are kernels that
// keep nothing of size t². What those of derivatives read besides, the result o and the logarithms l of the softmax's sums, are functions of qkv that
// they know: their own derivatives say what comes of qkv in all, and nothing of o and l.
type attend struct {
	heads  int
	causal bool
}

// attendSums is l [n,heads,t]; attendGradient is the adjoint for ō, of (qkv, o, ō, l); attendTangent the change of o along u [n,t,3·heads·width], of
// (qkv, l, u); attendHVP the change of attendGradient along u with ō held, of (qkv, o, ō, l, u), which is its adjoint for u as well.
type (
	attendSums     struct{ attend }
	attendGradient struct{ attend }
	attendTangent  struct{ attend }
	attendHVP      struct{ attend }
)

// Attention is multi-head attention of positions to each other (Vaswani et al. 2017), softmax(q·kᵀ/√width)·v in every head, where causal positions
// see themselves and those before: Attention([n,t,3·heads·width]) → [n,t,heads·width]. A position's numbers are the queries of all heads, then the keys,
// then the values. Nothing of size t² is in memory, up to second derivatives; those of higher order are made of products.
func Attention(qkv *Node, heads int, causal bool) *Node { return attend{heads, causal}.of(qkv) }

func (f attend) of(qkv *Node) *Node { return apply(f, qkv) }

func (f attend) gradient(qkv, g *Node) *Node {
	return apply(attendGradient{f}, qkv, f.of(qkv), g, apply(attendSums{f}, qkv))
}

func (f attend) tangent(qkv, u *Node) *Node {
	return apply(attendTangent{f}, qkv, apply(attendSums{f}, qkv), u)
}

func (f attend) hvp(qkv, g, u *Node) *Node {
	return apply(attendHVP{f}, qkv, f.of(qkv), g, apply(attendSums{f}, qkv), u)
}

func (f attend) attributes() string     { return fmt.Sprintf("(%d,causal=%t)", f.heads, f.causal) }
func (f attend) String() string         { return "attention" + f.attributes() }
func (f attendSums) String() string     { return "attentionsums" + f.attributes() }
func (f attendGradient) String() string { return "attentiongradient" + f.attributes() }
func (f attendTangent) String() string  { return "attentiontangent" + f.attributes() }
func (f attendHVP) String() string      { return "attentionhvp" + f.attributes() }
func (f attend) check(qkv tensor.Shape) (n, t, width int) {
	if len(qkv) != 3 || f.heads < 1 || qkv[2] == 0 || qkv[1] == 0 || qkv[2]%(3*f.heads) != 0 {
		misuse("attention: shape %v is not [n,t,3·%d·width]", qkv, f.heads)
	}
	return qkv[0], qkv[1], qkv[2] / 3 / f.heads
}

func (f attend) shape(in []tensor.Shape) tensor.Shape {
	n, t, width := f.check(in[0])
	return tensor.Shape{n, t, f.heads * width}
}

func (f attendSums) shape(in []tensor.Shape) tensor.Shape {
	n, t, _ := f.check(in[0])
	return tensor.Shape{n, f.heads, t}
}

func (f attendGradient) shape(in []tensor.Shape) tensor.Shape { return in[0].Clone() }
func (f attendHVP) shape(in []tensor.Shape) tensor.Shape      { return in[0].Clone() }

func (f attend) sizes(qkv tensor.Shape) kernels.Attention {
	n, t, width := f.check(qkv)
	return kernels.Attention{Batch: n, Heads: f.heads, Queries: t, Keys: t, Width: width, Values: width, Scale: 1 / math.Sqrt(float64(width)),
		Causal: f.causal, Packed: true}
}

func (f attend) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive { return f.sizes(in[0]) }
func (f attendGradient) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.AttentionGradient(f.sizes(in[0]))
}
func (f attendTangent) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.AttentionTangent(f.sizes(in[0]))
}
func (f attendHVP) primitive(in []tensor.Shape, _ tensor.Shape) kernels.Primitive {
	return kernels.AttentionHVP(f.sizes(in[0]))
}

// below: examples do not meet.
func (f attend) below(l layout, in []tensor.Shape, out tensor.Shape) []layout {
	sizes := make([]int, len(in))
	for k, s := range in {
		sizes[k] = product(s[1:])
	}
	return l.rowwise(product(out[1:]), sizes...)
}

func (f attend) vjp(in []*Node, _, g *Node) []*Node { return []*Node{f.gradient(in[0], g)} }

// vjp of what only kernels of derivatives read.
func (attendSums) vjp([]*Node, *Node, *Node) []*Node { return []*Node{nil} }

func (f attendGradient) vjp(in []*Node, _, u *Node) []*Node {
	qkv, g := in[0], in[2]
	return []*Node{f.hvp(qkv, g, u), nil, f.tangent(qkv, u), nil}
}

// vjp of Σ g·ȯ is that of Σ u·q̄k̄v̄ with the parts of ō and u exchanged.
func (f attendTangent) vjp(in []*Node, _, g *Node) []*Node {
	qkv, u := in[0], in[2]
	return []*Node{f.hvp(qkv, g, u), nil, f.gradient(qkv, g)}
}

// vjp is of third order, save that in u, in which a Hessian is symmetric.
func (f attendHVP) vjp(in []*Node, _, c *Node) []*Node {
	qkv, g, u := in[0], in[2], in[4]
	x, held, along, seed := placeholder(qkv), placeholder(g), placeholder(u), placeholder(c)
	gradient := Grad([]*Node{AttentionThrough(x, f.heads, f.causal, nil)}, []*Node{held}, []*Node{x})
	third := Grad(Grad(gradient, []*Node{along}, []*Node{x}), []*Node{seed}, []*Node{x, held})
	third = substituted(third, []*Node{x, held, along, seed}, []*Node{qkv, g, u, c})
	return []*Node{third[0], nil, third[1], nil, f.hvp(qkv, g, c)}
}

// substituted is nodes with others in the place of leaves.
func substituted(nodes, leaves, others []*Node) []*Node {
	now := make(map[*Node]*Node)
	for k, n := range leaves {
		now[n] = others[k]
	}
	for _, n := range reach(nodes, inputsOf) {
		if now[n] != nil {
			continue
		}
		now[n] = n
		if in := inputsOf(n); len(in) > 0 {
			now[n] = apply(familyOf(n), renamed(in, now)...)
		}
	}
	return renamed(nodes, now)
}

// AttentionThrough is Attention made of products and a softmax, whose weights [n,heads·t·t] change on their way to the values if change is not nil.
func AttentionThrough(qkv *Node, heads int, causal bool, change func(weights *Node) *Node) *Node {
	n, t, d := attend{heads, causal}.check(qkv.Shape())
	head := func(k int) *Node { // [n·heads,t,d]
		part := Reshape(SliceAxis(qkv, 2, k*heads*d, (k+1)*heads*d), n, t, heads, d)
		return Reshape(Transpose(part, 0, 2, 1, 3), n*heads, t, d)
	}
	scores := Scale(MatMulT(head(0), head(1), false, true), 1/math.Sqrt(float64(d)))
	if causal && t > 1 {
		scores = Add(scores, Broadcast(Triangle(qkv, t, 1, hidden), 0, n*heads))
	}
	weights := Softmax(Reshape(scores, n*heads*t, t))
	if change != nil {
		weights = change(Reshape(weights, n, heads*t*t))
	}
	seen := MatMul(Reshape(weights, n*heads, t, t), head(2))
	return Reshape(Transpose(Reshape(seen, n, heads, t, d), 0, 2, 1, 3), n, t, heads*d)
}

// hidden is added to the scores of positions that are not seen: far below any score, and finite, so that 0·hidden is 0.
const hidden = -1e30
