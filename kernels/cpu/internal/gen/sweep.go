package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// sweep is a row of whole tiles side by side. Where there are few terms, a call for every tile would take as long as a third of the tile.
type sweep struct{ tile }

var (
	regTiles   = regCols
	regLeft    = reg.R13 // of k, in steps
	sweepAhead = reg.R14
	sweepB     = reg.RCX
	sweepA     = reg.RAX
	sweepA3    = regRows // the fourth row of A, where it lies in rows
	sweepC     = reg.R15
)

func (w sweep) emit() {
	const most = 6
	name := pick(w.inRows, "sweepRows", "sweep") + w.suffix()
	w.Function(name)
	w.Attributes(attr.NOSPLIT)
	w.Pragma("noescape")
	w.Doc(fmt.Sprintf("%s is C = alpha·A·B + beta·C for tiles·%d columns and rows ≤ %d, A[i,p] at a[%s], B[p,t·%d+j] at b[t·next+p·bs+j]. "+
		"Along tile t it asks for k lines of memory, step > 0 bytes apart, from ahead[t·skip] on.",
		name, 2*w.lanes(), most, pick(w.inRows, "i·as+p", "p·as+i"), 2*w.lanes()))
	T := w.goType()
	w.SignatureExpr(fmt.Sprintf("func(k int, a *%s, as int, b *%s, bs, next int, c *%s, ldc int, rows, tiles int, alpha, beta %s, ahead *%s, step, skip int)", T, T, T, T, T))
	for _, p := range []struct {
		name string
		to   reg.GPPhysical
	}{{"k", regK}, {"a", regA}, {"as", regAS}, {"b", regB}, {"bs", regBS}, {"c", regC}, {"ldc", regLDC}, {"rows", regRows}, {"tiles", regTiles}, {"ahead", sweepAhead}} {
		w.Load(w.Param(p.name), p.to)
	}
	for _, stride := range []reg.GPPhysical{regAS, regBS, regLDC} {
		w.SHLQ(w.shift(), stride)
	}
	w.IMULQ(w.arg("step"), regK)
	w.SUBQ(w.arg("step"), sweepAhead)
	w.vectors = 2
	for h := most; h > 1; h-- {
		w.CMPQ(regRows, operand.U8(h))
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
	w.fourth(sweepA3)
	w.askNext()
	for i := range w.height * w.vectors {
		w.zero(w.vec(i))
	}
	w.Label(name + "_loop")
	w.step(sweepA, sweepA3, sweepB)
	w.PREFETCHT1(operand.Mem{Base: sweepAhead, Index: regLeft, Scale: 1})
	w.advance(sweepA, sweepA3, sweepB)
	w.SUBQ(w.arg("step"), regLeft)
	w.JNE(operand.LabelRef(name + "_loop"))
	w.write(name)
	for _, p := range []struct {
		name string
		to   reg.GPPhysical
	}{{"next", regB}, {"skip", sweepAhead}} {
		w.MOVQ(w.arg(p.name), reg.RAX)
		w.LEAQ(operand.Mem{Base: p.to, Index: reg.RAX, Scale: uint8(w.size())}, p.to)
	}
	w.ADDQ(operand.U8(2*w.bytes()), regC)
	w.DECQ(regTiles)
	w.JNE(operand.LabelRef(name))
	w.VZEROUPPER()
	w.RET()
}

// askNext asks for the next tile of C, by the last byte of each line.
func (w sweep) askNext() {
	w.MOVQ(regC, sweepC)
	for i := range w.height {
		w.PREFETCHT0(operand.Mem{Base: sweepC, Disp: 4*w.bytes() - 1})
		if i < w.height-1 {
			w.ADDQ(regLDC, sweepC)
		}
	}
}

// write stores the sums times alpha, or adds them to beta·C.
func (w sweep) write(name string) {
	w.scaled(name + "_scaled")
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

// scaled multiplies the sums by alpha, unless it is 1.
func (w sweep) scaled(done string) {
	if w.f64 {
		w.MOVQ(operand.U64(math.Float64bits(1)), reg.RAX)
		w.CMPQ(reg.RAX, w.arg("alpha"))
	} else {
		w.CMPL(w.arg("alpha"), operand.U32(math.Float32bits(1)))
	}
	w.JEQ(operand.LabelRef(done))
	w.broadcast(w.arg("alpha"), w.spare(0))
	for i := range w.height * w.vectors {
		w.mul(w.spare(0), w.vec(i), w.vec(i))
	}
	w.Label(done)
}
