package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"

	"drift/kernels/cpu/internal/minimax"
)

// function is an elementwise function: the name of its kernels.Fn, how many operands it reads, and its value.
type function struct {
	name     string
	operands int
	value    func(b body, x, y operand.Op) operand.Op
}

var functions = []function{
	{"Const", 0, func(b body, x, y operand.Op) operand.Op { return b.imm }},
	{"AddConst", 1, func(b body, x, y operand.Op) operand.Op { return b.add(x, b.imm) }},
	{"Scale", 1, func(b body, x, y operand.Op) operand.Op { return b.mul(x, b.imm) }},
	{"Abs", 1, func(b body, x, y operand.Op) operand.Op { return b.clear(b.sign(), x) }},
	{"Sign", 1, func(b body, x, y operand.Op) operand.Op { return b.signum(x) }},
	{"Square", 1, func(b body, x, y operand.Op) operand.Op { return b.mul(x, x) }},
	{"Sqrt", 1, func(b body, x, y operand.Op) operand.Op { return b.sqrt(x) }},
	{"Rsqrt", 1, func(b body, x, y operand.Op) operand.Op { return b.div(b.constant(1), b.sqrt(x)) }},
	{"Recip", 1, func(b body, x, y operand.Op) operand.Op { return b.div(b.constant(1), x) }},
	{"Exp", 1, func(b body, x, y operand.Op) operand.Op { return b.exp(x) }},
	{"Log", 1, func(b body, x, y operand.Op) operand.Op { return b.log(x) }},
	{"Tanh", 1, func(b body, x, y operand.Op) operand.Op { return b.tanh(x) }},
	{"Sigmoid", 1, func(b body, x, y operand.Op) operand.Op { return b.sigmoid(x) }},
	{"Softplus", 1, func(b body, x, y operand.Op) operand.Op { return b.softplus(x) }},
	{"Relu", 1, func(b body, x, y operand.Op) operand.Op { return b.max(b.constant(0), x) }},
	{"Step", 1, func(b body, x, y operand.Op) operand.Op { return b.indicator(x, b.constant(0)) }},
	{"NormCDF", 1, func(b body, x, y operand.Op) operand.Op { return b.normCDF(x) }},
	{"NormPDF", 1, func(b body, x, y operand.Op) operand.Op { return b.normPDF(x) }},
	{"Add", 2, body.add},
	{"Sub", 2, body.sub},
	{"Mul", 2, body.mul},
	{"Div", 2, body.div},
	{"Max", 2, func(b body, x, y operand.Op) operand.Op { return b.choose(b.compare(unordered, x, x), x, b.max(x, y)) }},
	{"Min", 2, func(b body, x, y operand.Op) operand.Op { return b.choose(b.compare(unordered, x, x), x, b.min(x, y)) }},
	{"Greater", 2, body.indicator},
	{"ScaleAdd", 2, func(b body, x, y operand.Op) operand.Op { return b.add(b.mul(x, b.imm), y) }},
	{"ScaleSub", 2, func(b body, x, y operand.Op) operand.Op { return b.sub(b.mul(x, b.imm), y) }},
	{"SubScale", 2, func(b body, x, y operand.Op) operand.Op { return b.sub(y, b.mul(x, b.imm)) }},
	{"StepMul", 2, func(b body, x, y operand.Op) operand.Op { return b.mul(b.indicator(x, b.constant(0)), y) }},
	{"AddRelu", 2, func(b body, x, y operand.Op) operand.Op { return b.max(b.constant(0), b.add(x, y)) }},
}

// indicator is 1 where x > y, else 0.
func (b body) indicator(x, y operand.Op) operand.Op {
	return b.choose(b.compare(greater, x, y), b.constant(1), b.constant(0))
}

func (b body) signum(x operand.Op) operand.Op {
	one := b.or(b.and(x, b.sign()), b.constant(1))
	one = b.choose(b.compare(equal, x, b.constant(0)), x, one)
	return b.choose(b.compare(unordered, x, x), x, one)
}

// reduce writes eˣ⁺ˡ = (1+q)·2ⁿ: n = round(x/ln 2), r = x − n·ln 2 + l, q = r + r²·P(r). The small l may be nil.
func (b body) reduce(x, l operand.Op) (q, n operand.Op) {
	n = b.round(b.mul(x, b.constant(1/math.Ln2)))
	high, low := b.ln2()
	r := b.fnma(n, b.constant(low), b.fnma(n, b.constant(high), x))
	if l != nil {
		r = b.add(r, l)
	}
	return b.fma(b.horner(pick(b.f64, minimax.ExpF64, minimax.ExpF32), r), b.mul(r, r), r), n
}

// ln2 is ln 2 as a sum of two numbers, both positive. The product of the first with an exponent is exact.
func (b body) ln2() (high, low float64) {
	if b.f64 {
		high = math.Float64frombits(math.Float64bits(math.Ln2) &^ (1<<21 - 1))
		return high, 1.90821492927058770002e-10
	}
	high = float64(math.Float32frombits(math.Float32bits(math.Ln2) &^ (1<<9 - 1)))
	return high, math.Ln2 - high
}

func (b body) exp(x operand.Op) operand.Op {
	x = b.min(b.constant(pick(b.f64, 710, 89.)), x)
	x = b.max(b.constant(pick(b.f64, -746, -104.)), x)
	q, n := b.reduce(x, nil)
	return b.scale(b.add(q, b.constant(1)), n)
}

// log: x = 2ᵉ·(1+f) with √½ ≤ 1+f ≤ √2, ln x = e·ln 2 + ln(1+f).
func (b body) log(x operand.Op) operand.Op {
	e, m := b.exponent(x)
	f := b.sub(m, b.constant(1))
	high, low := b.ln2()
	square := b.mul(f, f)
	var y operand.Op
	if b.f64 {
		half := b.mul(square, b.constant(0.5))
		y = b.sub(half, b.fma(e, b.constant(low), b.mulAtanh(f, half, minimax.LogF64)))
		y = b.fma(e, b.constant(high), b.sub(f, y))
	} else {
		y = b.mul(b.mul(square, f), b.horner(minimax.LogF32, f))
		y = b.fnma(b.constant(0.5), square, b.fma(e, b.constant(low), y))
		y = b.fma(e, b.constant(high), b.add(f, y))
	}
	if b.wide {
		return y // the instructions for exponent and fraction take care of zero, infinity, NaN and negative numbers
	}
	special := b.choose(b.compare(less, x, b.constant(0)), b.constant(math.NaN()), x)
	special = b.choose(b.compare(equal, x, b.constant(0)), b.constant(math.Inf(-1)), special)
	good := b.and(b.compare(greater, x, b.constant(0)), b.compare(less, x, b.constant(math.Inf(1))))
	return b.choose(good, y, special)
}

// mulAtanh is s·(½f² + R) for s = f/(2+f) and R = s²·L(s²), so that ln(1+f) = f − (½f² − s·(½f² + R)).
func (b body) mulAtanh(f, half operand.Op, c []float64) operand.Op {
	s := b.div(f, b.add(f, b.constant(2)))
	z := b.mul(s, s)
	return b.mul(s, b.fma(z, b.horner(c, z), half))
}

// exponent splits x into 2ᵉ·m.
func (b body) exponent(x operand.Op) (e, m operand.Op) {
	if b.wide {
		ev, mv := b.new(), b.new()
		b.of(b.VGETEXPPD, b.VGETEXPPS)(x, ev)
		b.of(b.VGETMANTPD, b.VGETMANTPS)(operand.U8(0x0c), x, mv) // in [1,2), NaN for negative x
		large := b.compare(greater, mv, b.constant(math.Sqrt2))
		b.of(b.VMULPD, b.VMULPS)(b.constant(0.5), mv, large, mv)
		b.of(b.VADDPD, b.VADDPS)(b.constant(1), ev, large, ev)
		return ev, mv
	}
	least := math.Ldexp(1, 1-b.bias())
	denormal := b.compare(less, x, b.constant(least))
	up := float64(b.mantissa() + 1)
	x = b.choose(denormal, b.mul(x, b.constant(math.Exp2(up))), x)
	one, root := b.pattern(b.bits(1)), b.pattern(b.bits(1)-b.bits(math.Sqrt2/2))
	t := b.addBits(x, root) // its exponent is e + bias
	magic := math.Exp2(float64(b.mantissa()))
	e = b.or(b.right(t, b.mantissa()), b.constant(magic))
	e = b.sub(b.sub(e, b.constant(magic+float64(b.bias()))), b.and(denormal, b.constant(up)))
	field := b.and(t, b.pattern(b.bits(math.Inf(1))))
	return e, b.addBits(b.subBits(x, field), one)
}

func (b body) bits(v float64) uint64 {
	if b.f64 {
		return math.Float64bits(v)
	}
	return uint64(math.Float32bits(float32(v)))
}

// tanh |x| = m/(m+2) with m = e^(2|x|) − 1 = 2ⁿ·q + (2ⁿ − 1), which is exact to rounding for small x too.
func (b body) tanh(x operand.Op) operand.Op {
	a := b.clear(b.sign(), x)
	q, n := b.reduce(b.min(b.constant(pick(b.f64, 80, 40.)), b.add(a, a)), nil)
	p := b.power(n)
	m := b.fma(p, q, b.sub(p, b.constant(1)))
	return b.or(b.div(m, b.add(m, b.constant(2))), b.and(x, b.sign()))
}

// decay is e^(−|x|).
func (b body) decay(x operand.Op) operand.Op {
	q, n := b.reduce(b.max(b.constant(pick(b.f64, -746, -104.)), b.or(x, b.sign())), nil)
	return b.scale(b.add(q, b.constant(1)), n)
}

// sigmoid is 1/(1+e) or e/(1+e) with e = e^(−|x|): nothing overflows, and small values keep their precision.
func (b body) sigmoid(x operand.Op) operand.Op {
	e, one := b.decay(x), b.inRegister(b.constant(1))
	return b.div(b.choose(b.compare(less, x, b.constant(0)), e, one), b.add(e, one))
}

// softplus is max(x, 0) + ln(1+u) with u = e^(−|x|).
func (b body) softplus(x operand.Op) operand.Op {
	u := b.decay(x)
	half := b.mul(b.mul(u, u), b.constant(0.5))
	l := b.sub(u, b.sub(half, b.mulAtanh(u, half, pick(b.f64, minimax.Log1pF64, minimax.Log1pF32))))
	return b.add(b.max(b.constant(0), x), l)
}

// gaussian is e^(−a²/2) as (1+q)·2ⁿ for a = min(|x|, largest). The rounding error of a², which would be multiplied by a²/2, is
// computed and made up for.
func (b body) gaussian(x operand.Op) (a, q, n operand.Op) {
	a = b.min(b.constant(pick(b.f64, 38.8, 14.5)), b.clear(b.sign(), x))
	minusHalf := b.mul(a, b.constant(-0.5))
	h := b.mul(minusHalf, a)
	l := b.copy(minusHalf)
	b.of(b.VFMSUB213PD, b.VFMSUB213PS)(h, a, l)
	q, n = b.reduce(h, l)
	return a, q, n
}

func (b body) normPDF(x operand.Op) operand.Op {
	_, q, n := b.gaussian(x)
	c := b.inRegister(b.constant(1 / math.Sqrt(2*math.Pi)))
	return b.scale(b.fma(q, c, c), n)
}

// normCDF: Φ(−a) = e^(−a²/2)·G(t)/(a+c) with t = (a−c)/(a+c) and a polynomial G; Φ(a) = 1 − Φ(−a).
func (b body) normCDF(x operand.Op) operand.Op {
	a, q, n := b.gaussian(x)
	c := pick(b.f64, 5, 3.)
	one := b.constant(1)
	d := b.div(one, b.add(a, b.constant(c)))
	g := b.mul(b.horner(pick(b.f64, minimax.TailF64, minimax.TailF32), b.fnma(b.constant(2*c), d, one)), d)
	tail := b.scale(b.fma(q, g, g), n)
	return b.choose(b.compare(greater, x, b.constant(0)), b.sub(one, tail), tail)
}
