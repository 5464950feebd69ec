package jit

import "encoding/binary"

// assembler writes machine code for AVX-512: vector instructions in their EVEX form, and the few of general registers that loops need.
type assembler struct {
	code []byte
	f64  bool
}

// General registers by their numbers. R14 and RBP belong to Go.
const (
	rax = 0
	rcx = 1
	rdx = 2
	rbx = 3
	rsi = 6
	rdi = 7
)

// operation is a vector instruction: its prefix, map and opcode, and whether it reads elements of 64 bits as such.
type operation struct {
	prefix, table, opcode byte
	wide                  bool
}

const (
	table0F   = 1
	table0F38 = 2
	table0F3A = 3
)

// arithmetic is an instruction of the table 0F in the assembler's type.
func (a *assembler) arithmetic(opcode byte) operation {
	if a.f64 {
		return operation{1, table0F, opcode, true}
	}
	return operation{0, table0F, opcode, false}
}

// further is an instruction of one of the other tables in the assembler's type.
func (a *assembler) further(table, opcode byte) operation {
	return operation{1, table, opcode, a.f64}
}

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

// repeated is op with an element in memory, in all lanes, for its last operand.
func (a *assembler) repeated(o operation, dst, x int, at address) {
	from := len(a.code)
	a.evexMem(o, v512, masked{}, dst, x, at)
	a.code[from+3] |= 0x10
}

// address is base + index + offset bytes; index −1 is none.
type address struct {
	base, index int
	offset      int
}

// evex writes the prefix, opcode and ModRM of an instruction of registers.
func (a *assembler) evex(o operation, length byte, m masked, reg, vvvv, rm int) {
	a.prefix(o, length, m, reg, vvvv, rm>>3&1, rm>>4&1)
	a.code = append(a.code, o.opcode, 0xc0|byte(reg&7)<<3|byte(rm&7))
}

// evexMem is evex with an operand in memory.
func (a *assembler) evexMem(o operation, length byte, m masked, reg, vvvv int, at address) {
	x := 0
	if at.index >= 0 {
		x = at.index >> 3 & 1
	}
	a.prefix(o, length, m, reg, vvvv, at.base>>3&1, x)
	a.code = append(a.code, o.opcode)
	a.memory(reg, at)
}

func (a *assembler) prefix(o operation, length byte, m masked, reg, vvvv, b, x int) {
	not := func(bit int) byte { return byte(bit&1) ^ 1 }
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

// memory writes ModRM, SIB and an offset of 32 bits.
func (a *assembler) memory(reg int, at address) {
	index := byte(4)
	if at.index >= 0 {
		index = byte(at.index & 7)
	}
	a.code = append(a.code, 0x80|byte(reg&7)<<3|4, index<<3|byte(at.base&7))
	a.dword(at.offset)
}

func (a *assembler) dword(v int) {
	a.code = binary.LittleEndian.AppendUint32(a.code, uint32(int32(v)))
}

// op is dst = x op y for whole vectors.
func (a *assembler) op(o operation, dst, x, y int) { a.evex(o, v512, masked{}, dst, x, y) }

// unary is dst = op x.
func (a *assembler) unary(o operation, dst, x int) { a.evex(o, v512, masked{}, dst, 0, x) }

// withByte appends the immediate byte of the instruction before.
func (a *assembler) withByte(b byte) { a.code = append(a.code, b) }

func (a *assembler) load(dst int, at address, m masked) {
	a.evexMem(a.arithmetic(0x10), v512, m, dst, 0, at)
}

func (a *assembler) store(src int, at address, m masked) {
	a.evexMem(a.arithmetic(0x11), v512, m, src, 0, at)
}

func (a *assembler) broadcast(dst int, at address) {
	a.evexMem(a.further(table0F38, pick[byte](a.f64, 0x19, 0x18)), v512, masked{}, dst, 0, at)
}

func (a *assembler) clear(v int) { a.op(operation{1, table0F, 0xef, false}, v, v, v) } // VPXORD

// rex writes an instruction of 64 bits with one register and a place in memory.
func (a *assembler) rex(opcode byte, reg int, at address) {
	a.code = append(a.code, 0x48|byte(reg>>3&1)<<2|byte(at.base>>3&1), opcode)
	a.memory(reg, at)
}

// fetch is reg = the word at an address.
func (a *assembler) fetch(reg int, at address) { a.rex(0x8b, reg, at) }

// addTo adds a number to a word in memory.
func (a *assembler) addTo(at address, v int) {
	a.rex(0x81, 0, at)
	a.dword(v)
}

// add adds a number to a register.
func (a *assembler) add(reg, v int) {
	a.code = append(a.code, 0x48|byte(reg>>3&1), 0x81, 0xc0|byte(reg&7))
	a.dword(v)
}

// compare sets the flags of reg − v.
func (a *assembler) compare(reg, v int) {
	a.code = append(a.code, 0x48|byte(reg>>3&1), 0x81, 0xf8|byte(reg&7))
	a.dword(v)
}

// set is reg = v, one of the lower eight registers.
func (a *assembler) set(reg, v int) {
	a.code = append(a.code, 0xb8|byte(reg))
	a.dword(v)
}

// Conditions of jumps.
const (
	below   = 0x82
	notZero = 0x85
)

// jump goes back to a place in the code.
func (a *assembler) jump(condition byte, to int) {
	a.code = append(a.code, 0x0f, condition)
	a.dword(to - len(a.code) - 4)
}

// setMask is mask register 1 = the lowest lanes.
func (a *assembler) setMask(lanes int) {
	a.set(rcx, 1<<lanes-1)
	a.code = append(a.code, 0xc5, 0xf8, 0x92, 0xc8|rcx) // KMOVW
}

func (a *assembler) leave() { a.code = append(a.code, 0xc5, 0xf8, 0x77, 0xc3) } // VZEROUPPER, RET
