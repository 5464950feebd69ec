package cpu

import (
	"math"

	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// Queries of a head are taken in blocks, whose scores with all keys lie in a worker's scratch memory: attentionScores of them at most, so that
// they stay in the second-level cache, but leastQueries rows, for which it is still worth to pack the keys. Causal blocks are smaller, as all of
// their queries go over the keys that the last one sees. The sizes are those that took the least time for heads of 32 and 64 and 64 to 1,024 positions.
const (
	attentionScores = 1 << 16
	leastQueries    = 16
	mostQueries     = 64
	mostCausal      = 32
)

// heads is where the rows of an operand's heads lie.
type heads[T kernels.Float] struct {
	data             []T
	batch, head, row int // elements from one to the next
}

// of is the operand from the first row of a head on.
func (h heads[T]) of(b, k int) []T { return h.data[b*h.batch+k*h.head:] }

// attention is an Attention or its gradient made ready.
type attention[T kernels.Float] struct {
	kernels.Attention
	q, k, v, o []heads[T] // the operand, and its gradient
	l          []T
	block      int // queries
	local      *arena
	add, mul   vmath.Func[T]
	scale      vmath.Func[T]
	less       vmath.Func[T] // y − imm·x
}

func newAttention[T kernels.Float](l *loader, p kernels.Attention) *attention[T] {
	a := &attention[T]{Attention: p, local: l.local, add: vmath.For[T](kernels.FnAddConst), mul: vmath.For[T](kernels.FnMul)}
	a.scale, a.less = vmath.For[T](kernels.FnScale), vmath.For[T](vmath.SubScale)
	most := mostQueries
	if p.Causal {
		most = mostCausal
	}
	a.block = min(max(leastQueries, attentionScores/p.Keys), most, p.Queries)
	return a
}

// operands finds the rows of all operands. each are q, k, v and o, or qkv and o.
func (a *attention[T]) operands(each ...[]T) {
	n, w := a.Heads, a.Width
	alone := func(x []T, rows, width int) heads[T] { return heads[T]{x, n * rows * width, rows * width, width} }
	if a.Packed {
		for k, to := range []*[]heads[T]{&a.q, &a.k, &a.v} {
			*to = append(*to, heads[T]{each[0][min(len(each[0]), k*n*w):], a.Queries * 3 * n * w, w, 3 * n * w})
		}
		a.o = append(a.o, heads[T]{each[1], a.Queries * n * w, w, n * w})
		return
	}
	a.q, a.k = append(a.q, alone(each[0], a.Queries, w)), append(a.k, alone(each[1], a.Keys, w))
	a.v, a.o = append(a.v, alone(each[2], a.Keys, a.Values)), append(a.o, alone(each[3], a.Queries, a.Values))
}

// seen is the keys that the queries before row to see.
func (a *attention[T]) seen(to int) int {
	if a.Causal {
		return to
	}
	return a.Keys
}

// attentionScratch is what a worker has of its own: columns rows of k as columns, and Scale times a block's q so; a square of queries and keys, and it
// turned.
type attentionScratch[T kernels.Float] struct {
	keys, queries, p, turned []T
	columns                  int
}

func (a *attention[T]) scratchSize() int {
	return wholeLines(a.Width*a.Keys) + wholeLines(a.Width*a.block) + 2*wholeLines(a.block*a.Keys)
}

func (a *attention[T]) scratch(worker int) (s attentionScratch[T]) {
	rest := view[T](a.local, worker, 0, a.scratchSize())
	s.keys, rest = cut(rest, a.Width*a.Keys)
	s.queries, rest = cut(rest, a.Width*a.block)
	s.p, rest = cut(rest, a.block*a.Keys)
	s.turned, _ = cut(rest, a.block*a.Keys)
	return s
}

// cut is the first n numbers, and those behind them from the next cache line on.
func cut[T any](x []T, n int) (first, rest []T) { return x[:n], x[wholeLines(n):] }

// wholeLines is n numbers and what fills the cache line of the last one.
func wholeLines(n int) int { return (n + 15) / 16 * 16 }

// loadAttention hands out blocks of queries. Those of a block that attend causally see no more keys than its last one.
func loadAttention[T kernels.Float](l *loader, p kernels.Attention, o operands[T]) {
	a := newAttention[T](l, p)
	a.operands(append(append([][]T(nil), o.in...), o.out[0])...)
	a.l = o.out[1]
	l.local.reserve(a.scratchSize() * sizeOf[T]())
	blocks := (p.Queries + a.block - 1) / a.block
	l.parallel(p.Batch*p.Heads*blocks, a.block*p.Keys*(p.Width+p.Values+64)/8, func(worker, from, to int) {
		s := a.scratch(worker)
		for i, turned := from, -1; i < to; i++ {
			head, block := i/blocks, blocks-1-i%blocks // the last one first, which sees all keys
			first := block * a.block
			last := min(first+a.block, p.Queries)
			if head != turned {
				turned, s.columns = head, a.seen(last)
				turn(s.keys, a.k[0], head/a.Heads, head%a.Heads, 0, s.columns, a.Width)
			}
			a.attend(&s, head, first, last)
		}
	})
}

// attend computes queries [from, to) of a head.
func (a *attention[T]) attend(s *attentionScratch[T], head, from, to int) {
	b, h, n, keys := head/a.Heads, head%a.Heads, to-from, a.seen(to)
	v, o, l := a.v[0], a.o[0], a.l[head*a.Queries:]
	a.scaled(s.queries[:n*a.Width], a.q[0], b, h, from, to, a.Width)
	gemm.InPlace(n, keys, a.Width, s.queries, n, s.keys, s.columns, 0, s.p, keys)
	for r := from; r < to; r++ {
		row := s.p[(r-from)*keys : (r-from+1)*keys]
		seen := row[:min(keys, a.seen(r+1))]
		m := vmath.Max(seen)
		sum := vmath.ExpSum(seen, seen, m)
		a.scale(seen, seen, nil, 1/sum)
		clear(row[len(seen):])
		l[r] = m + T(math.Log(float64(sum)))
	}
	gemm.InRows(n, a.Values, keys, s.p, keys, v.of(b, h), v.row, 0, o.of(b, h)[from*o.row:], o.row, s.turned)
}
