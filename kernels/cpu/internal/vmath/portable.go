package vmath

import (
	"math"

	"drift/kernels"
)

// portable is the loop in Go that computes f; float32 is computed in float64 where a function is not elementary.
func portable[T kernels.Float](f kernels.Fn) Func[T] {
	if f > kernels.FnGreater {
		return portableFused[T](f)
	}
	switch f {
	case kernels.FnConst:
		return func(dst, _, _ []T, imm T) {
			for i := range dst {
				dst[i] = imm
			}
		}
	case kernels.FnCopy:
		return func(dst, x, _ []T, _ T) { copy(dst, x) }
	case kernels.FnAddConst:
		return unary(func(x, imm T) T { return x + imm })
	case kernels.FnScale:
		return func(dst, x, _ []T, imm T) {
			x = x[:len(dst)]
			for i := range dst {
				dst[i] = imm * x[i]
			}
		}
	case kernels.FnSquare:
		return unary(func(x, _ T) T { return x * x })
	case kernels.FnRecip:
		return unary(func(x, _ T) T { return 1 / x })
	case kernels.FnRelu:
		return unary(func(x, _ T) T {
			if x < 0 {
				return 0
			}
			return x
		})
	case kernels.FnStep:
		return unary(func(x, _ T) T {
			if x > 0 {
				return 1
			}
			return 0
		})
	case kernels.FnAdd:
		return func(dst, x, y []T, _ T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] + y[i]
			}
		}
	case kernels.FnSub:
		return func(dst, x, y []T, _ T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] - y[i]
			}
		}
	case kernels.FnMul:
		return func(dst, x, y []T, _ T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] * y[i]
			}
		}
	case kernels.FnDiv:
		return func(dst, x, y []T, _ T) {
			x, y = x[:len(dst)], y[:len(dst)]
			for i := range dst {
				dst[i] = x[i] / y[i]
			}
		}
	}
	if f.Arity() == 2 {
		return func(dst, x, y []T, _ T) {
			for i := range dst {
				dst[i] = T(f.Eval(float64(x[i]), float64(y[i]), 0))
			}
		}
	}
	return unary(func(x, imm T) T { return T(f.Eval(float64(x), 0, float64(imm))) })
}

func unary[T kernels.Float](f func(x, imm T) T) Func[T] {
	return func(dst, x, _ []T, imm T) {
		x = x[:len(dst)]
		for i := range dst {
			dst[i] = f(x[i], imm)
		}
	}
}

const pairwise = 1024

func portableSum[T kernels.Float](x []T) T {
	if len(x) > pairwise { // longer running sums would round too often
		half := len(x) / 2
		return portableSum(x[:half]) + portableSum(x[half:])
	}
	var s [16]T
	for ; len(x) >= 16; x = x[16:] {
		for j := range s {
			s[j] += x[j]
		}
	}
	for j, v := range x {
		s[j] += v
	}
	for n := 8; n > 0; n /= 2 {
		for j := range n {
			s[j] += s[j+n]
		}
	}
	return s[0]
}

func portableMax[T kernels.Float](x []T) T {
	m := T(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func portableExpSum[T kernels.Float](dst, x []T, shift T) T {
	for i, v := range x {
		dst[i] = T(math.Exp(float64(v - shift)))
	}
	return portableSum(dst)
}
