package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// Queries of a head are taken in blocks, whose scores with all keys lie in a worker's scratch memory: attentionScores of them at most, so that
// they stay in the second-level cache, but leastQueries rows, for which it is still worth to turn the keys. The sizes are those that took the least
// time for heads of 32 and 64 and 64 to 1,024 positions.
const (
	attentionScores = 1 << 16
	leastQueries    = 16
	mostQueries     = 64
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
	scale, add vmath.Func[T]
	log        vmath.Func[T]
	softmax    func(x []T, n int) (m, sum T) // of a row
	slope      func(x, y []T, n int, l T)    // of a row of a softmax
}

func newAttention[T kernels.Float](l *loader, p kernels.Attention) *attention[T] {
	a := &attention[T]{Attention: p, local: l.local, softmax: vmath.SoftmaxFor[T](), slope: vmath.SlopeFor[T]()}
	a.scale, a.add, a.log = vmath.For[T](kernels.FnScale), vmath.For[T](kernels.FnAdd), vmath.For[T](kernels.FnLog)
	a.block = min(max(leastQueries, attentionScores/p.Keys), mostQueries, p.Queries)
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

// diagonal is d for a block of queries from one on of which query i sees keys j ≤ i+d alone.
func (a *attention[T]) diagonal(from int) int {
	if a.Causal {
		return from
	}
	return a.Keys
}

// rows is queries [from, to) of an operand.
func (h heads[T]) rows(b, k, from, to, width int, turned []T) gemm.Left[T] {
	return gemm.InRows(to-from, width, h.of(b, k)[from*h.row:], h.row, turned)
}

// attentionScratch is what a worker has of its own: columns rows of Scale·k as columns; a block's q so, where products want that; a square of queries
// and keys, and it turned; the largest score of each query.
type attentionScratch[T kernels.Float] struct {
	keys, queries, p, turned, largest []T
	columns                           int
}

func (a *attention[T]) scratchSize() int {
	return a.columns(a.Width) + wholeLines(a.Width*a.block) + 2*a.square() + wholeLines(a.block)
}

func (a *attention[T]) scratch(worker int) (s attentionScratch[T]) {
	rest := view[T](a.local, worker, 0, a.scratchSize())
	s.keys, rest = cut(rest, a.columns(a.Width))
	s.queries, rest = cut(rest, a.Width*a.block)
	s.p, rest = cut(rest, a.square())
	s.turned, rest = cut(rest, a.square())
	s.largest, _ = cut(rest, a.block)
	return s
}

// square is the size of a square of a block's queries and all keys.
func (a *attention[T]) square() int { return a.block * apart(a.Keys) }

// columns is the size of all keys, or values, of some width as columns.
func (a *attention[T]) columns(width int) int { return width * apart(a.Keys) }

// apart is how far apart rows of n numbers begin in scratch memory: whole cache lines, but no multiple of eight, with which they would share few sets
// of a cache.
func apart(n int) int {
	n = wholeLines(n)
	if n%128 == 0 {
		n += 16
	}
	return n
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
				a.ask(head/a.Heads, head%a.Heads, last, s.columns, 1)
				a.turn(s.keys, a.k[0], head/a.Heads, head%a.Heads, s.columns, a.Width)
			}
			a.attend(&s, head, first, last)
		}
	})
}

// attend computes queries [from, to) of a head.
func (a *attention[T]) attend(s *attentionScratch[T], head, from, to int) {
	b, h, n, keys, diagonal := head/a.Heads, head%a.Heads, to-from, a.seen(to), a.diagonal(from)
	v, o, l, ld := a.v[0], a.o[0], a.l[head*a.Queries+from:][:n], apart(keys)
	q := a.q[0].rows(b, h, from, to, a.Width, s.queries)
	q.TimesUntil(diagonal, keys, s.keys, apart(s.columns), 0, s.p, ld)
	for r := range n {
		s.largest[r], l[r] = a.softmax(s.p[r*ld:][:wholeLines(keys)], min(keys, a.seen(from+r+1)))
	}
	a.log(l, l, nil, 0)
	a.add(l, l, s.largest[:n], 0)
	p := gemm.InRows(n, keys, s.p, ld, s.turned).Until(diagonal)
	p.Times(a.Values, v.of(b, h), v.row, 0, o.of(b, h)[from*o.row:], o.row)
}

// ask asks for the first rows of a head's k, v and q, in some of the operands.
func (a *attention[T]) ask(b, h, queries, keys, operands int) {
	for i := range operands {
		a.k[i].ask(b, h, keys, a.Width)
		a.v[i].ask(b, h, keys, a.Values)
		a.q[i].ask(b, h, queries, a.Width)
	}
}

func (h heads[T]) ask(b, k, rows, width int) { gemm.AskRows(h.of(b, k), rows, width, h.row) }

// turn is the first rows of a head times Scale, as columns, which begin apart(rows) elements from each other.
func (a *attention[T]) turn(dst []T, x heads[T], b, h, rows, width int) {
	dst = dst[:width*apart(rows)]
	gemm.TransposeApart(dst, apart(rows), x.of(b, h), rows, width, x.row)
	a.scale(dst, dst, nil, T(a.Scale))
}
