package kernels

import (
	"fmt"
	"math"
)

// Fn is an elementwise function of a Map.
type Fn uint8

// Functions of no operand (Const), one operand x or two operands x, y; Imm is the instruction's constant.
const (
	FnConst    Fn = iota // Imm
	FnCopy               // x
	FnAddConst           // x + Imm
	FnScale              // Imm·x
	FnAbs                // |x|
	FnSign               // −1, 0 or 1
	FnSquare             // x²
	FnSqrt               // √x
	FnRsqrt              // 1/√x
	FnRecip              // 1/x
	FnExp                // eˣ
	FnLog                // ln x
	FnTanh               // tanh x
	FnSigmoid            // 1/(1+e⁻ˣ)
	FnSoftplus           // ln(1+eˣ), without overflow
	FnRelu               // max(x, 0); NaN stays NaN
	FnStep               // 1 where x > 0, else 0
	FnNormCDF            // Φ(x) = ½(1 + erf(x/√2))
	FnNormPDF            // φ(x) = e^(−x²/2)/√(2π)
	FnSin                // sin x
	FnCos                // cos x
	FnFloor              // the largest whole number that is at most x
	FnCeil               // the smallest whole number that is at least x
	FnAdd                // x + y
	FnSub                // x − y
	FnMul                // x·y
	FnDiv                // x/y
	FnMax                // the larger; NaN if either is
	FnMin                // the smaller; NaN if either is
	FnPow                // xʸ; 1 for y = 0, NaN where x < 0 and y is no whole number
	FnGreater            // 1 where x > y, else 0
	fnCount
)

var fnNames = [fnCount]string{"const", "copy", "addconst", "scale", "abs", "sign", "square", "sqrt", "rsqrt", "recip",
	"exp", "log", "tanh", "sigmoid", "softplus", "relu", "step", "normcdf", "normpdf", "sin", "cos", "floor", "ceil", "add", "sub", "mul", "div", "max", "min", "pow", "greater"}

func (f Fn) String() string { return fnNames[f] }

// Arity is the number of operands.
func (f Fn) Arity() int {
	switch {
	case f == FnConst:
		return 0
	case f >= FnAdd:
		return 2
	}
	return 1
}

// Eval is the function in float64: the reference that devices are compared with.
func (f Fn) Eval(x, y, imm float64) float64 {
	switch f {
	case FnConst:
		return imm
	case FnCopy:
		return x
	case FnAddConst:
		return x + imm
	case FnScale:
		return imm * x
	case FnAbs:
		return math.Abs(x)
	case FnSign:
		if x == 0 || math.IsNaN(x) {
			return x
		}
		return math.Copysign(1, x)
	case FnSquare:
		return x * x
	case FnSqrt:
		return math.Sqrt(x)
	case FnRsqrt:
		return 1 / math.Sqrt(x)
	case FnRecip:
		return 1 / x
	case FnExp:
		return math.Exp(x)
	case FnLog:
		return math.Log(x)
	case FnTanh:
		return math.Tanh(x)
	case FnSigmoid:
		if x < 0 {
			e := math.Exp(x)
			return e / (1 + e)
		}
		return 1 / (1 + math.Exp(-x))
	case FnSoftplus:
		if math.IsNaN(x) {
			return x
		}
		return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	case FnRelu:
		if x < 0 {
			return 0
		}
		return x
	case FnStep:
		if x > 0 {
			return 1
		}
		return 0
	case FnNormCDF:
		return 0.5 * math.Erfc(-x/math.Sqrt2)
	case FnNormPDF:
		return math.Exp(-0.5*x*x) / math.Sqrt(2*math.Pi)
	case FnSin:
		return math.Sin(x)
	case FnCos:
		return math.Cos(x)
	case FnFloor:
		return math.Floor(x)
	case FnCeil:
		return math.Ceil(x)
	case FnAdd:
		return x + y
	case FnSub:
		return x - y
	case FnMul:
		return x * y
	case FnDiv:
		return x / y
	case FnMax:
		return max(x, y) // NaN where either is NaN
	case FnMin:
		return min(x, y)
	case FnPow:
		return math.Pow(x, y)
	case FnGreater:
		if x > y {
			return 1
		}
		return 0
	}
	panic(fmt.Sprintf("kernels: no function %d", f))
}
