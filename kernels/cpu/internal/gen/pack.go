package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packing emits the copies into strips. They are bound by the stores, so AVX-512 would bring nothing.
func packing(c *build.Context) {
	for _, f64 := range []bool{false, true} {
		p := packer{isa{c, f64, false}}
		p.ask()
		p.lines()
		p.gather()
		p.transpose()
		p.spread()
	}
}

type packer struct{ isa }

var (
	regDst, regSrc = reg.RDI, reg.RSI
	regCount       = reg.RCX
	regWidth       = reg.RDX // in bytes
	regLD          = reg.R8  // in bytes
)

func (p packer) declare(name, signature, doc string) {
	name += pick(p.f64, "F64", "F32")
	p.Function(name)
	p.Attributes(attr.NOSPLIT)
	p.Pragma("noescape")
	p.Doc(name + " " + doc)
	p.SignatureExpr(fmt.Sprintf(signature, p.goType()))
}

func (p packer) begin(name, doc string) {
	p.declare(name, "func(dst, src *%s, count, width, ld int)", doc)
	p.load()
}

// load loads the parameters that all copies of lines have.
func (p packer) load() {
	p.Load(p.Param("dst"), regDst)
	p.Load(p.Param("src"), regSrc)
	p.Load(p.Param("count"), regCount)
	p.Load(p.Param("width"), regWidth)
	p.Load(p.Param("ld"), regLD)
	p.SHLQ(p.shift(), regWidth)
	p.SHLQ(p.shift(), regLD)
}

// ask emits requests for memory that is read soon: the rows of a matrix.
func (p packer) ask() {
	row, left := reg.R9, reg.RAX
	p.declare("ask", "func(src *%s, rows, lines, ld int)",
		"brings the lines of 64 bytes at src[i·ld] and behind, at least one, for i < rows into the second-level cache.")
	p.Load(p.Param("src"), regSrc)
	p.Load(p.Param("rows"), regCount)
	p.Load(p.Param("lines"), regWidth)
	p.Load(p.Param("ld"), regLD)
	p.SHLQ(p.shift(), regLD)
	p.Label("row")
	p.MOVQ(regSrc, row)
	p.MOVQ(regWidth, left)
	p.Label("line")
	p.PREFETCHT1(operand.Mem{Base: row})
	p.ADDQ(operand.U8(64), row)
	p.DECQ(left)
	p.JNE(operand.LabelRef("line"))
	p.ADDQ(regLD, regSrc)
	p.DECQ(regCount)
	p.JNE(operand.LabelRef("row"))
	p.RET()
}

// lines emits a copy of lines of up to 128 bytes. A line is moved in pieces of one size, the last of which overlaps the one before.
func (p packer) lines() {
	p.begin("lines", "is dst[i·width+j] = src[i·ld+j] for i < count, j < width ≤ 128 bytes.")
	p.copyLines(func() {}, func() {
		p.ADDQ(regLD, regSrc)
		p.ADDQ(regWidth, regDst)
	})
}

// gather emits a copy of lines that begin where a table says.
func (p packer) gather() {
	base, rows, count, stride := reg.R10, reg.R9, regCount, regLD
	p.declare("gather", "func(dst, src *%s, rows *int, count, width, stride int)",
		"is dst[i·stride+j] = src[rows[i]+j] for i < count, j < width ≤ 128 bytes.")
	p.Load(p.Param("dst"), regDst)
	p.Load(p.Param("src"), base)
	p.Load(p.Param("rows"), rows)
	p.Load(p.Param("count"), count)
	p.Load(p.Param("width"), regWidth)
	p.Load(p.Param("stride"), stride)
	p.SHLQ(p.shift(), regWidth)
	p.SHLQ(p.shift(), stride)
	p.copyLines(func() {
		p.MOVQ(operand.Mem{Base: rows}, regSrc)
		p.LEAQ(operand.Mem{Base: base, Index: regSrc, Scale: uint8(p.size())}, regSrc)
		p.ADDQ(operand.U8(8), rows)
	}, func() { p.ADDQ(stride, regDst) })
}

// copyLines emits the copies of regCount lines of regWidth bytes from regSrc to regDst, which begin and next set for each.
func (p packer) copyLines(begin, next func()) {
	type class struct{ least, piece, pieces int }
	classes := []class{{97, 32, 4}, {65, 32, 3}, {33, 32, 2}, {16, 16, 2}, {8, 8, 2}, {4, 4, 2}}
	for i, c := range classes {
		label := fmt.Sprintf("from%d", c.least)
		if i > 0 {
			p.Label(label)
		}
		if i < len(classes)-1 {
			p.CMPQ(regWidth, operand.U8(c.least))
			p.JLT(operand.LabelRef(fmt.Sprintf("from%d", classes[i+1].least)))
		}
		p.Label(label + "_loop")
		begin()
		for k := range c.pieces {
			p.movePiece(c.piece, k, k == c.pieces-1)
		}
		next()
		p.DECQ(regCount)
		p.JNE(operand.LabelRef(label + "_loop"))
		p.VZEROUPPER()
		p.RET()
	}
}

// spread emits a copy of lines that are cut into pieces, each of which goes to another strip. What a move of whole vectors writes behind a
// piece, the next line overwrites.
func (p packer) spread() {
	strips, stride := reg.R9, reg.R10
	from, to, left := reg.R11, reg.R12, reg.RBX
	p.declare("spread", "func(dst, src *%s, count, width, ld, strips, stride int)",
		"is dst[s·stride+i·width+j] = src[i·ld+s·width+j] for s < strips, i < count, j < width, 16 bytes < width ≤ 64 bytes. "+
			"It reads and writes whole vectors, less than one beyond a line's and a strip's end.")
	for _, x := range []struct {
		name string
		to   reg.GPPhysical
	}{{"dst", regDst}, {"src", regSrc}, {"count", regCount}, {"width", regWidth}, {"ld", regLD}, {"strips", strips}, {"stride", stride}} {
		p.Load(p.Param(x.name), x.to)
	}
	for _, size := range []reg.GPPhysical{regWidth, regLD, stride} {
		p.SHLQ(p.shift(), size)
	}
	p.CMPQ(regWidth, operand.U8(32))
	p.JGT(operand.LabelRef("by2"))
	for pieces := 1; pieces <= 2; pieces++ {
		name := fmt.Sprintf("by%d", pieces)
		p.Label(name)
		p.MOVQ(regSrc, from)
		p.MOVQ(regDst, to)
		p.MOVQ(strips, left)
		p.Label(name + "_strip")
		for k := range pieces {
			p.VMOVUPS(operand.Mem{Base: from, Disp: 32 * k}, ymm[k])
			p.VMOVUPS(ymm[k], operand.Mem{Base: to, Disp: 32 * k})
		}
		p.ADDQ(regWidth, from)
		p.ADDQ(stride, to)
		p.DECQ(left)
		p.JNE(operand.LabelRef(name + "_strip"))
		p.ADDQ(regLD, regSrc)
		p.ADDQ(regWidth, regDst)
		p.DECQ(regCount)
		p.JNE(operand.LabelRef(name))
		p.VZEROUPPER()
		p.RET()
	}
}

// movePiece moves piece k of a line, or the one that ends with the line.
func (p packer) movePiece(size, k int, last bool) {
	at := func(base reg.GPPhysical) operand.Mem {
		if last {
			return operand.Mem{Base: base, Index: regWidth, Scale: 1, Disp: -size}
		}
		return operand.Mem{Base: base, Disp: k * size}
	}
	switch size {
	case 32:
		p.VMOVUPS(at(regSrc), ymm[k])
		p.VMOVUPS(ymm[k], at(regDst))
	case 16:
		p.VMOVUPS(at(regSrc), reg.X0)
		p.VMOVUPS(reg.X0, at(regDst))
	case 8:
		p.MOVQ(at(regSrc), reg.RAX)
		p.MOVQ(reg.RAX, at(regDst))
	default:
		p.MOVL(at(regSrc), reg.EAX)
		p.MOVL(reg.EAX, at(regDst))
	}
}
