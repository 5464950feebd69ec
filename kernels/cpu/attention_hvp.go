package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// hvpScores bounds the scores of a block of queries with all keys, of which derivatives of second order keep five squares in the second-level cache.
const hvpScores = 1 << 15

// attentionHVP is an AttentionHVP or an AttentionTangent made ready. Of its operands, the first are q, k, v and o, the second what is given for each
// of them (q̇, k̇, v̇ and ō), the third the results. Products read them where they lie, and what has to be turned from copies that a head's or a
// block's products share.
type attentionHVP[T kernels.Float] struct {
	*attention[T]
	tangent bool // alone
	curve   func(p, s, d, t, spare []T, n int)
}

// hvpScratch is what a worker has of its own: of a head, Scale times k, k̇, v and v̇ with their rows as columns; of a block of queries, q, q̇ and ō
// so, where products want that; four squares of queries and keys, and one turned.
type hvpScratch[T kernels.Float] struct {
	keys, dKeys, values, dValues, queries, out []T
	p, s, d, t, turned                         []T
}

func newAttentionHVP[T kernels.Float](l *loader, p kernels.Attention, tangent bool) *attentionHVP[T] {
	a := &attentionHVP[T]{newAttention[T](l, p), tangent, vmath.CurveFor[T]()}
	a.block = min(a.block, max(leastQueries, hvpScores/p.Keys))
	l.local.reserve(a.size() * sizeOf[T]())
	return a
}

func (a *attentionHVP[T]) size() int {
	return 2*a.columns(a.Width) + 2*a.columns(a.Values) + wholeLines(2*a.Width*a.block) + wholeLines(a.Values*a.block) + 5*a.square()
}

func (a *attentionHVP[T]) scratch(worker int) (s hvpScratch[T]) {
	rest, square := view[T](a.local, worker, 0, a.size()), a.square()
	s.keys, rest = cut(rest, a.columns(a.Width))
	s.dKeys, rest = cut(rest, a.columns(a.Width))
	s.values, rest = cut(rest, a.columns(a.Values))
	s.dValues, rest = cut(rest, a.columns(a.Values))
	s.queries, rest = cut(rest, 2*a.Width*a.block)
	s.out, rest = cut(rest, a.Values*a.block)
	s.p, rest = cut(rest, square)
	s.s, rest = cut(rest, square)
	s.d, rest = cut(rest, square)
	s.t, rest = cut(rest, square)
	s.turned, _ = cut(rest, square)
	return s
}

// loadAttentionTangent hands out heads.
func loadAttentionTangent[T kernels.Float](l *loader, p kernels.AttentionTangent, o operands[T]) {
	a, n := newAttentionHVP[T](l, kernels.Attention(p), true), len(o.in)/2
	a.operands(append(append([][]T(nil), o.in[:n]...), o.out[0])...)
	a.operands(append(append([][]T(nil), o.in[n+1:]...), o.out[0])...)
	a.operands(append(append([][]T(nil), o.in[:n]...), o.out[0])...)
	a.l = o.in[n]
	a.hand(l, 3*p.Width+2*p.Values)
}

// loadAttentionHVP hands out heads, as what belongs to keys and values is a sum over all queries of one.
func loadAttentionHVP[T kernels.Float](l *loader, p kernels.AttentionHVP, o operands[T]) {
	a, n := newAttentionHVP[T](l, kernels.Attention(p), false), (len(o.in)-3)/2
	a.operands(append(append([][]T(nil), o.in[:n]...), o.in[n])...)
	a.operands(append(append([][]T(nil), o.in[n+3:]...), o.in[n+1])...)
	a.operands(o.out...)
	a.l = o.in[n+2]
	a.hand(l, 7*p.Width+5*p.Values)
}

func (a *attentionHVP[T]) hand(l *loader, products int) {
	l.parallel(a.Batch*a.Heads, a.Queries*a.Keys*(products+64)/8, func(worker, from, to int) {
		s := a.scratch(worker)
		for head := from; head < to; head++ {
			a.head(&s, head)
		}
	})
}

// head takes the blocks of queries from the last to the first: the last one sees all keys, and the others add to what it has begun.
func (a *attentionHVP[T]) head(s *hvpScratch[T], head int) {
	b, h := head/a.Heads, head%a.Heads
	a.ask(b, h, a.Queries, a.Keys, 2)
	a.turn(s.keys, a.k[0], b, h, a.Keys, a.Width)
	a.turn(s.dKeys, a.k[1], b, h, a.Keys, a.Width)
	if !a.tangent {
		a.o[1].ask(b, h, a.Queries, a.Values)
		a.turn(s.values, a.v[0], b, h, a.Keys, a.Values)
		a.turn(s.dValues, a.v[1], b, h, a.Keys, a.Values)
	}
	beta := T(0)
	for from := (a.Queries - 1) / a.block * a.block; from >= 0; from -= a.block {
		to := min(from+a.block, a.Queries)
		a.first(s, head, from, to)
		if !a.tangent {
			a.second(s, b, h, from, to)
			a.gather(s, b, h, from, to, beta)
		}
		beta = 1
	}
}

// first sets p and, in s, ṗ, and ȯ.
func (a *attentionHVP[T]) first(s *hvpScratch[T], head, from, to int) {
	b, h, n, keys, w, diagonal := head/a.Heads, head%a.Heads, to-from, a.seen(to), a.Width, a.diagonal(from)
	ld, columns := apart(keys), apart(a.Keys)
	q := a.q[0].rows(b, h, from, to, w, s.queries[:n*w])
	dq := a.q[1].rows(b, h, from, to, w, s.queries[n*w:])
	q.TimesUntil(diagonal, keys, s.keys, columns, 0, s.p, ld)
	q.TimesUntil(diagonal, keys, s.dKeys, columns, 0, s.s, ld)
	dq.TimesUntil(diagonal, keys, s.keys, columns, 1, s.s, ld)
	a.slopes(s.p, s.s, head, from, to)
	v, dv, o := a.v[0], a.v[1], a.o[2]
	out := o.of(b, h)[from*o.row:]
	gemm.InRows(n, keys, s.s, ld, s.turned).Until(diagonal).Times(a.Values, v.of(b, h), v.row, 0, out, o.row)
	gemm.InRows(n, keys, s.p, ld, s.turned).Until(diagonal).Times(a.Values, dv.of(b, h), dv.row, 1, out, o.row)
}

// second sets d to Scale·s̄ and t to Scale·t.
func (a *attentionHVP[T]) second(s *hvpScratch[T], b, h, from, to int) {
	keys, diagonal := a.seen(to), a.diagonal(from)
	ld, columns := apart(keys), apart(a.Keys)
	g := a.o[1].rows(b, h, from, to, a.Values, s.out)
	g.TimesUntil(diagonal, keys, s.values, columns, 0, s.d, ld)
	g.TimesUntil(diagonal, keys, s.dValues, columns, 0, s.t, ld)
	for i := from; i < to; i++ {
		row, end := (i-from)*ld, (i-from)*ld+wholeLines(keys)
		a.curve(s.p[row:end], s.s[row:end], s.d[row:end], s.t[row:end], s.turned[row:end], min(keys, a.seen(i+1)))
	}
}

// gather adds the part of a block of queries to the results of a head.
func (a *attentionHVP[T]) gather(s *hvpScratch[T], b, h, from, to int, beta T) {
	n, keys, w, diagonal := to-from, a.seen(to), a.Width, a.diagonal(from)
	ld := apart(keys)
	q, k, g := a.q[0], a.k[0], a.o[1]
	dq, dk := a.q[1], a.k[1]
	toQ, toK, toV := a.q[2], a.k[2], a.v[2]
	gemm.InColumns(keys, n, s.s, ld).After(diagonal).Times(a.Values, g.of(b, h)[from*g.row:], g.row, beta, toV.of(b, h), toV.row)
	gemm.InColumns(keys, n, s.t, ld).After(diagonal).Times(w, q.of(b, h)[from*q.row:], q.row, beta, toK.of(b, h), toK.row)
	gemm.InColumns(keys, n, s.d, ld).After(diagonal).Times(w, dq.of(b, h)[from*dq.row:], dq.row, 1, toK.of(b, h), toK.row)
	out := toQ.of(b, h)[from*toQ.row:]
	gemm.InRows(n, keys, s.t, ld, s.turned).Until(diagonal).Times(w, k.of(b, h), k.row, 0, out, toQ.row)
	gemm.InRows(n, keys, s.d, ld, s.turned).Until(diagonal).Times(w, dk.of(b, h), dk.row, 1, out, toQ.row)
}
