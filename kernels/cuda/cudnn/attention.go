//go:build gpu

package cudnn

import (
	"fmt"
	"math"

	"drift/kernels"
)

// The tensors of attention that lie in memory, and those that are passed by value.
const (
	QueriesUID int64 = iota + 1
	KeysUID
	ValuesUID
	ResultUID
	LogSumsUID
	GradientUID // in the result
	DotsUID     // its inner products with the result, which the graph itself writes, in float
	QueriesGradientUID
	KeysGradientUID
	ValuesGradientUID
	scaleUID
	hiddenUID
	oneUID
	betweenUID // of the first of those between operations
)

// attention is a graph of kernels.Attention under construction, with operands of bfloat16.
type attention struct {
	*Graph
	a     kernels.Attention
	next  int64 // id
	scale Descriptor
}

// Attention describes kernels.Attention as a chain of operations that cuDNN has fused engines for: products of queries and turned keys, scale,
// choice by index, softmax by largest, exponentials and their sum, the logarithm of which is kept, and products with values. The chain and its types
// are those of NVIDIA's cudnn-frontend; that cuDNN on a GPU recognizes it was not tried.
func (h *Handle) Attention(a kernels.Attention) (*Graph, error) {
	g := h.newAttention(a)
	s := g.scores()
	largest, shifted, e := g.column(), g.square(Float), g.square(Float)
	g.Reduce(Maximum, Float, s, largest)
	g.point(Sub, s, largest, shifted)
	g.point(Exp, shifted, nil, e)
	sum, log, weights := g.column(), g.column(), g.square(BFloat16)
	g.Reduce(Sum, Float, e, sum)
	g.point(Log, sum, nil, log)
	g.point(Add, largest, log, g.memory(LogSumsUID, Float, g.dims(a.Queries, 1), nil))
	g.point(Div, e, sum, weights)
	g.Matmul(Float, weights, g.part(ValuesUID, a.Keys, a.Values, false), g.result(ResultUID))
	return g.finish()
}

// AttentionGradient describes kernels.AttentionGradient likewise. Sums over keys go straight into the gradient in the queries, in one order: cuDNN has
// other engines that add them up as they come.
func (h *Handle) AttentionGradient(a kernels.Attention) (*Graph, error) {
	g := h.newAttention(a)
	out, gradient := g.result(ResultUID), g.result(GradientUID)
	products, sum := g.between(Float, g.dims(a.Queries, a.Values), nil), g.column()
	g.point(Mul, gradient, out, products)
	g.Reduce(Sum, Float, products, sum)
	dots := g.memory(DotsUID, Float, g.dims(a.Queries, 1), nil)
	g.point(Mul, sum, g.value(oneUID), dots)

	queries, keys := g.part(QueriesUID, a.Queries, a.Width, false), g.part(KeysUID, a.Keys, a.Width, true)
	s, scaled, less, e := g.square(Float), g.square(Float), g.square(Float), g.square(Float)
	g.Matmul(Float, queries, keys, s)
	g.point(Mul, s, g.scale, scaled)
	g.point(Sub, scaled, g.memory(LogSumsUID, Float, g.dims(a.Queries, 1), nil), less)
	g.point(Exp, g.seen(less), nil, e)
	g.Matmul(Float, g.turned(e), gradient, g.part(ValuesGradientUID, a.Keys, a.Values, false))

	d, centred, slopes, own := g.square(Float), g.square(Float), g.square(Float), g.square(Float)
	g.Matmul(Float, gradient, g.part(ValuesUID, a.Keys, a.Values, true), d)
	g.point(Sub, d, dots, centred)
	g.point(Mul, centred, e, slopes)
	g.point(Mul, slopes, g.scale, own)
	g.Matmul(Float, g.turned(own), queries, g.part(KeysGradientUID, a.Keys, a.Width, false))
	strides := g.strides(a.Keys, a.Width, true)
	upright := g.between(BFloat16, g.dims(a.Keys, a.Width), strides)
	g.Reshape(keys, upright)
	g.Matmul(Float, own, upright, g.part(QueriesGradientUID, a.Queries, a.Width, false))
	return g.finish()
}

// AttentionValues are the operands of attention that are passed by value.
func (h *Handle) AttentionValues(a kernels.Attention, gradient bool) []Operand {
	list := []Operand{{UID: scaleUID, Value: float32(a.Scale)}}
	if a.Causal {
		hidden := float32(math.Inf(-1))
		if !h.since(9, 10) {
			hidden = -math.MaxFloat32 // which its engines want there
		}
		list = append(list, Operand{UID: hiddenUID, Value: hidden})
	}
	if gradient {
		list = append(list, Operand{UID: oneUID, Value: 1})
	}
	return list
}

// Attends says why this version is not asked for attention, or nothing.
func (h *Handle) Attends() error {
	switch {
	case !h.since(9, 1):
		return fmt.Errorf("attention is left to cuDNN from version 9.1 on, and this is %s", h.Version)
	case h.since(9, 10) && !h.since(9, 11):
		return fmt.Errorf("cuDNN %s is one of those whose attention is known to be wrong for some shapes", h.Version)
	}
	return nil
}

// since reports a version that is not before this one.
func (h *Handle) since(major, minor int) bool {
	var has, than int
	if n, _ := fmt.Sscanf(h.Version, "%d.%d", &has, &than); n != 2 {
		return false
	}
	return has > major || has == major && than >= minor
}

func (h *Handle) newAttention(a kernels.Attention) *attention {
	g := &attention{Graph: h.NewGraph(), a: a, next: betweenUID}
	g.scale = g.value(scaleUID)
	return g
}

func (g *attention) finish() (*Graph, error) {
	if err := g.Finish(); err != nil {
		g.Close()
		return nil, err
	}
	return g.Graph, nil
}

// scores are those of all queries and keys, of which hidden ones are as low as can be.
func (g *attention) scores() Descriptor {
	s, scaled := g.square(Float), g.square(Float)
	g.Matmul(Float, g.part(QueriesUID, g.a.Queries, g.a.Width, false), g.part(KeysUID, g.a.Keys, g.a.Width, true), s)
	g.point(Mul, s, g.scale, scaled)
	return g.seen(scaled)
}

// seen hides, in causal attention, what is behind the diagonal.
func (g *attention) seen(s Descriptor) Descriptor {
	if !g.a.Causal {
		return s
	}
	row, column, sees, seen := g.square(Int32), g.square(Int32), g.square(Boolean), g.square(Float)
	g.Pointwise(Pointwise{Mode: GenIndex, Math: Float, Axis: 2, X: s, Y: row})
	g.Pointwise(Pointwise{Mode: GenIndex, Math: Float, Axis: 3, X: s, Y: column})
	g.Pointwise(Pointwise{Mode: CompareGE, Math: Boolean, X: row, B: column, Y: sees})
	g.Pointwise(Pointwise{Mode: Select, Math: Float, X: s, B: g.value(hiddenUID), T: sees, Y: seen})
	return seen
}

// turned is a square with rows and columns exchanged, which are read where they lie, as bfloat16.
func (g *attention) turned(s Descriptor) Descriptor {
	m, n := int64(g.a.Queries), int64(g.a.Keys)
	t := g.between(BFloat16, g.dims(g.a.Keys, g.a.Queries), []int64{int64(g.a.Heads) * m * n, m * n, 1, n})
	g.Reshape(s, t)
	return t
}

func (g *attention) point(m Mode, x, b, y Descriptor) {
	g.Pointwise(Pointwise{Mode: m, Math: Float, X: x, B: b, Y: y})
}

func (g *attention) dims(rows, columns int) []int64 {
	return []int64{int64(g.a.Batch), int64(g.a.Heads), int64(rows), int64(columns)}
}

// strides are those of queries, keys or values with one of the columns behind the other, or of the result, which is packed otherwise.
func (g *attention) strides(rows, columns int, part bool) []int64 {
	h, n, w := int64(g.a.Heads), int64(rows), int64(columns)
	if !g.a.Packed {
		return Dense(g.dims(rows, columns)...)
	}
	if part {
		h *= 3
	}
	return []int64{n * h * w, w, h * w, 1}
}

// memory is a tensor at an address; without strides its elements lie in the order of the dimensions.
func (g *attention) memory(uid int64, dt DataType, dims, strides []int64) Descriptor {
	if strides == nil {
		strides = Dense(dims...)
	}
	return g.Tensor(Tensor{UID: uid, Type: dt, Dims: dims, Strides: strides})
}

// part is queries, keys or values, or a gradient in them; turned exchanges rows and columns.
func (g *attention) part(uid int64, rows, columns int, turned bool) Descriptor {
	dims, strides := g.dims(rows, columns), g.strides(rows, columns, true)
	if turned {
		dims[2], dims[3], strides[2], strides[3] = dims[3], dims[2], strides[3], strides[2]
	}
	return g.memory(uid, BFloat16, dims, strides)
}

func (g *attention) result(uid int64) Descriptor {
	return g.memory(uid, BFloat16, g.dims(g.a.Queries, g.a.Values), g.strides(g.a.Queries, g.a.Values, false))
}

func (g *attention) value(uid int64) Descriptor {
	ones := []int64{1, 1, 1, 1}
	return g.Tensor(Tensor{UID: uid, Type: Float, Dims: ones, Strides: ones, ByValue: true})
}

func (g *attention) between(dt DataType, dims, strides []int64) Descriptor {
	g.next++
	if strides == nil {
		strides = Dense(dims...)
	}
	return g.Tensor(Tensor{UID: g.next, Type: dt, Dims: dims, Strides: strides, Virtual: true})
}

// square has an element for each query and key, column one for each query.
func (g *attention) square(dt DataType) Descriptor {
	return g.between(dt, g.dims(g.a.Queries, g.a.Keys), nil)
}
func (g *attention) column() Descriptor { return g.between(Float, g.dims(g.a.Queries, 1), nil) }
