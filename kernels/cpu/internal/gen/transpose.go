package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose emits the copy that turns lines into columns: four or, in float32, eight lines at a time, the last group
// overlapping the one before, over the whole depth.
func (p packer) transpose() {
	p.declare("transpose", "func(dst, src *%s, count, width, ld, stride int)",
		"is dst[i·stride+j] = src[j·ld+i] for i < count, j < width, 4 ≤ width.")
	p.load()
	p.Load(p.Param("stride"), regStride)
	p.SHLQ(p.shift(), regStride)
	p.LEAQ(operand.Mem{Base: regLD, Index: regLD, Scale: 2}, reg.R9) // 3·ld
	groups := []int{4}
	if !p.f64 {
		groups = []int{8, 4}
	}
	for i, lines := range groups {
		name := fmt.Sprintf("by%d", lines)
		if i > 0 {
			p.Label(name)
		}
		if i < len(groups)-1 {
			p.CMPQ(regWidth, operand.U8(lines*p.size()))
			p.JLT(operand.LabelRef(fmt.Sprintf("by%d", groups[i+1])))
		}
		p.group(name, lines)
		p.VZEROUPPER()
		p.RET()
	}
}

var (
	srcLow, srcHigh = reg.R10, reg.R12 // lines 0 to 3 and 4 to 7 of the group
	dst             = reg.R11
	regStride       = reg.R15 // in bytes
	left            = reg.RBX // lines of depth to do
	linesLeft       = reg.RAX // bytes of width to do
)

func (p packer) group(name string, lines int) {
	bytes := lines * p.size()
	p.MOVQ(regWidth, linesLeft)
	p.Label(name + "_group")
	p.MOVQ(regSrc, srcLow)
	p.LEAQ(operand.Mem{Base: regSrc, Index: regLD, Scale: 4}, srcHigh)
	p.MOVQ(regDst, dst)
	p.MOVQ(regCount, left)
	step := lines // as deep as wide
	p.SUBQ(operand.U8(step), left)
	p.JLT(operand.LabelRef(name + "_rest"))
	p.Label(name + "_square")
	switch {
	case p.f64:
		p.square4x4F64()
	case lines == 8:
		p.square8x8()
	default:
		p.square4x4()
	}
	p.ADDQ(operand.U8(step*p.size()), srcLow)
	if lines == 8 {
		p.ADDQ(operand.U8(step*p.size()), srcHigh)
	}
	p.SUBQ(operand.U8(step), left)
	p.JGE(operand.LabelRef(name + "_square"))
	p.Label(name + "_rest")
	p.ADDQ(operand.U8(step), left)
	p.JEQ(operand.LabelRef(name + "_next"))
	p.Label(name + "_single")
	for l := range lines {
		if p.f64 {
			p.MOVQ(p.line(l, 0), reg.R13)
			p.MOVQ(reg.R13, operand.Mem{Base: dst, Disp: l * 8})
		} else {
			p.MOVL(p.line(l, 0), reg.R13L)
			p.MOVL(reg.R13L, operand.Mem{Base: dst, Disp: l * 4})
		}
	}
	p.ADDQ(operand.U8(p.size()), srcLow)
	p.ADDQ(operand.U8(p.size()), srcHigh)
	p.ADDQ(regStride, dst)
	p.DECQ(left)
	p.JNE(operand.LabelRef(name + "_single"))
	p.Label(name + "_next")
	p.nextGroup(name, lines, bytes)
}

// nextGroup goes on to the next lines, or to the last ones where fewer than a group are left.
func (p packer) nextGroup(name string, lines, bytes int) {
	p.SUBQ(operand.U8(bytes), linesLeft)
	p.JEQ(operand.LabelRef(name + "_end"))
	p.MOVQ(operand.U32(bytes), reg.R13)
	p.CMPQ(linesLeft, reg.R13)
	p.JGE(operand.LabelRef(name + "_advance"))
	p.XCHGQ(linesLeft, reg.R13)
	p.Label(name + "_advance")
	p.ADDQ(reg.R13, regDst)
	p.SHRQ(p.shift(), reg.R13)
	p.IMULQ(regLD, reg.R13)
	p.ADDQ(reg.R13, regSrc)
	p.JMP(operand.LabelRef(name + "_group"))
	p.Label(name + "_end")
}

// line is the memory at an offset in line l of the group.
func (p packer) line(l, offset int) operand.Mem {
	m := operand.Mem{Base: pick(l < 4, srcLow, srcHigh), Disp: offset}
	switch l % 4 {
	case 1:
		m.Index, m.Scale = regLD, 1
	case 2:
		m.Index, m.Scale = regLD, 2
	case 3:
		m.Index, m.Scale = reg.R9, 1
	}
	return m
}

func (p packer) emitRow(v operand.Op) {
	p.VMOVUPS(v, operand.Mem{Base: dst})
	p.ADDQ(regStride, dst)
}

// pairs interleaves x and y: the low and high halves of every 128-bit lane.
func (p packer) pairs(x, y, low, high operand.Op, double bool) {
	pick(double, p.VUNPCKLPD, p.VUNPCKLPS)(y, x, low)
	pick(double, p.VUNPCKHPD, p.VUNPCKHPS)(y, x, high)
}

func (p packer) square4x4() {
	x := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7}
	for l := range 4 {
		p.VMOVUPS(p.line(l, 0), x[l])
	}
	p.pairs(x[0], x[1], x[4], x[5], false)
	p.pairs(x[2], x[3], x[6], x[7], false)
	p.pairs(x[4], x[6], x[0], x[1], true)
	p.pairs(x[5], x[7], x[2], x[3], true)
	for l := range 4 {
		p.emitRow(x[l])
	}
}

func (p packer) square4x4F64() {
	for l := range 4 {
		p.VMOVUPS(p.line(l, 0), ymm[l])
	}
	p.pairs(ymm[0], ymm[1], ymm[4], ymm[5], true) // columns 0, 2 and 1, 3 of lines 0 and 1
	p.pairs(ymm[2], ymm[3], ymm[6], ymm[7], true)
	for i, half := range []int{0x20, 0x20, 0x31, 0x31} {
		p.VPERM2F128(operand.U8(half), ymm[6+i%2], ymm[4+i%2], ymm[8])
		p.emitRow(ymm[8])
	}
}

func (p packer) square8x8() {
	for l := range 8 {
		p.VMOVUPS(p.line(l, 0), ymm[l])
	}
	for l := 0; l < 8; l += 2 {
		p.pairs(ymm[l], ymm[l+1], ymm[8+l], ymm[9+l], false) // columns 0, 1 and 2, 3 of every half
	}
	for _, q := range []int{0, 4} { // lines q … q+3: column c of both halves in ymm[q+c]
		p.pairs(ymm[8+q], ymm[10+q], ymm[q], ymm[q+1], true)
		p.pairs(ymm[9+q], ymm[11+q], ymm[q+2], ymm[q+3], true)
	}
	for _, half := range []int{0x20, 0x31} {
		for c := range 4 {
			p.VPERM2F128(operand.U8(half), ymm[4+c], ymm[c], ymm[8+c])
			p.emitRow(ymm[8+c])
		}
	}
}
