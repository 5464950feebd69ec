package jit

import "encoding/binary"

// assembler writes machine code: the few instructions of general registers that loops need, and what all encodings of vector instructions
// share.
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

// address is base + index + offset bytes; index −1 is none.
type address struct {
	base, index int
	offset      int
}

// high is the index register's fourth bit.
func (at address) high() int {
	if at.index < 0 {
		return 0
	}
	return at.index >> 3 & 1
}

// not is a bit as prefixes hold it.
func not(bit int) byte { return byte(bit&1) ^ 1 }

// registers writes an opcode and the ModRM of two registers.
func (a *assembler) registers(opcode byte, reg, rm int) {
	a.code = append(a.code, opcode, 0xc0|byte(reg&7)<<3|byte(rm&7))
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

// withByte appends the immediate byte of the instruction before.
func (a *assembler) withByte(b byte) { a.code = append(a.code, b) }

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

func (a *assembler) leave() { a.code = append(a.code, 0xc5, 0xf8, 0x77, 0xc3) } // VZEROUPPER, RET
