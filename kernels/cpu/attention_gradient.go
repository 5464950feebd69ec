package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// loadAttentionGradient hands out heads, as the gradients of keys and values are sums over all queries of one.
func loadAttentionGradient[T kernels.Float](l *loader, p kernels.AttentionGradient, o operands[T]) {
	a := newAttention[T](l, kernels.Attention(p))
	n := len(o.in) - 3 // q, k and v, or one for all
	a.operands(append(append([][]T(nil), o.in[:n]...), o.in[n])...)
	a.operands(append(append([][]T(nil), o.out...), o.in[n+1])...)
	a.l = o.in[n+2]
	l.local.reserve(2 * a.block * p.Keys * sizeOf[T]())
	l.parallel(p.Batch*p.Heads, p.Queries*p.Keys*(3*p.Width+2*p.Values+64)/8, func(worker, from, to int) {
		for head := from; head < to; head++ {
			a.back(worker, head)
		}
	})
}

// back takes the blocks of queries from the last to the first: the last one sees all keys, and the others add to what it has begun.
func (a *attention[T]) back(worker, head int) {
	beta := T(0)
	for from := (a.Queries - 1) / a.block * a.block; from >= 0; from -= a.block {
		a.backBlock(worker, head, from, min(from+a.block, a.Queries), beta)
		beta = 1
	}
}

// backBlock is the part of queries [from, to) in the gradients of a head.
func (a *attention[T]) backBlock(worker, head, from, to int, beta T) {
	b, h, n, keys := head/a.Heads, head%a.Heads, to-from, a.seen(to)
	p := view[T](a.local, worker, 0, n*keys)
	s := view[T](a.local, worker, (a.block*a.Keys*sizeOf[T]()+7)/8*8, n*keys)
	q, k, v, o := a.q[0], a.k[0], a.v[0], a.o[0]
	qs, os := q.of(b, h)[from*q.row:], o.of(b, h)[from*o.row:]
	gs := a.o[1].of(b, h)[from*o.row:]
	a.scores(p, b, h, from, to)
	for r := range n {
		row := p[r*keys : (r+1)*keys]
		seen := row[:min(keys, a.seen(from+r+1))]
		vmath.ExpSum(seen, seen, a.l[head*a.Queries+from+r])
		clear(row[len(seen):])
	}
	gemm.Gemm(nil, true, false, keys, a.Values, n, 1, p, keys, gs, o.row, beta, a.v[1].of(b, h), v.row)
	gemm.Gemm(nil, false, true, n, keys, a.Values, 1, gs, o.row, v.of(b, h), v.row, 0, s, keys)
	for r := range n {
		row := s[r*keys : (r+1)*keys]
		a.add(row, row, nil, -inner(gs[r*o.row:][:a.Values], os[r*o.row:][:a.Values]))
	}
	a.mul(s, s, p, 0)
	scale := T(a.Scale)
	gemm.Gemm(nil, false, false, n, a.Width, keys, scale, s, keys, k.of(b, h), k.row, 0, a.q[1].of(b, h)[from*q.row:], q.row)
	gemm.Gemm(nil, true, false, keys, a.Width, n, scale, s, keys, qs, q.row, beta, a.k[1].of(b, h), k.row)
}

// inner is the inner product of two short rows.
func inner[T kernels.Float](x, y []T) (sum T) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}
