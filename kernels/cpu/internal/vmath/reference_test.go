package vmath

import (
	"math"
	"math/big"

	"drift/kernels"
)

// precision of the reference, in bits.
const precision = 200

func num(x float64) *big.Float       { return new(big.Float).SetPrec(precision).SetFloat64(x) }
func zero() *big.Float               { return new(big.Float).SetPrec(precision) }
func add(x, y *big.Float) *big.Float { return zero().Add(x, y) }
func sub(x, y *big.Float) *big.Float { return zero().Sub(x, y) }
func mul(x, y *big.Float) *big.Float { return zero().Mul(x, y) }
func div(x, y *big.Float) *big.Float { return zero().Quo(x, y) }

var pi, _ = zero().SetString("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")

// exact is f(x) to about 180 bits, or nil where float64 says all there is to say: special values, and elementary functions.
func exact(f kernels.Fn, x float64) *big.Float {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	b := num(x)
	switch f {
	case kernels.FnExp:
		return exp(b)
	case kernels.FnLog:
		if x <= 0 || x == 1 {
			return nil
		}
		return log(b)
	case kernels.FnTanh:
		if math.Abs(x) < 1e-20 || math.Abs(x) > 100 {
			return num(math.Tanh(x))
		}
		e := exp(add(b, b))
		return div(sub(e, num(1)), add(e, num(1)))
	case kernels.FnSigmoid:
		return div(num(1), add(num(1), exp(zero().Neg(b))))
	case kernels.FnSoftplus:
		if x > 200 {
			return b // to a relative 1e-80
		}
		if x < -40 {
			u := exp(b)
			return sub(u, mul(num(0.5), mul(u, u))) // ln(1+u) to a relative e⁻⁸⁰
		}
		return log(add(num(1), exp(b)))
	case kernels.FnNormPDF:
		return phi(b)
	case kernels.FnNormCDF:
		return cdf(b)
	case kernels.FnRsqrt:
		if x <= 0 {
			return nil
		}
		return div(num(1), zero().Sqrt(b))
	}
	return nil
}

// exp is (e^(x/2^s))^(2^s) by Taylor's series.
func exp(x *big.Float) *big.Float {
	v, _ := x.Float64()
	if math.Abs(v) > 1e6 {
		return zero().SetMantExp(num(1), int(math.Copysign(1e6, v)))
	}
	s := max(0, math.Ilogb(math.Abs(v)+1e-300)+10)
	r := zero().SetMantExp(x, -s)
	sum, term := num(1), num(1)
	for i := 1; i < 60 && term.Sign() != 0; i++ {
		term = div(mul(term, r), num(float64(i)))
		sum = add(sum, term)
	}
	for range s {
		sum = mul(sum, sum)
	}
	return sum
}

// log is Newton's method on exp, from float64's value: its error is squared in each of two steps.
func log(x *big.Float) *big.Float {
	mant := zero()
	e := x.MantExp(mant)
	m, _ := mant.Float64()
	y := num(math.Log(m))
	for range 3 {
		y = add(y, sub(div(mant, exp(y)), num(1)))
	}
	if e == 0 {
		return y
	}
	return add(y, mul(num(float64(e)), ln2))
}

var ln2, _ = zero().SetString("0.6931471805599453094172321214581765680755001343602552541206800094933936219696947")

func phi(x *big.Float) *big.Float {
	return div(exp(mul(num(-0.5), mul(x, x))), zero().Sqrt(mul(num(2), pi)))
}

// cdf is ½ + φ(x)·Σ x^(2k+1)/(2k+1)!! near zero, and φ(x) times Laplace's continued fraction far from it.
func cdf(x *big.Float) *big.Float {
	v, _ := x.Float64()
	if math.Abs(v) < 5 {
		sum, term := num(0), x
		for k := 0; k < 200; k++ {
			sum = add(sum, term)
			term = div(mul(term, mul(x, x)), num(float64(2*k+3)))
		}
		return add(num(0.5), mul(phi(x), sum))
	}
	a, tail := zero().Abs(x), num(0)
	for k := 300; k > 0; k-- {
		tail = div(num(float64(k)), add(a, tail))
	}
	tail = div(phi(x), add(a, tail))
	if v < 0 {
		return tail
	}
	return sub(num(1), tail)
}

// ulps is |got − want| in units in the last place of a number with these fraction bits and this least exponent.
func ulps(got float64, want *big.Float, bits, least int) float64 {
	e := max(want.MantExp(nil)-1, least) - bits
	d, _ := zero().SetMantExp(sub(num(got), want), -e).Float64()
	return math.Abs(d)
}
