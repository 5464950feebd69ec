// Package vmath holds loops over slices: elementwise functions and sums, the inner blocks of fused kernels. They are in assembly for
// AVX-512 and AVX2, the simpler ones also for NEON, and in Go elsewhere; package level says which are in use.
//
// Functions agree with kernels.Fn.Eval on NaN, infinities and overflow, with results that are denormal, and on small arguments.
// The sign of a zero that Max or Min returns is not defined, and these two give NaN where one operand is NaN, whatever the other is.
// Errors are at most, in units in the last place of the result, as the tests assert:
//
//	            float32  float64
//	Exp             1        1
//	Log             1        1
//	Tanh            2.5      2.5
//	Sigmoid         2        2
//	Softplus        2        2
//	NormCDF         6        6
//	NormPDF         1.5      1.5
//	Rsqrt           1.5      1.5
//
// All others are correctly rounded. The portable functions of float64 are those of package math.
package vmath

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

//go:generate go run drift/kernels/cpu/internal/gen ..

// Func sets dst[i] = f(x[i], y[i]) for all i < len(dst). Operands that the function does not have are nil; others
// have len(dst) elements. dst may be the same slice as x or y. imm is the function's constant.
type Func[T kernels.Float] func(dst, x, y []T, imm T)

// longest is the number of elements that one call of assembly is given: the scheduler cannot interrupt it.
const longest = 1 << 14

// loop is an elementwise function in assembly.
type loop[T kernels.Float] func(dst, x, y *T, n int, imm T)

// vectors are the loops for one instruction set; NEON leaves some to portable Go.
type vectors[T kernels.Float] struct {
	loops   [count]loop[T]
	sum     func(x *T, n int) T
	largest func(x *T, n int) T
	expSum  func(dst, x *T, n int, shift T) T
	softmax func(x *T, n, all int, m T) T
	slope   func(x, y *T, n, all int, l T)
	curve   func(p, s, d, t *T, n, all int)
}

// active are the loops of the level in use, nil for the portable ones.
func active[T kernels.Float]() *vectors[T] {
	if v, ok := any(vectors32[level.Active()]).(*vectors[T]); ok {
		return v
	}
	return any(vectors64[level.Active()]).(*vectors[T])
}

// For is the loop that computes f at the level in use.
func For[T kernels.Float](f kernels.Fn) Func[T] {
	v := active[T]()
	if v == nil || v.loops[f] == nil {
		return portable[T](f)
	}
	l, arity := v.loops[f], f.Arity()
	return func(dst, x, y []T, imm T) {
		for len(dst) > 0 {
			n := min(len(dst), longest)
			var px, py *T
			if arity > 0 {
				px, x = &x[:n][0], x[n:]
			}
			if arity > 1 {
				py, y = &y[:n][0], y[n:]
			}
			l(&dst[0], px, py, n, imm)
			dst = dst[n:]
		}
	}
}

// Sum is Σ x, for a few thousand elements at most: the running sums are 16 or more, so that the error stays within a few ulp of Σ|x|.
func Sum[T kernels.Float](x []T) T {
	v := active[T]()
	if v == nil || len(x) == 0 {
		return portableSum(x)
	}
	return v.sum(&x[0], len(x))
}

// Max is the largest element, NaN if there is one, −∞ for none.
func Max[T kernels.Float](x []T) T {
	v := active[T]()
	if v == nil || v.largest == nil || len(x) == 0 {
		return portableMax(x)
	}
	return v.largest(&x[0], len(x))
}

// ExpSum sets dst[i] = e^(x[i]−shift) for all of x and returns their sum. dst may be x.
func ExpSum[T kernels.Float](dst, x []T, shift T) T {
	dst = dst[:len(x)]
	v := active[T]()
	if v == nil || v.expSum == nil || len(x) == 0 {
		return portableExpSum(dst, x, shift)
	}
	return v.expSum(&dst[0], &x[0], len(x), shift)
}
