package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/vmath"
)

// gradientScratch is what a worker has of its own: of a head, k and v with their rows as columns; of a block of queries, Scale times q and ō so; two squares
// of queries and keys, and one turned.
type gradientScratch[T kernels.Float] struct{ keys, values, queries, out, p, d, turned []T }

func (a *attention[T]) gradientSize() int {
	return wholeLines(a.Width*a.Keys) + wholeLines(a.Values*a.Keys) + wholeLines(a.Width*a.block) + wholeLines(a.Values*a.block) + 3*wholeLines(a.block*a.Keys)
}

func (a *attention[T]) gradientScratch(worker int) (s gradientScratch[T]) {
	rest, square := view[T](a.local, worker, 0, a.gradientSize()), a.block*a.Keys
	s.keys, rest = cut(rest, a.Width*a.Keys)
	s.values, rest = cut(rest, a.Values*a.Keys)
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
	turn(s.keys, a.k[0], b, h, 0, a.Keys, a.Width)
	turn(s.values, a.v[0], b, h, 0, a.Keys, a.Values)
	beta := T(0)
	for from := (a.Queries - 1) / a.block * a.block; from >= 0; from -= a.block {
		a.backBlock(s, head, from, min(from+a.block, a.Queries), beta)
		beta = 1
	}
}

// backBlock is the part of queries [from, to) in the gradients of a head. Scale is in the copies of q and ō, and so in s̄.
func (a *attention[T]) backBlock(s *gradientScratch[T], head, from, to int, beta T) {
	b, h, n, keys := head/a.Heads, head%a.Heads, to-from, a.seen(to)
	q, k, g := a.q[0], a.k[0], a.o[1]
	toQ, toK, toV := a.q[1], a.k[1], a.v[1]
	all := n * keys
	a.scaled(s.queries[:n*a.Width], q, b, h, from, to, a.Width)
	gemm.InPlace(n, keys, a.Width, s.queries, n, s.keys, a.Keys, 0, s.p, keys)
	a.weights(s.p, head, from, to)
	gemm.InPlace(keys, a.Values, n, s.p, keys, g.of(b, h)[from*g.row:], g.row, beta, toV.of(b, h), toV.row)
	a.scaled(s.out[:n*a.Values], g, b, h, from, to, a.Values)
	gemm.InPlace(n, keys, a.Values, s.out, n, s.values, a.Keys, 0, s.d, keys)
	a.mul(s.d[:all], s.d[:all], s.p[:all], 0)
	a.centre(s.d, s.p, n, keys)
	gemm.InPlace(keys, a.Width, n, s.d, keys, q.of(b, h)[from*q.row:], q.row, beta, toK.of(b, h), toK.row)
	gemm.InRows(n, a.Width, keys, s.d, keys, k.of(b, h), k.row, 0, toQ.of(b, h)[from*toQ.row:], toQ.row, s.turned)
}

// turn is rows [from, to) of a head as columns.
func turn[T kernels.Float](dst []T, x heads[T], b, h, from, to, width int) {
	gemm.Transpose(dst, x.of(b, h)[from*x.row:], to-from, width, x.row)
}

// scaled is turn times Scale.
func (a *attention[T]) scaled(dst []T, x heads[T], b, h, from, to, width int) {
	turn(dst, x, b, h, from, to, width)
	a.scale(dst, dst, nil, T(a.Scale))
}

// weights makes scores of queries [from, to) what these weigh, by l.
func (a *attention[T]) weights(p []T, head, from, to int) {
	keys := a.seen(to)
	for i := from; i < to; i++ {
		row := p[(i-from)*keys : (i-from+1)*keys]
		seen := row[:min(keys, a.seen(i+1))]
		vmath.ExpSum(seen, seen, a.l[head*a.Queries+i])
		clear(row[len(seen):])
	}
}

// centre takes from each row of x the multiple of p's that makes it add up to 0, as those of p add up to 1.
func (a *attention[T]) centre(x, p []T, n, keys int) {
	for r := range n {
		row := x[r*keys : (r+1)*keys]
		a.less(row, p[r*keys:(r+1)*keys], row, vmath.Sum(row))
	}
}
