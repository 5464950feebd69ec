package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sweep is a row of whole tiles side by side, for products over operands in the cache with few terms, of which a call for every tile would take as
// long as a third of the tile.
type sweep struct{ tile }

var (
	regTiles    = regCols
	regLeft     = reg.R13 // of k
	sweepB      = reg.RCX
	sweepA      = reg.RAX
	sweepA3     = reg.R11 // the fourth row of A, where it lies in rows
	sweepC      = reg.R15
	sweepHeight = regRows
)

func (w sweep) emit() {
	const most = 6
	name := pick(w.inRows, "sweepRows", "sweep") + w.suffix()
	w.Function(name)
	w.Attributes(attr.NOSPLIT)
	w.Pragma("noescape")
	w.Doc(fmt.Sprintf("%s is C = A·B + beta·C for tiles·%d columns and rows ≤ %d, A[i,p] at a[%s], B[p,j] at b[p·bs+j].",
		name, 2*w.lanes(), most, pick(w.inRows, "i·as+p", "p·as+i")))
	T := w.goType()
	w.SignatureExpr(fmt.Sprintf("func(k int, a *%s, as int, b *%s, bs int, c *%s, ldc int, rows, tiles int, beta %s)", T, T, T, T))
	for _, p := range []struct {
		name string
		to   reg.GPPhysical
	}{{"k", regK}, {"a", regA}, {"as", regAS}, {"b", regB}, {"bs", regBS}, {"c", regC}, {"ldc", regLDC}, {"rows", sweepHeight}, {"tiles", regTiles}} {
		w.Load(w.Param(p.name), p.to)
	}
	for _, stride := range []reg.GPPhysical{regAS, regBS, regLDC} {
		w.SHLQ(w.shift(), stride)
	}
	w.vectors = 2
	for h := most; h > 1; h-- {
		w.CMPQ(sweepHeight, operand.U8(h))
		w.JEQ(operand.LabelRef(fmt.Sprintf("rows%d", h)))
	}
	for h := 1; h <= most; h++ {
		w.height = h
		w.row(fmt.Sprintf("rows%d", h))
	}
}

// row emits the tiles of one height.
func (w sweep) row(name string) {
	w.Label(name)
	w.MOVQ(regK, regLeft)
	w.MOVQ(regA, sweepA)
	w.MOVQ(regB, sweepB)
	if w.inRows && w.height > 3 {
		w.LEAQ(operand.Mem{Base: regAS, Index: regAS, Scale: 2}, sweepA3)
		w.ADDQ(regA, sweepA3)
	}
	for i := range w.height * w.vectors {
		w.zero(w.vec(i))
	}
	w.Label(name + "_loop")
	w.step(sweepA, sweepA3, sweepB)
	w.advance(sweepA, sweepA3, sweepB)
	w.DECQ(regLeft)
	w.JNE(operand.LabelRef(name + "_loop"))
	w.write(name)
	w.ADDQ(operand.U8(2*w.bytes()), regB)
	w.ADDQ(operand.U8(2*w.bytes()), regC)
	w.DECQ(regTiles)
	w.JNE(operand.LabelRef(name))
	w.VZEROUPPER()
	w.RET()
}

// write stores the sums, or adds them to beta·C.
func (w sweep) write(name string) {
	w.MOVQ(regC, sweepC)
	w.testBeta()
	w.JEQ(operand.LabelRef(name + "_overwrite"))
	w.broadcast(w.arg("beta"), w.spare(0))
	w.rows(sweepC, func(at operand.Mem, _ bool, acc reg.VecPhysical) {
		w.fma(at, w.spare(0), acc)
		w.move(acc, at)
	})
	w.JMP(operand.LabelRef(name + "_next"))
	w.Label(name + "_overwrite")
	w.rows(sweepC, func(at operand.Mem, _ bool, acc reg.VecPhysical) { w.move(acc, at) })
	w.Label(name + "_next")
}
