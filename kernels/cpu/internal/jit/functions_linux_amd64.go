package jit

import (
	"math"

	"drift/kernels/cpu/internal/minimax"
)

// Opcodes, and the comparison that is true for less, of what functions need besides arithmetic.
const (
	andCode, orCode, xorCode           = 0x54, 0x56, 0x57
	fma213, fmsub213, fnma213, fnma231 = 0xa8, 0xaa, 0xac, 0xbc
	roundF32, roundF64, less           = 0x08, 0x09, 0x11
)

func (c *compiler) f38(opcode byte) operation { return c.further(table0F38, opcode) }

func (c *compiler) sign() uint64 { return 1 << pick(c.f64, 63, 31) }

// reduce writes eˣ⁺ˡ = (1+q)·2ⁿ, as the loops of package vmath do: n = round(x/ln 2), r = x − n·ln 2 + l, q = r + r²·P(r). l is −1 for none. x
// may be q; r is for its own use.
func (c *compiler) reduce(x, l, q, n, r int) {
	high, low := c.ln2()
	c.with(c.arithmetic(mulCode), n, x, c.bits(1/math.Ln2))
	c.round(n, n)
	c.unary(c.arithmetic(moveCode), r, x)
	c.with(c.f38(fnma231), r, n, c.bits(high))
	c.with(c.f38(fnma231), r, n, c.bits(low))
	if l >= 0 {
		c.op(c.arithmetic(addCode), r, r, l)
	}
	c.horner(pick(c.f64, minimax.ExpF64, minimax.ExpF32), q, r)
	c.temporary(1, func(t []int) {
		c.op(c.arithmetic(mulCode), t[0], r, r)
		c.op(c.f38(fma213), q, t[0], r)
	})
}

// round is x rounded to a whole number.
func (c *compiler) round(dst, x int) {
	c.unary(c.further(table0F3A, pick[byte](c.f64, roundF64, roundF32)), dst, x)
	c.withByte(8)
}

// ln2 is ln 2 as a sum of two numbers, both positive. The product of the first with an exponent is exact.
func (c *compiler) ln2() (high, low float64) {
	if c.f64 {
		high = math.Float64frombits(math.Float64bits(math.Ln2) &^ (1<<21 - 1))
		return high, 1.90821492927058770002e-10
	}
	high = float64(math.Float32frombits(math.Float32bits(math.Ln2) &^ (1<<9 - 1)))
	return high, math.Ln2 - high
}

// horner is the polynomial in x with coefficients from the lowest degree on.
func (c *compiler) horner(p []float64, dst, x int) {
	c.set1(dst, p[len(p)-1])
	for i := len(p) - 2; i >= 0; i-- {
		c.with(c.f38(fma213), dst, x, c.bits(p[i]))
	}
}

// set1 is a number in all lanes.
func (c *compiler) set1(dst int, v float64) { c.fetchConstant(dst, c.constantAt(c.number(c.bits(v)))) }

// grow is dst = (1+q)·2ⁿ. It may destroy n.
func (c *compiler) grow(dst, q, n int) {
	c.with(c.arithmetic(addCode), dst, q, c.bits(1))
	c.scale(c, dst, n)
}

func (c *compiler) exp(dst, x int) {
	c.temporary(2, func(t []int) {
		c.constant(pick(c.f64, 710, 89.), func(v int) { c.op(c.arithmetic(minCode), dst, v, x) })
		c.constant(pick(c.f64, -746, -104.), func(v int) { c.op(c.arithmetic(maxCode), dst, v, dst) })
		c.reduce(dst, -1, dst, t[0], t[1])
		c.grow(dst, dst, t[0])
	})
}

// tanh |x| = m/(m+2) with m = e^(2|x|) − 1 = 2ⁿ·q + (2ⁿ − 1).
func (c *compiler) tanh(dst, x int) {
	c.temporary(3, func(t []int) {
		p, n, s := t[0], t[1], t[2]
		c.pattern(c.sign(), func(v int) { c.op(c.arithmetic(andNotCode), dst, v, x) })
		c.op(c.arithmetic(addCode), dst, dst, dst)
		c.constant(pick(c.f64, 80, 40.), func(v int) { c.op(c.arithmetic(minCode), dst, v, dst) })
		c.reduce(dst, -1, dst, n, p)
		c.power(c, p, n)
		c.constant(1, func(v int) { c.op(c.arithmetic(subCode), s, p, v) })
		c.op(c.f38(fma213), dst, p, s) // m
		c.with(c.arithmetic(addCode), s, dst, c.bits(2))
		c.op(c.arithmetic(divCode), dst, dst, s)
		c.with(c.arithmetic(andCode), s, x, c.sign())
		c.op(c.arithmetic(orCode), dst, dst, s)
	})
}

// sigmoid is 1/(1+e) or e/(1+e) with e = e^(−|x|).
func (c *compiler) sigmoid(dst, x int) {
	c.temporary(2, func(t []int) {
		c.with(c.arithmetic(orCode), dst, x, c.sign())
		c.constant(pick(c.f64, -746, -104.), func(v int) { c.op(c.arithmetic(maxCode), dst, v, dst) })
		c.reduce(dst, -1, dst, t[0], t[1])
		c.grow(dst, dst, t[0])
		c.with(c.arithmetic(addCode), t[0], dst, c.bits(1))
		c.set1(t[1], 1)
		c.constant(0, func(v int) {
			c.where(c, less, x, v, func(mask int) { c.choose(t[1], mask, dst) })
		})
		c.op(c.arithmetic(divCode), dst, t[1], t[0])
	})
}

// gaussian is e^(−a²/2) as (1+q)·2ⁿ for a = min(|x|, largest), with the rounding error of a² made up for.
func (c *compiler) gaussian(x, a, q, n int) {
	c.temporary(2, func(t []int) {
		l, r := t[0], t[1]
		c.pattern(c.sign(), func(v int) { c.op(c.arithmetic(andNotCode), a, v, x) })
		c.constant(pick(c.f64, 38.8, 14.5), func(v int) { c.op(c.arithmetic(minCode), a, v, a) })
		c.with(c.arithmetic(mulCode), l, a, c.bits(-0.5))
		c.op(c.arithmetic(mulCode), q, l, a)
		c.op(c.f38(fmsub213), l, a, q)
		c.reduce(q, l, q, n, r)
	})
}

func (c *compiler) normPDF(dst, x int) {
	c.temporary(2, func(t []int) {
		a, n := t[0], t[1]
		c.gaussian(x, a, dst, n)
		c.constant(1/math.Sqrt(2*math.Pi), func(v int) { c.op(c.f38(fma213), dst, v, v) })
		c.scale(c, dst, n)
	})
}

// normCDF: Φ(−a) = e^(−a²/2)·G(t)/(a+c) with t = (a−c)/(a+c); Φ(a) = 1 − Φ(−a).
func (c *compiler) normCDF(dst, x int) {
	shift := pick(c.f64, 5, 3.)
	c.temporary(4, func(t []int) {
		d, n, g, s := t[0], t[1], t[2], t[3]
		c.gaussian(x, d, dst, n)
		c.with(c.arithmetic(addCode), d, d, c.bits(shift))
		c.constant(1, func(v int) { c.op(c.arithmetic(divCode), d, v, d) })
		c.set1(s, 2*shift)
		c.with(c.f38(fnma213), s, d, c.bits(1))
		c.horner(pick(c.f64, minimax.TailF64, minimax.TailF32), g, s)
		c.op(c.arithmetic(mulCode), g, g, d)
		c.op(c.f38(fma213), dst, g, g)
		c.scale(c, dst, n)
		c.constant(1, func(v int) { c.op(c.arithmetic(subCode), s, v, dst) })
		c.constant(0, func(v int) {
			c.where(c, greater, x, v, func(mask int) { c.choose(dst, mask, s) })
		})
	})
}
