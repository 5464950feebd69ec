package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dots emits the micro-kernels for products with few columns or rows: vectors run along k, so that no lane is idle however narrow
// the product is, and neither operand needs packing. A tile of sums stays in registers, 4×6 with AVX-512 and 3×4 with AVX2;
// the rest holds a vector of every row of A and one of B.
func dots(c *build.Context) {
	addMasks(c)
	every(c, func(s isa) { dotTile{isa: s}.emit() })
}

type dotTile struct {
	isa
	height, width int
}

var (
	regLDA3, regLDB3 = reg.R13, reg.RCX
	regB4            = reg.R12 // columns from the fourth on
)

func (t dotTile) limits() (rows, cols int) { return pick(t.wide, 4, 3), pick(t.wide, 6, 4) }

func (t dotTile) emit() {
	rows, cols := t.limits()
	name := "dot" + t.suffix()
	t.Function(name)
	t.Attributes(attr.NOSPLIT)
	t.Pragma("noescape")
	t.Doc(fmt.Sprintf("%s is C = alpha·A·Bᵀ + beta·C for one tile: rows ≤ %d, cols ≤ %d, A[i,p] at a[i·lda+p], B[j,p] at b[j·ldb+p].",
		name, rows, cols))
	T := t.goType()
	t.SignatureExpr(fmt.Sprintf("func(k int, a *%s, lda int, b *%s, ldb int, c *%s, ldc int, rows, cols int, alpha, beta %s)", T, T, T, T))
	for _, p := range []struct {
		name string
		to   reg.GPPhysical
	}{{"k", regK}, {"a", regA}, {"lda", regAS}, {"b", regB}, {"ldb", regBS}, {"c", regC}, {"ldc", regLDC}, {"rows", regRows}, {"cols", reg.RAX}} {
		t.Load(t.Param(p.name), p.to)
	}
	for _, stride := range []reg.GPPhysical{regAS, regBS, regLDC} {
		t.SHLQ(t.shift(), stride)
	}
	t.LEAQ(operand.Mem{Base: regAS, Index: regAS, Scale: 2}, regLDA3)
	t.LEAQ(operand.Mem{Base: regBS, Index: regBS, Scale: 2}, regLDB3)
	t.LEAQ(operand.Mem{Base: regB, Index: regBS, Scale: 4}, regB4)
	for h := rows; h > 1; h-- {
		t.CMPQ(regRows, operand.U8(h))
		t.JEQ(operand.LabelRef(fmt.Sprintf("rows%d", h)))
	}
	for h := 1; h <= rows; h++ {
		t.Label(fmt.Sprintf("rows%d", h))
		for w := cols; w > 1; w-- {
			t.CMPQ(reg.RAX, operand.U8(w))
			t.JEQ(operand.LabelRef(fmt.Sprintf("size%dx%d", h, w)))
		}
		for w := 1; w <= cols; w++ {
			t.height, t.width = h, w
			t.tile()
		}
	}
}

func (t dotTile) acc(i, j int) reg.VecPhysical { return t.vec(i*t.width + j) }

// spare are the registers of A's rows, followed by B's.
func (t dotTile) spare(i int) reg.VecPhysical { return t.vec(pick(t.wide, 24, 12) + i) }

func (t dotTile) tile() {
	name := fmt.Sprintf("size%dx%d", t.height, t.width)
	t.Label(name)
	for i := range t.height * t.width {
		t.zero(t.vec(i))
	}
	t.SUBQ(operand.U8(t.lanes()), regK)
	t.JLT(operand.LabelRef(name + "_rest"))
	t.Label(name + "_loop")
	t.step(func(from operand.Mem, to operand.Op) { t.move(from, to) })
	t.ADDQ(operand.U8(t.bytes()), regA)
	t.ADDQ(operand.U8(t.bytes()), regB)
	if t.width > 4 {
		t.ADDQ(operand.U8(t.bytes()), regB4)
	}
	t.SUBQ(operand.U8(t.lanes()), regK)
	t.JGE(operand.LabelRef(name + "_loop"))
	t.Label(name + "_rest")
	t.ADDQ(operand.U8(t.lanes()), regK)
	t.JEQ(operand.LabelRef(name + "_sum"))
	t.rest()
	t.Label(name + "_sum")
	t.store(name)
}

// step loads a vector of every row and column and adds their products.
func (t dotTile) step(load func(from operand.Mem, to operand.Op)) {
	for i := range t.height {
		load(lineOf(regA, regAS, regLDA3, i), t.spare(i))
	}
	for j := range t.width {
		b := t.spare(t.height)
		load(lineOf(pick(j < 4, regB, regB4), regBS, regLDB3, j%4), b)
		for i := range t.height {
			t.fma(b, t.spare(i), t.acc(i, j))
		}
	}
}

// lineOf is line i < 4 of a matrix, given its stride and three times that.
func lineOf(base, stride, stride3 reg.GPPhysical, i int) operand.Mem {
	switch i {
	case 1, 2:
		return operand.Mem{Base: base, Index: stride, Scale: uint8(i)}
	case 3:
		return operand.Mem{Base: base, Index: stride3, Scale: 1}
	}
	return operand.Mem{Base: base}
}

// rest is a step with the lanes beyond k off. AVX2 has no register left for the mask and loads it anew each time.
func (t dotTile) rest() {
	if t.wide {
		t.XCHGQ(regK, reg.RCX) // 3·ldb goes to BX for now
		t.MOVL(operand.U32(1), reg.EAX)
		t.SHLL(reg.CL, reg.EAX)
		t.DECL(reg.EAX)
		t.KMOVW(reg.EAX, reg.K1)
		t.XCHGQ(regK, reg.RCX)
		t.step(func(from operand.Mem, to operand.Op) { t.maskedLoad(from, reg.K1, to) })
		return
	}
	t.NEGQ(regK)
	t.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), t.bytes()), reg.RAX)
	t.LEAQ(operand.Mem{Base: reg.RAX, Index: regK, Scale: uint8(t.size())}, reg.RAX)
	t.step(func(from operand.Mem, to operand.Op) {
		t.move(operand.Mem{Base: reg.RAX}, to)
		t.maskedLoad(from, to, to)
	})
}

// store adds up the lanes of every sum and writes them.
func (t dotTile) store(name string) {
	x, scale, beta := t.spare(0), t.spare(1).AsX(), t.spare(2).AsX()
	add := pick[instruction](t.f64, t.VADDPD, t.VADDPS)
	mulScalar := pick[instruction](t.f64, t.VMULSD, t.VMULSS)
	fmaScalar := pick[instruction](t.f64, t.VFMADD231SD, t.VFMADD231SS)
	moveScalar := pick[instruction](t.f64, t.VMOVSD, t.VMOVSS)
	moveScalar(t.arg("alpha"), scale)
	moveScalar(t.arg("beta"), beta)
	if t.f64 {
		t.MOVQ(t.arg("beta"), reg.RAX)
		t.ADDQ(reg.RAX, reg.RAX)
	} else {
		t.MOVL(t.arg("beta"), reg.EAX)
		t.ADDL(reg.EAX, reg.EAX)
	}
	for i := range t.height {
		for j := range t.width {
			v, at := t.acc(i, j), operand.Mem{Base: regC, Disp: j * t.size()}
			if t.wide {
				t.VEXTRACTF64X4(operand.U8(1), v, x.AsY())
				add(x.AsY(), v.AsY(), v.AsY())
				t.VEXTRACTF64X2(operand.U8(1), v.AsY(), x.AsX())
			} else {
				t.VEXTRACTF128(operand.U8(1), v, x.AsX())
			}
			add(x.AsX(), v.AsX(), v.AsX())
			t.VPERMILPD(operand.U8(1), v.AsX(), x.AsX())
			add(x.AsX(), v.AsX(), v.AsX())
			if !t.f64 {
				t.VPERMILPS(operand.U8(1), v.AsX(), x.AsX())
				add(x.AsX(), v.AsX(), v.AsX())
			}
			mulScalar(scale, v.AsX(), v.AsX())
			overwrite := fmt.Sprintf("%s_overwrite%d_%d", name, i, j)
			t.TESTQ(reg.RAX, reg.RAX)
			t.JEQ(operand.LabelRef(overwrite))
			fmaScalar(at, beta, v.AsX())
			t.Label(overwrite)
			moveScalar(v.AsX(), at)
		}
		t.ADDQ(regLDC, regC)
	}
	t.VZEROUPPER()
	t.RET()
}
