package jit

// avx512 is AVX-512: vector instructions in their EVEX form. Constants are elements, mask register 1 is the lanes of the tail, and 2 is for
// comparisons.
type avx512 struct{ *assembler }

const (
	tailMask  = 1
	whereMask = 2
)

func (avx512) bytes() int { return 64 }
func (avx512) count() int { return 32 }
func (avx512) slot() int  { return 8 }

func (avx512) direct() bool { return false }

// Lengths of vectors.
const (
	v128 = 0
	v256 = 1
	v512 = 2
)

// masked says which lanes an instruction writes: those of a mask register, 0 for all; the others are cleared with zero, else kept.
type masked struct {
	mask byte
	zero bool
}

// evex writes the prefix, opcode and ModRM of an instruction of registers.
func (a avx512) evex(o operation, length byte, m masked, reg, vvvv, rm int) {
	a.prefix(o, length, m, reg, vvvv, rm>>3&1, rm>>4&1)
	a.registers(o.opcode, reg, rm)
}

// evexAt is evex with an operand in memory.
func (a avx512) evexAt(o operation, length byte, m masked, reg, vvvv int, at address) {
	a.prefix(o, length, m, reg, vvvv, at.base>>3&1, at.high())
	a.code = append(a.code, o.opcode)
	a.memory(reg, at)
}

func (a avx512) prefix(o operation, length byte, m masked, reg, vvvv, b, x int) {
	p1 := not(reg>>3)<<7 | not(x)<<6 | not(b)<<5 | not(reg>>4)<<4 | o.table
	p2 := byte(^vvvv&15)<<3 | 4 | o.prefix
	if o.wide {
		p2 |= 0x80
	}
	p3 := length<<5 | not(vvvv>>4)<<3 | m.mask
	if m.zero {
		p3 |= 0x80
	}
	a.code = append(a.code, 0x62, p1, p2, p3)
}

func (a avx512) op(o operation, dst, x, y int)     { a.evex(o, v512, masked{}, dst, x, y) }
func (a avx512) narrow(o operation, dst, x, y int) { a.evex(o, v128, masked{}, dst, x, y) }

func (a avx512) opAt(o operation, dst, x int, at address) { a.evexAt(o, v512, masked{}, dst, x, at) }
func (a avx512) narrowAt(o operation, dst, x int, at address) {
	a.evexAt(o, v128, masked{}, dst, x, at)
}

// opConstant repeats the element in all lanes.
func (a avx512) opConstant(o operation, dst, x int, at address) {
	from := len(a.code)
	a.opAt(o, dst, x, at)
	a.code[from+3] |= 0x10
}

func (a avx512) load(dst int, at address, tail bool) {
	a.evexAt(a.arithmetic(moveCode), v512, pick(tail, masked{tailMask, true}, masked{}), dst, 0, at)
}

func (a avx512) store(src int, at address, tail bool) {
	a.evexAt(a.arithmetic(storeCode), v512, pick(tail, masked{mask: tailMask}, masked{}), src, 0, at)
}

func (a avx512) broadcast(dst int, at address) {
	a.opAt(a.further(table0F38, pick[byte](a.f64, 0x19, 0x18)), dst, 0, at)
}

func (a avx512) fetchConstant(dst int, at address) { a.broadcast(dst, at) }

func (a avx512) clear(v int) { a.op(operation{1, table0F, 0xef, false}, v, v, v) } // VPXORD

func (avx512) tailWords(int) []uint64 { return nil }

func (a avx512) setTail(lanes int) {
	a.set(rcx, 1<<lanes-1)
	a.code = append(a.code, 0xc5, 0xf8, 0x92, 0xc0|tailMask<<3|rcx) // KMOVW
}

func (avx512) beginTail(*compiler) {}
func (avx512) endTail(*compiler)   {}

func (a avx512) addTail(_ *compiler, sum, v int) {
	a.evex(a.arithmetic(addCode), v512, masked{mask: tailMask}, sum, sum, v)
}

func (a avx512) fold(s, t int) {
	for _, half := range []struct{ extract, length byte }{{0x1b, v512}, {0x19, v256}} { // the upper four words of 64 bits, and two
		a.evex(operation{1, table0F3A, half.extract, true}, half.length, masked{}, s, 0, t)
		a.withByte(1)
		a.evex(a.arithmetic(addCode), half.length-1, masked{}, s, s, t)
	}
}

func (a avx512) where(_ *compiler, how byte, x, y int, f func(mask int)) {
	a.op(a.arithmetic(compareCode), whereMask, x, y)
	a.withByte(how)
	f(whereMask)
}

func (a avx512) choose(dst, mask, x int) {
	a.evex(a.arithmetic(moveCode), v512, masked{mask: byte(mask)}, dst, 0, x)
}

func (a avx512) indicator(c *compiler, dst, x, y int) {
	a.where(c, greater, x, y, func(mask int) {
		c.constant(1, func(v int) { a.evex(a.arithmetic(moveCode), v512, masked{byte(mask), true}, dst, 0, v) })
	})
}

func (a avx512) scale(_ *compiler, dst, n int) { a.op(a.further(table0F38, 0x2c), dst, dst, n) } // VSCALEF

func (a avx512) power(c *compiler, dst, n int) {
	c.set1(dst, 1)
	a.scale(c, dst, n)
}
