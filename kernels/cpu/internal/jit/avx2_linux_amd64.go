package jit

import "math"

// avx2 is AVX2 with FMA: vector instructions in their VEX form. Constants are whole vectors, and so is the mask of the tail's lanes, which lies
// behind them in the table and is in a register while it is needed.
type avx2 struct {
	*assembler
	tail int // the register of the mask
}

func (*avx2) bytes() int { return 32 }
func (*avx2) count() int { return 16 }
func (*avx2) slot() int  { return 32 }

func (*avx2) direct() bool { return true }

// vex writes the prefix, opcode and ModRM of an instruction of registers, of 32 bytes if it is long, else of 16.
func (a *avx2) vex(o operation, long bool, reg, vvvv, rm int) {
	a.prefix(o, long, reg, vvvv, rm>>3&1, 0)
	a.registers(o.opcode, reg, rm)
}

// vexAt is vex with an operand in memory.
func (a *avx2) vexAt(o operation, long bool, reg, vvvv int, at address) {
	a.prefix(o, long, reg, vvvv, at.base>>3&1, at.high())
	a.code = append(a.code, o.opcode)
	a.memory(reg, at)
}

// prefix says by a bit which type fused multiply-adds are of; elsewhere the opcode does.
func (a *avx2) prefix(o operation, long bool, reg, vvvv, b, x int) {
	p1 := not(reg>>3)<<7 | not(x)<<6 | not(b)<<5 | o.table
	p2 := byte(^vvvv&15)<<3 | o.prefix
	if o.wide && o.table == table0F38 && o.opcode >= 0x96 {
		p2 |= 0x80
	}
	if long {
		p2 |= 4
	}
	a.code = append(a.code, 0xc4, p1, p2)
}

func (a *avx2) op(o operation, dst, x, y int)     { a.vex(o, true, dst, x, y) }
func (a *avx2) narrow(o operation, dst, x, y int) { a.vex(o, false, dst, x, y) }

func (a *avx2) opAt(o operation, dst, x int, at address)       { a.vexAt(o, true, dst, x, at) }
func (a *avx2) opConstant(o operation, dst, x int, at address) { a.opAt(o, dst, x, at) }
func (a *avx2) narrowAt(o operation, dst, x int, at address)   { a.vexAt(o, false, dst, x, at) }

func (a *avx2) load(dst int, at address, tail bool) {
	if tail {
		a.opAt(a.further(table0F38, pick[byte](a.f64, 0x2d, 0x2c)), dst, a.tail, at) // VMASKMOV
		return
	}
	a.opAt(a.arithmetic(moveCode), dst, 0, at)
}

func (a *avx2) store(src int, at address, tail bool) {
	if tail {
		a.opAt(a.further(table0F38, pick[byte](a.f64, 0x2f, 0x2e)), src, a.tail, at) // VMASKMOV
		return
	}
	a.opAt(a.arithmetic(storeCode), src, 0, at)
}

func (a *avx2) broadcast(dst int, at address) {
	a.opAt(a.further(table0F38, pick[byte](a.f64, 0x19, 0x18)), dst, 0, at)
}

func (a *avx2) fetchConstant(dst int, at address) { a.load(dst, at, false) }

func (a *avx2) clear(v int) { a.op(a.arithmetic(xorCode), v, v, v) }

func (a *avx2) tailWords(lanes int) []uint64 {
	if lanes == 0 {
		return nil
	}
	mask := make([]uint64, a.bytes()/8)
	for i := range lanes {
		if a.f64 {
			mask[i] = ^uint64(0)
		} else {
			mask[i/2] |= 0xffffffff << (i % 2 * 32)
		}
	}
	return mask
}

func (*avx2) setTail(int) {}

func (a *avx2) beginTail(c *compiler) {
	a.tail = c.take()
	a.load(a.tail, c.tailAt(), false)
}

func (a *avx2) endTail(c *compiler) { c.release(a.tail) }

func (a *avx2) addTail(c *compiler, sum, v int) {
	c.temporary(1, func(t []int) {
		a.op(a.arithmetic(andCode), t[0], v, a.tail)
		a.op(a.arithmetic(addCode), sum, sum, t[0])
	})
}

func (a *avx2) fold(s, t int) {
	a.op(operation{1, table0F3A, 0x19, false}, s, 0, t) // VEXTRACTF128
	a.withByte(1)
	a.narrow(a.arithmetic(addCode), s, s, t)
}

func (a *avx2) where(c *compiler, how byte, x, y int, f func(mask int)) {
	c.temporary(1, func(t []int) {
		a.op(a.arithmetic(compareCode), t[0], x, y)
		a.withByte(how)
		f(t[0])
	})
}

func (a *avx2) choose(dst, mask, x int) {
	a.op(operation{1, table0F3A, pick[byte](a.f64, 0x4b, 0x4a), false}, dst, dst, x) // VBLENDV
	a.withByte(byte(mask) << 4)
}

func (a *avx2) indicator(c *compiler, dst, x, y int) {
	a.op(a.arithmetic(compareCode), dst, x, y)
	a.withByte(greater)
	c.with(a.arithmetic(andCode), dst, dst, c.bits(1))
}

// scale multiplies by two powers of about half of n each, so that both are normal numbers and a denormal result is rounded once.
func (a *avx2) scale(c *compiler, dst, n int) {
	c.temporary(1, func(t []int) {
		half := t[0]
		c.with(a.arithmetic(mulCode), half, n, c.bits(0.5))
		c.round(half, half)
		a.op(a.arithmetic(subCode), n, n, half)
		for _, v := range []int{half, n} {
			a.power(c, v, v)
			a.op(a.arithmetic(mulCode), dst, dst, v)
		}
	})
}

// power shifts n into the exponent, for normal numbers.
func (a *avx2) power(c *compiler, dst, n int) {
	mantissa, bias := pick(a.f64, 52, 23), pick(a.f64, 1023, 127)
	shifter := 1.5*math.Ldexp(1, mantissa) + float64(bias) // the sum's lowest bits are n + bias
	c.with(a.arithmetic(addCode), dst, n, c.bits(shifter))
	a.op(operation{1, table0F, pick[byte](a.f64, 0x73, 0x72), false}, 6, dst, dst) // VPSLL
	a.withByte(byte(mantissa))
}
