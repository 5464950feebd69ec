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
	sum     vmath.Func[T]
}

// hvpScratch is what a worker has of its own: of a head, k and k̇, v and v̇ with their rows as columns; of a block of queries, Scale times q̇ and q and
// ō so; four squares of queries and keys, and one turned.
type hvpScratch[T kernels.Float] struct {
	keys, values, queries, out []T
	p, s, d, t, turned         []T
}

func newAttentionHVP[T kernels.Float](l *loader, p kernels.Attention, tangent bool) *attentionHVP[T] {
	a := &attentionHVP[T]{newAttention[T](l, p), tangent, vmath.For[T](kernels.FnAdd)}
	a.block = min(a.block, max(leastQueries, hvpScores/p.Keys))
	l.local.reserve(a.size() * sizeOf[T]())
	return a
}

func (a *attentionHVP[T]) size() int {
	return wholeLines(2*a.Width*a.Keys) + wholeLines(2*a.Values*a.Keys) + wholeLines(2*a.Width*a.block) + wholeLines(a.Values*a.block) + 5*wholeLines(a.block*a.Keys)
}

func (a *attentionHVP[T]) scratch(worker int) (s hvpScratch[T]) {
	rest, square := view[T](a.local, worker, 0, a.size()), a.block*a.Keys
	s.keys, rest = cut(rest, 2*a.Width*a.Keys)
	s.values, rest = cut(rest, 2*a.Values*a.Keys)
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
	w, v := a.Width*a.Keys, a.Values*a.Keys
	turn(s.keys[:w], a.k[0], b, h, 0, a.Keys, a.Width)
	turn(s.keys[w:], a.k[1], b, h, 0, a.Keys, a.Width)
	if !a.tangent {
		turn(s.values[:v], a.v[0], b, h, 0, a.Keys, a.Values)
		turn(s.values[v:], a.v[1], b, h, 0, a.Keys, a.Values)
	}
	beta := T(0)
	for from := (a.Queries - 1) / a.block * a.block; from >= 0; from -= a.block {
		to := min(from+a.block, a.Queries)
		a.slopes(s, head, from, to)
		a.change(s, b, h, from, to)
		if !a.tangent {
			a.curve(s, b, h, from, to)
			a.gather(s, b, h, from, to, beta)
		}
		beta = 1
	}
}

// slopes sets p and, in s, ṗ.
func (a *attentionHVP[T]) slopes(s *hvpScratch[T], head, from, to int) {
	b, h, n, keys, w := head/a.Heads, head%a.Heads, to-from, a.seen(to), a.Width
	queries := s.queries[:2*w*n]
	a.scaled(queries[:w*n], a.q[1], b, h, from, to, w)
	a.scaled(queries[w*n:], a.q[0], b, h, from, to, w)
	gemm.InPlace(n, keys, w, queries[w*n:], n, s.keys, a.Keys, 0, s.p, keys)
	gemm.InPlace(n, keys, 2*w, queries, n, s.keys, a.Keys, 0, s.s, keys)
	a.weights(s.p, head, from, to)
	all := n * keys
	a.mul(s.s[:all], s.s[:all], s.p[:all], 0)
	a.centre(s.s, s.p, n, keys)
}

// change sets ȯ.
func (a *attentionHVP[T]) change(s *hvpScratch[T], b, h, from, to int) {
	n, keys, v, dv, o := to-from, a.seen(to), a.v[0], a.v[1], a.o[2]
	out := o.of(b, h)[from*o.row:]
	gemm.InRows(n, a.Values, keys, s.s, keys, v.of(b, h), v.row, 0, out, o.row, s.turned)
	gemm.InRows(n, a.Values, keys, s.p, keys, dv.of(b, h), dv.row, 1, out, o.row, s.turned)
}

// curve sets d to Scale·s̄ and t to Scale·t.
func (a *attentionHVP[T]) curve(s *hvpScratch[T], b, h, from, to int) {
	n, keys, v := to-from, a.seen(to), a.Values
	all := n * keys
	out := s.out[:v*n]
	a.scaled(out, a.o[1], b, h, from, to, v)
	gemm.InPlace(n, keys, v, out, n, s.values, a.Keys, 0, s.d, keys)
	gemm.InPlace(n, keys, v, out, n, s.values[v*a.Keys:], a.Keys, 0, s.t, keys)
	d, t, p, turned := s.d[:all], s.t[:all], s.p[:all], s.turned[:all]
	a.mul(turned, d, p, 0)
	for r := range n {
		row := d[r*keys : (r+1)*keys]
		a.add(row, row, nil, -vmath.Sum(turned[r*keys:(r+1)*keys]))
	}
	a.mul(t, t, p, 0)
	a.mul(turned, d, s.s[:all], 0)
	a.sum(t, t, turned, 0)
	a.centre(t, p, n, keys)
	a.mul(d, d, p, 0)
}

// gather adds the part of a block of queries to the results of a head.
func (a *attentionHVP[T]) gather(s *hvpScratch[T], b, h, from, to int, beta T) {
	n, keys, w := to-from, a.seen(to), a.Width
	q, k, g := a.q[0], a.k[0], a.o[1]
	dq, dk := a.q[1], a.k[1]
	toQ, toK, toV := a.q[2], a.k[2], a.v[2]
	gemm.InPlace(keys, a.Values, n, s.s, keys, g.of(b, h)[from*g.row:], g.row, beta, toV.of(b, h), toV.row)
	gemm.InPlace(keys, w, n, s.t, keys, q.of(b, h)[from*q.row:], q.row, beta, toK.of(b, h), toK.row)
	gemm.InPlace(keys, w, n, s.d, keys, dq.of(b, h)[from*dq.row:], dq.row, 1, toK.of(b, h), toK.row)
	out := toQ.of(b, h)[from*toQ.row:]
	gemm.InRows(n, w, keys, s.t, keys, k.of(b, h), k.row, 0, out, toQ.row, s.turned)
	gemm.InRows(n, w, keys, s.d, keys, dk.of(b, h), dk.row, 1, out, toQ.row, s.turned)
}
