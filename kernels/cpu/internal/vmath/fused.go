package vmath

import "drift/kernels"

// Functions of two steps, numbered after those of package kernels. Each step is rounded by itself, so that a value has
// the same bits as in two loops.
const (
	ScaleAdd = kernels.FnGreater + 1 + iota // imm·x + y
	ScaleSub                                // imm·x − y
	SubScale                                // y − imm·x
	StepMul                                 // y times 1 where x > 0, else times 0
	AddRelu                                 // max(x+y, 0); NaN stays NaN
	count    = iota + int(kernels.FnGreater) + 1
)

// Fused is the function of the operands of a step (and the second step's other operand, behind them) that does both: the first step's
// result is the second's x, or its y.
func Fused(first, second kernels.Fn, isX bool) (kernels.Fn, bool) {
	switch {
	case first == kernels.FnScale && second == kernels.FnAdd:
		return ScaleAdd, true
	case first == kernels.FnScale && second == kernels.FnSub && isX:
		return ScaleSub, true
	case first == kernels.FnScale && second == kernels.FnSub:
		return SubScale, true
	case first == kernels.FnStep && second == kernels.FnMul:
		return StepMul, true
	case first == kernels.FnAdd && second == kernels.FnRelu:
		return AddRelu, true
	}
	return 0, false
}

// portableFused is the loop in Go. Conversions keep a compiler from rounding once.
func portableFused[T kernels.Float](f kernels.Fn) Func[T] {
	switch f {
	case ScaleAdd:
		return binary(func(x, y, imm T) T { return T(imm*x) + y })
	case ScaleSub:
		return binary(func(x, y, imm T) T { return T(imm*x) - y })
	case SubScale:
		return binary(func(x, y, imm T) T { return y - T(imm*x) })
	case StepMul:
		return binary(func(x, y, _ T) T {
			if x > 0 {
				return y
			}
			return 0 * y
		})
	}
	return binary(func(x, y, _ T) T {
		if s := x + y; !(s < 0) {
			return s
		}
		return 0
	})
}

func binary[T kernels.Float](f func(x, y, imm T) T) Func[T] {
	return func(dst, x, y []T, imm T) {
		x, y = x[:len(dst)], y[:len(dst)]
		for i := range dst {
			dst[i] = f(x[i], y[i], imm)
		}
	}
}
