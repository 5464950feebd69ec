package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
)

// gradientScratch is what a worker has of its own: of a head, Scale times k and v with their rows as columns; of a block of queries, q and ō so,
// where products want that; two squares of queries and keys, and one turned.
type gradientScratch[T kernels.Float] struct{ keys, values, queries, out, p, d, turned []T }

func (a *attention[T]) gradientSize() int {
	return a.columns(a.Width) + a.columns(a.Values) + wholeLines(a.Width*a.block) + wholeLines(a.Values*a.block) + 3*a.square()
}

func (a *attention[T]) gradientScratch(worker int) (s gradientScratch[T]) {
	rest, square := view[T](a.local, worker, 0, a.gradientSize()), a.square()
	s.keys, rest = cut(rest, a.columns(a.Width))
	s.values, rest = cut(rest, a.columns(a.Values))
	s.queries, rest = cut(rest, a.Width*a.block)
	s.out, rest = cut(rest, a.Values*a.block)
	s.p, rest = cut(rest, square)
	s.d, rest = cut(rest, square)
	s.turned, _ = cut(rest, square)
	return s
}

// loadAttentionGradient hands out heads, as the gradients of keys and values are sums over all queries of one.
func loadAttentionGradient[T kernels.Float](l *loader, p kernels.AttentionGradient, o operands[T]) {
	a := newAttention[T](l, kernels.Attention(p))
	n := len(o.in) - 3 // q, k and v, or one for all
	a.operands(append(append([][]T(nil), o.in[:n]...), o.in[n])...)
	a.operands(append(append([][]T(nil), o.out...), o.in[n+1])...)
	a.l = o.in[n+2]
	l.local.reserve(a.gradientSize() * sizeOf[T]())
	l.parallel(p.Batch*p.Heads, p.Queries*p.Keys*(3*p.Width+2*p.Values+64)/8, func(worker, from, to int) {
		s := a.gradientScratch(worker)
		for head := from; head < to; head++ {
			a.back(&s, head)
		}
	})
}

// back takes the blocks of queries from the last to the first: the last one sees all keys, and the others add to what it has begun.
func (a *attention[T]) back(s *gradientScratch[T], head int) {
	b, h := head/a.Heads, head%a.Heads
	a.ask(b, h, a.Queries, a.Keys, 1)
	a.o[1].ask(b, h, a.Queries, a.Values)
	a.turn(s.keys, a.k[0], b, h, a.Keys, a.Width)
	a.turn(s.values, a.v[0], b, h, a.Keys, a.Values)
	beta := T(0)
	for from := (a.Queries - 1) / a.block * a.block; from >= 0; from -= a.block {
		a.backBlock(s, head, from, min(from+a.block, a.Queries), beta)
		beta = 1
	}
}

// backBlock is the part of queries [from, to) in the gradients of a head. Scale is in the copies of k and v, and so in s̄.
func (a *attention[T]) backBlock(s *gradientScratch[T], head, from, to int, beta T) {
	b, h, n, keys, diagonal := head/a.Heads, head%a.Heads, to-from, a.seen(to), a.diagonal(from)
	q, k, g, ld := a.q[0], a.k[0], a.o[1], apart(keys)
	toQ, toK, toV := a.q[1], a.k[1], a.v[1]
	q.rows(b, h, from, to, a.Width, s.queries).TimesUntil(diagonal, keys, s.keys, apart(a.Keys), 0, s.p, ld)
	g.rows(b, h, from, to, a.Values, s.out).TimesUntil(diagonal, keys, s.values, apart(a.Keys), 0, s.d, ld)
	a.slopes(s.p, s.d, head, from, to)
	gemm.InColumns(keys, n, s.p, ld).After(diagonal).Times(a.Values, g.of(b, h)[from*g.row:], g.row, beta, toV.of(b, h), toV.row)
	gemm.InColumns(keys, n, s.d, ld).After(diagonal).Times(a.Width, q.of(b, h)[from*q.row:], q.row, beta, toK.of(b, h), toK.row)
	d := gemm.InRows(n, keys, s.d, ld, s.turned).Until(diagonal)
	d.Times(a.Width, k.of(b, h), k.row, 0, toQ.of(b, h)[from*toQ.row:], toQ.row)
}

// slopes makes scores x of queries [from, to) what these weigh, by l, and y the derivative along y.
func (a *attention[T]) slopes(x, y []T, head, from, to int) {
	keys := a.seen(to)
	ld := apart(keys)
	for i := from; i < to; i++ {
		row, end := (i-from)*ld, (i-from)*ld+wholeLines(keys)
		a.slope(x[row:end], y[row:end], min(keys, a.seen(i+1)), a.l[head*a.Queries+i])
	}
}
