package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// weightsByEight emits the gradients of kernels with AVX2: for a column, the sums of each row over up to four tiles at a time, whose pixels lie in
// registers for all outputs. They go through memory, as do the columns of three elements that are made of them.
func (w winograd4) weightsByEight(vectors int) {
	groups := w.gradientRows() * vectors
	k, g, v, s := reg.RDI, reg.RSI, reg.RDX, reg.R14
	gStride, gStride3, vStride, vStride3 := reg.RAX, reg.RBX, reg.RCX, reg.R8
	six := reg.R9 // where rowSums needs no register
	next, row, at, kept := reg.R12, reg.R15, reg.R13, reg.RDI
	w.take("y", g)
	w.take("v", v)
	w.take("s", s)
	w.take("next", next)
	w.take("yStride", gStride)
	w.take("vStride", vStride)
	w.LEAQ(operand.Mem{Base: gStride, Index: gStride, Scale: 2}, gStride3)
	w.LEAQ(operand.Mem{Base: vStride, Index: vStride, Scale: 2}, vStride3)
	w.LEAQ(operand.Mem{Base: s, Disp: 6 * w.bytes() * groups}, kept)
	w.Label("column")
	w.XORL(row.As32(), row.As32())
	w.XORL(at.As32(), at.As32())
	w.Label("row")
	w.rowSums(vectors, operand.Mem{Base: g, Index: row, Scale: 1}, operand.Mem{Base: v, Index: row, Scale: 1}, next,
		strides{one: gStride, three: gStride3}, strides{one: vStride, three: vStride3},
		func(group int) operand.Mem {
			return operand.Mem{Base: s, Index: at, Scale: 1, Disp: 6 * w.bytes() * group}
		})
	w.take("step", six)
	w.LEAQ(operand.Mem{Base: six, Index: six, Scale: 2}, six)
	w.LEAQ(operand.Mem{Base: row, Index: six, Scale: 2}, row)
	w.ADDQ(operand.U8(w.bytes()), at)
	w.CMPQ(at, operand.U32(6*w.bytes()))
	w.JNE(operand.LabelRef("row"))
	w.columnsOfSums(vectors, s, kept)
	w.take("step", row)
	w.ADDQ(row, g)
	w.ADDQ(row, v)
	w.ADDQ(operand.U8(w.bytes()), kept)
	w.LEAQ(operand.Mem{Base: s, Disp: 6 * w.bytes() * (groups + 1)}, row)
	w.CMPQ(kept, row)
	w.JNE(operand.LabelRef("column"))
	w.take("k", k)
	w.take("kStride", row)
	w.tapsOfColumns(vectors, k, row, s)
}

// rowSums emits the sums over tiles of a place, four of them after at most four.
func (w winograd4) rowSums(vectors int, g, v operand.Mem, next reg.GPPhysical, gStride, vStride strides, sum func(group int) operand.Mem) {
	gTile, vTile, left := reg.R9, reg.R10, reg.R11
	w.LEAQ(g, gTile)
	w.LEAQ(v, vTile)
	w.take("tiles", left)
	w.ANDQ(operand.U8(3), left)
	w.JEQ(operand.LabelRef("first4"))
	for h := 1; h < 3; h++ {
		w.CMPQ(left, operand.U8(h))
		w.JEQ(operand.LabelRef(fmt.Sprintf("first%d", h)))
	}
	for h := 3; h > 0; h-- {
		w.Label(fmt.Sprintf("first%d", h))
		w.tileSums(h, vectors, true, gTile, vTile, next, gStride, vStride, sum)
		w.LEAQ(gStride.nth(gTile, h), gTile)
		w.LEAQ(vStride.nth(vTile, h), vTile)
		w.NEGQ(left)
		w.ADDQ(w.arg("tiles"), left)
		w.JNE(operand.LabelRef("more"))
		w.JMP(operand.LabelRef("summed"))
	}
	w.Label("first4")
	w.take("tiles", left)
	w.tileSums(4, vectors, true, gTile, vTile, next, gStride, vStride, sum)
	w.JMP(operand.LabelRef("next"))
	w.Label("more")
	w.tileSums(4, vectors, false, gTile, vTile, next, gStride, vStride, sum)
	w.Label("next")
	w.LEAQ(gStride.nth(gTile, 4), gTile)
	w.LEAQ(vStride.nth(vTile, 4), vTile)
	w.SUBQ(operand.U8(4), left)
	w.JNE(operand.LabelRef("more"))
	w.Label("summed")
}

// tileSums emits those over h tiles, which are the first or are added. Meanwhile it asks for a line.
func (w winograd4) tileSums(h, vectors int, first bool, g, v, next reg.GPPhysical, gStride, vStride strides, sum func(group int) operand.Mem) {
	w.PREFETCHT0(operand.Mem{Base: next})
	w.ADDQ(operand.U8(64), next)
	pixels := w.line(0, h*vectors)
	for i := range pixels {
		from := vStride.nth(v, i/vectors)
		from.Disp = w.bytes() * (i % vectors)
		w.VMOVUPS(from, pixels[i])
	}
	sums, output := w.line(8, vectors), w.vec(10)
	for o := range w.gradientRows() {
		for i, x := range sums {
			if first {
				w.zero(x)
			} else {
				w.VMOVUPS(sum(o*vectors+i), x)
			}
		}
		for t := range h {
			from := gStride.nth(g, t)
			from.Disp = 4 * o
			w.VBROADCASTSS(from, output)
			for i, x := range sums {
				w.VFMADD231PS(pixels[t*vectors+i], output, x)
			}
		}
		for i, x := range sums {
			w.VMOVUPS(x, sum(o*vectors+i))
		}
	}
}

// columnsOfSums emits the transform of column q of all groups of sums. Meanwhile it asks for lines 2q and 2q+1 of the gradients of each output,
// which are written in the end.
func (w winograd4) columnsOfSums(vectors int, s, kept reg.GPPhysical) {
	from, to, left, ask, kStride := reg.R9, reg.R10, reg.R11, reg.R13, reg.R15
	w.MOVQ(s, from)
	w.MOVQ(kept, to)
	w.LEAQ(operand.Mem{Base: kept, Disp: -6 * w.bytes() * w.gradientRows() * vectors}, ask)
	w.SUBQ(s, ask) // a vector for each column
	w.SHLQ(operand.U8(2), ask)
	w.ADDQ(w.arg("k"), ask)
	w.take("kStride", kStride)
	w.MOVL(operand.U32(w.gradientRows()), left.As32())
	held := w.holding(gradientFactors(), w.line(8, 7))
	w.Label("output")
	for i := range vectors {
		w.PREFETCHT0(operand.Mem{Base: ask, Disp: 64 * i})
		held.gradientColumn(func(r int) operand.Mem { return operand.Mem{Base: from, Disp: w.bytes() * (6*i + r)} },
			func(j int) operand.Mem { return operand.Mem{Base: to, Disp: w.bytes() * (18*i + 6*j)} }, w.move)
	}
	w.ADDQ(kStride, ask)
	w.ADDQ(operand.U32(6*vectors*w.bytes()), from)
	w.ADDQ(operand.U32(18*vectors*w.bytes()), to)
	w.DECQ(left)
	w.JNE(operand.LabelRef("output"))
}

// tapsOfColumns emits the transform of rows, whose results are the gradients.
func (w winograd4) tapsOfColumns(vectors int, k, kStride, s reg.GPPhysical) {
	left := reg.R11
	w.MOVL(operand.U32(w.gradientRows()), left.As32())
	held := w.holding(gradientFactors(), w.line(14, 2))
	w.Label("gradients")
	for i := range vectors {
		taps := held.gradientTaps(func(j, c int) operand.Mem {
			return operand.Mem{Base: s, Disp: w.bytes() * (6*w.gradientRows()*vectors + 18*i + 6*j + c)}
		})
		w.storeEight(taps, func(j int) operand.Mem { return operand.Mem{Base: k, Disp: w.bytes() * (9*i + j)} })
	}
	w.ADDQ(operand.U32(18*vectors*w.bytes()), s)
	w.ADDQ(kStride, k)
	w.DECQ(left)
	w.JNE(operand.LabelRef("gradients"))
}
