package vmath

import "drift/kernels"

// Line is what the lengths of rows for softmaxes are multiples of.
const Line = 16

// SoftmaxFor is the function that makes the first n of a row of scores x their softmax, and what is behind them 0. It returns the largest score m and
// the sum of e^(x−m).
func SoftmaxFor[T kernels.Float]() func(x []T, n int) (m, sum T) {
	if v := active[T](); v != nil && v.softmax != nil {
		return func(x []T, n int) (m, sum T) {
			all := len(x) / Line * Line
			m = Max(x[:all][:n])
			return m, v.softmax(&x[0], n, all, m)
		}
	}
	scale := For[T](kernels.FnScale)
	return func(x []T, n int) (m, sum T) {
		clear(x[n:])
		x = x[:n]
		m = Max(x)
		sum = ExpSum(x, x, m)
		scale(x, x, nil, 1/sum)
		return m, sum
	}
}

// SlopeFor is the function that makes the first n of a row of scores x, the logarithm of whose exponentials' sum is l, the softmax p = e^(x−l), and
// y the derivative along y:
//
//	x ← p,  y ← p·(y − Σ p·y),
//
// and what is behind them 0.
func SlopeFor[T kernels.Float]() func(x, y []T, n int, l T) {
	if v := active[T](); v != nil && v.slope != nil {
		return func(x, y []T, n int, l T) {
			all := len(x) / Line * Line
			_ = x[:all][n-1]
			v.slope(&x[0], &y[:all][0], n, all, l)
		}
	}
	mul, less := For[T](kernels.FnMul), For[T](SubScale)
	return func(x, y []T, n int, l T) {
		clear(x[n:])
		clear(y[n:])
		x, y = x[:n], y[:n]
		ExpSum(x, x, l)
		mul(y, y, x, 0)
		less(y, x, y, Sum(y))
	}
}

// CurveFor is the function for derivatives of second order of a softmax p, whose derivative is s, by the gradient d in p and its derivative t, of
// which there are n:
//
//	d ← p·e,  t ← u − p·Σ u  with e = d − Σ p·d and u = s·e + p·t.
//
// Behind them d and t become 0. It may overwrite spare.
func CurveFor[T kernels.Float]() func(p, s, d, t, spare []T, n int) {
	if v := active[T](); v != nil && v.curve != nil {
		return func(p, s, d, t, _ []T, n int) {
			all := len(d) / Line * Line
			_ = d[:all][n-1]
			v.curve(&p[:all][0], &s[:all][0], &d[0], &t[:all][0], n, all)
		}
	}
	add, mul, shift, less := For[T](kernels.FnAdd), For[T](kernels.FnMul), For[T](kernels.FnAddConst), For[T](SubScale)
	return func(p, s, d, t, spare []T, n int) {
		clear(d[n:])
		clear(t[n:])
		p, s, d, t, spare = p[:n], s[:n], d[:n], t[:n], spare[:n]
		mul(spare, d, p, 0)
		shift(d, d, nil, -Sum(spare))
		mul(t, t, p, 0)
		mul(spare, d, s, 0)
		add(t, t, spare, 0)
		less(t, p, t, Sum(t))
		mul(d, d, p, 0)
	}
}
