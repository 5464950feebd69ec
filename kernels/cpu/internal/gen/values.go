package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// body emits functions of vectors in virtual registers. Its methods allocate the register that they return.
type body struct {
	isa
	constants *constants
	imm       operand.Op // the function's constant in all lanes
}

// constants are the patterns that a function uses. AVX-512 keeps the first ones in registers.
type constants struct {
	patterns []uint64
	register map[uint64]operand.Op
	memory   func(pattern uint64) operand.Mem
}

const constantRegisters = 20 // of AVX-512's 32

// pattern is a constant given by its bits, in memory or in a register.
func (b body) pattern(bits uint64) operand.Op {
	if r, ok := b.constants.register[bits]; ok {
		return r
	}
	for _, p := range b.constants.patterns {
		if p == bits {
			return b.constants.memory(bits)
		}
	}
	b.constants.patterns = append(b.constants.patterns, bits)
	return b.constants.memory(bits)
}

func (b body) constant(v float64) operand.Op {
	if b.f64 {
		return b.pattern(math.Float64bits(v))
	}
	return b.pattern(uint64(math.Float32bits(float32(v))))
}

// mantissa is the number of fraction bits, bias that of the exponent.
func (b body) mantissa() int { return pick(b.f64, 52, 23) }
func (b body) bias() int     { return pick(b.f64, 1023, 127) }

func (b body) sign() operand.Op { return b.pattern(1 << pick(b.f64, 63, 31)) }

func (b body) new() reg.VecVirtual {
	if b.wide {
		return b.ZMM()
	}
	return b.YMM()
}

func (b body) copy(x operand.Op) reg.VecVirtual {
	v := b.new()
	b.move(x, v)
	return v
}

// inRegister is x, from memory if it is there.
func (b body) inRegister(x operand.Op) operand.Op {
	if operand.IsMem(x) {
		return b.copy(x)
	}
	return x
}

type instruction func(...operand.Op)

// of is double or single, as the type wants it.
func (b body) of(double, single instruction) instruction { return pick(b.f64, double, single) }

// two is op applied to x, in a register, and y.
func (b body) two(op instruction, x, y operand.Op) operand.Op {
	v := b.new()
	op(y, b.inRegister(x), v)
	return v
}

func (b body) add(x, y operand.Op) operand.Op { return b.two(b.of(b.VADDPD, b.VADDPS), x, y) }
func (b body) sub(x, y operand.Op) operand.Op { return b.two(b.of(b.VSUBPD, b.VSUBPS), x, y) }
func (b body) mul(x, y operand.Op) operand.Op { return b.two(b.of(b.VMULPD, b.VMULPS), x, y) }
func (b body) div(x, y operand.Op) operand.Op { return b.two(b.of(b.VDIVPD, b.VDIVPS), x, y) }
func (b body) and(x, y operand.Op) operand.Op { return b.two(b.of(b.VANDPD, b.VANDPS), x, y) }
func (b body) or(x, y operand.Op) operand.Op  { return b.two(b.of(b.VORPD, b.VORPS), x, y) }

// clear is y without the bits of x.
func (b body) clear(x, y operand.Op) operand.Op { return b.two(b.of(b.VANDNPD, b.VANDNPS), x, y) }

// max and min are y where one of the two is NaN.
func (b body) max(x, y operand.Op) operand.Op { return b.two(b.of(b.VMAXPD, b.VMAXPS), x, y) }
func (b body) min(x, y operand.Op) operand.Op { return b.two(b.of(b.VMINPD, b.VMINPS), x, y) }

func (b body) sqrt(x operand.Op) operand.Op {
	v := b.new()
	b.of(b.VSQRTPD, b.VSQRTPS)(x, v)
	return v
}

// fma is x·y + z and fnma z − x·y, each rounded once.
func (b body) fma(x, y, z operand.Op) operand.Op {
	v := b.copy(x)
	b.of(b.VFMADD213PD, b.VFMADD213PS)(z, b.inRegister(y), v)
	return v
}

func (b body) fnma(x, y, z operand.Op) operand.Op {
	v := b.copy(x)
	b.of(b.VFNMADD213PD, b.VFNMADD213PS)(z, b.inRegister(y), v)
	return v
}

// horner is the polynomial in x with coefficients from the lowest degree on.
func (b body) horner(c []float64, x operand.Op) operand.Op {
	v := b.copy(b.constant(c[len(c)-1]))
	for i := len(c) - 2; i >= 0; i-- {
		b.of(b.VFMADD213PD, b.VFMADD213PS)(b.constant(c[i]), x, v)
	}
	return v
}

// round is x rounded to a whole number.
func (b body) round(x operand.Op) operand.Op {
	v := b.new()
	if b.wide {
		b.of(b.VRNDSCALEPD, b.VRNDSCALEPS)(operand.U8(8), x, v)
	} else {
		pick(b.f64, b.VROUNDPD, b.VROUNDPS)(operand.U8(8), x, v)
	}
	return v
}

// Comparisons: greater, equal and not equal are false for NaN, unordered is true for NaN only.
const (
	equal     = 0x00
	unordered = 0x03
	less      = 0x11
	greater   = 0x1e
)

// compare is a mask for choose: a mask register with AVX-512, lanes full of ones or zeros with AVX2.
func (b body) compare(how int, x, y operand.Op) operand.Op {
	var m operand.Op
	if b.wide {
		m = b.K()
	} else {
		m = b.new()
	}
	b.of(b.VCMPPD, b.VCMPPS)(operand.U8(how), y, b.inRegister(x), m)
	return m
}

// choose is x where the mask is on, else y.
func (b body) choose(mask, x, y operand.Op) operand.Op {
	v := b.new()
	if b.wide {
		b.of(b.VBLENDMPD, b.VBLENDMPS)(x, b.inRegister(y), mask, v)
	} else {
		pick(b.f64, b.VBLENDVPD, b.VBLENDVPS)(mask, x, b.inRegister(y), v)
	}
	return v
}

// integer addition, subtraction and shifts on the bits.
func (b body) addBits(x, y operand.Op) operand.Op { return b.two(b.of(b.VPADDQ, b.VPADDD), x, y) }
func (b body) subBits(x, y operand.Op) operand.Op { return b.two(b.of(b.VPSUBQ, b.VPSUBD), x, y) }

func (b body) left(x operand.Op, n int) operand.Op {
	v := b.new()
	b.of(b.VPSLLQ, b.VPSLLD)(operand.U8(n), x, v)
	return v
}

func (b body) right(x operand.Op, n int) operand.Op {
	v := b.new()
	b.of(b.VPSRLQ, b.VPSRLD)(operand.U8(n), x, v)
	return v
}

// power is 2ⁿ for a whole n within the exponents of normal numbers.
func (b body) power(n operand.Op) operand.Op {
	if b.wide {
		return b.scale(b.constant(1), n)
	}
	shifter := 1.5*math.Ldexp(1, b.mantissa()) + float64(b.bias()) // the sum's lowest bits are n + bias
	return b.left(b.add(n, b.constant(shifter)), b.mantissa())
}

// scale is x·2ⁿ for a whole n, rounded once where the result is denormal. |n| ≤ 2·bias, about.
func (b body) scale(x, n operand.Op) operand.Op {
	if b.wide {
		return b.two(b.of(b.VSCALEFPD, b.VSCALEFPS), x, n)
	}
	half := b.round(b.mul(n, b.constant(0.5)))
	return b.mul(b.mul(x, b.power(half)), b.power(b.sub(n, half)))
}
