package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows emits the transform of rows, for tile rows from the one whose first line is y on.
func (w winograd4) rows(name string, lines int, what string, of func() transform) {
	w.declare(name, fmt.Sprintf("is s[p·plane+4·across·i+j] = %s[p] for the %d lines x[y+4i…][j] of image rows of width pixels, i < rows;\n"+
		"lines outside of the image read zeros, and pixels beyond width are zero.", what, lines),
		"s, x, zeros *float32", "plane, rows, across, y, height, width")
	at, left, y, whole := reg.RAX, reg.R15, reg.R14, reg.RSI
	pointers := []reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}[:lines]
	s, planes := reg.RDI, strides{reg.RCX, reg.RDX, reg.RBX}
	t := of()
	w.factors(t)
	// The mask is of the pixels of the last vector of a row. K2 is what of it AVX-512 stores; AVX2 stores all, behind which the next row follows.
	w.take("width", reg.R8)
	w.ANDQ(operand.U8(w.lanes()-1), reg.R8)
	w.mask(reg.R8, w.lastMask())
	w.take("width", whole)
	w.ANDQ(operand.I8(-w.lanes()), whole)
	if w.wide {
		w.take("across", reg.R9)
		w.SHLQ(operand.U8(2), reg.R9)
		w.SUBQ(whole, reg.R9)
		w.mask(reg.R9, reg.K2)
	}
	w.SHLQ(w.shift(), whole)
	w.take("plane", planes.one)
	w.strides(planes)
	w.take("s", s)
	w.take("rows", left)
	w.take("y", y)
	w.Label("row")
	w.MOVQ(w.arg("width"), pointers[1])
	w.SHLQ(w.shift(), pointers[1])
	w.MOVQ(y, pointers[0])
	w.IMULQ(pointers[1], pointers[0])
	w.ADDQ(w.arg("x"), pointers[0])
	w.MOVQ(pointers[1], at)
	w.ahead(pointers[0], at, pointers[2], pointers[3])
	for r := 1; r < lines; r++ {
		w.LEAQ(operand.Mem{Base: pointers[r-1], Index: at, Scale: 1}, pointers[r])
	}
	for r, p := range pointers {
		w.LEAQ(operand.Mem{Base: y, Disp: r}, at)
		w.CMPQ(at, w.arg("height"))
		w.CMOVQCC(w.arg("zeros"), p)
	}
	w.ADDQ(operand.U8(4), y)
	w.XORL(reg.EAX, reg.EAX)
	w.Label("vector")
	w.CMPQ(at, whole)
	w.JGE(operand.LabelRef("rest"))
	x, v, spare := w.line(0, 6), w.line(6, 6), w.line(12, 2)
	for r, p := range pointers {
		w.VMOVUPS(operand.Mem{Base: p, Index: at, Scale: 1}, x[r])
	}
	t.emit(x, v, spare)
	for p := range 6 {
		w.VMOVUPS(v[p], planes.nth(s, p))
	}
	w.ADDQ(operand.U8(w.bytes()), at)
	w.ADDQ(operand.U8(w.bytes()), s)
	w.JMP(operand.LabelRef("vector"))
	w.Label("rest")
	w.unlessRest(reg.K2, "width", "next")
	for r, p := range pointers {
		w.maskedLoad(operand.Mem{Base: p, Index: at, Scale: 1}, w.lastMask(), x[r])
	}
	t.emit(x, v, spare)
	for p := range 6 {
		if w.wide {
			w.VMOVUPS(v[p], reg.K2, planes.nth(s, p))
		} else {
			w.VMOVUPS(v[p], planes.nth(s, p))
		}
	}
	w.MOVQ(w.arg("across"), at)
	w.SHLQ(operand.U8(4), at)
	w.SUBQ(whole, at)
	w.ADDQ(at, s)
	w.Label("next")
	w.DECQ(left)
	w.JNE(operand.LabelRef("row"))
	w.VZEROUPPER()
	w.RET()
}

// ahead asks for four rows of the plane behind the one in work, which is the next that is worked on: planes are too small for the
// processor to foresee that. A row has stride bytes.
func (w winograd4) ahead(row, stride, from, left reg.GPPhysical) {
	w.MOVQ(stride, from)
	w.IMULQ(w.arg("height"), from)
	w.ADDQ(row, from)
	w.MOVQ(stride, left)
	w.SHRQ(operand.U8(4), left) // lines of 64 bytes in four rows
	w.Label("ahead")
	w.PREFETCHT0(operand.Mem{Base: from})
	w.ADDQ(operand.U8(64), from)
	w.DECQ(left)
	w.JGT(operand.LabelRef("ahead"))
}

// storeRows emits the copy of outputs into the rows of an image.
func (w winograd4) storeRows() {
	w.declare("storeRows", "is y[(4i+j)·width+k] = s[j·plane+4·across·i+k] for i < rows, j < 4, 4i+j < height, k < width.", "y, s *float32",
		"plane, rows, across, height, width")
	y, s, plane, height := reg.RDI, reg.RSI, reg.R8, reg.R9
	whole, stride, from, at, row, tiles, end := reg.R10, reg.R11, reg.R12, reg.RAX, reg.R13, reg.RBX, reg.RDX
	w.take("y", y)
	w.take("s", s)
	w.take("plane", plane)
	w.take("height", height)
	w.take("across", tiles)
	w.SHLQ(operand.U8(4), tiles)
	w.take("width", stride)
	w.MOVQ(stride, whole)
	w.ANDQ(operand.U8(w.lanes()-1), stride)
	w.mask(stride, w.lastMask())
	w.MOVQ(whole, stride)
	w.ANDQ(operand.I8(-w.lanes()), whole)
	w.SHLQ(w.shift(), stride)
	w.SHLQ(w.shift(), whole)
	w.take("rows", end)
	w.Label("tiles")
	w.ahead(y, stride, reg.R14, reg.R15)
	w.MOVQ(s, from)
	w.MOVL(operand.U32(4), row.As32())
	w.Label("row")
	w.XORL(reg.EAX, reg.EAX)
	w.Label("vector")
	w.CMPQ(at, whole)
	w.JGE(operand.LabelRef("rest"))
	w.VMOVUPS(operand.Mem{Base: from, Index: at, Scale: 1}, w.vec(0))
	w.VMOVUPS(w.vec(0), operand.Mem{Base: y, Index: at, Scale: 1})
	w.ADDQ(operand.U8(w.bytes()), at)
	w.JMP(operand.LabelRef("vector"))
	w.Label("rest")
	w.CMPQ(at, stride)
	w.JEQ(operand.LabelRef("next"))
	w.maskedLoad(operand.Mem{Base: from, Index: at, Scale: 1}, w.lastMask(), w.vec(0))
	w.maskedStore(w.vec(0), w.lastMask(), operand.Mem{Base: y, Index: at, Scale: 1})
	w.Label("next")
	w.ADDQ(stride, y)
	w.ADDQ(plane, from)
	w.DECQ(height)
	w.JEQ(operand.LabelRef("done"))
	w.DECQ(row)
	w.JNE(operand.LabelRef("row"))
	w.ADDQ(tiles, s)
	w.DECQ(end)
	w.JNE(operand.LabelRef("tiles"))
	w.Label("done")
	w.VZEROUPPER()
	w.RET()
}
