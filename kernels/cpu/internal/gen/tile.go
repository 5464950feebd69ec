package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tiles emits the micro-kernels of gemm, one function for each element type and vector size. A tile of C with h rows of two
// vectors stays in 2h registers while k rank-1 updates are added: 28 of 32 registers with AVX-512 (h = 14), 12 of 16 with
// AVX2 (h = 6); the rest holds two vectors of B and two broadcast elements of A. Smaller heights, and widths with a masked last
// vector, have loops of their own, so that edges cost what they compute.
func tiles(c *build.Context) {
	addMasks(c)
	every(c, func(s isa) {
		tile{isa: s}.emit()
		if !s.wide {
			tile{isa: s, inRows: true}.emit()
			sweep{tile{isa: s}}.emit()
			sweep{tile{isa: s, inRows: true}}.emit()
		}
	})
}

// tile is one loop over k with its stores: height rows of vectors vectors, the last of them masked or not.
type tile struct {
	isa
	inRows          bool // A lies in rows, and not in strips
	height, vectors int
	masked          bool
}

var (
	regK, regA, regAS = reg.RBX, reg.RSI, reg.R8
	regB, regBS       = reg.RDI, reg.R9
	regC, regLDC      = reg.RDX, reg.R10
	regRows, regCols  = reg.R11, reg.R12
	regAhead, regStep = reg.R13, reg.R15
	regA3             = regRows // the fourth row of A, where it lies in rows
)

func (t tile) emit() {
	most := pick(t.wide, 14, 6)
	name := pick(t.inRows, "rows", "tile") + t.suffix()
	t.Function(name)
	t.Attributes(attr.NOSPLIT)
	t.Pragma("noescape")
	t.Doc(fmt.Sprintf("%s is C = alpha·A·B + beta·C for one tile: rows ≤ %d, cols ≤ %d, A[i,p] at a[%s], B[p,j] at b[p·bs+j]. It asks for k lines of memory, step > 0 bytes apart, from ahead on.",
		name, most, 2*t.lanes(), pick(t.inRows, "i·as+p", "p·as+i")))
	T := t.goType()
	t.SignatureExpr(fmt.Sprintf("func(k int, a *%s, as int, b *%s, bs int, c *%s, ldc int, rows, cols int, alpha, beta %s, ahead *%s, step int)", T, T, T, T, T))
	for _, p := range []struct {
		name string
		to   reg.GPPhysical
	}{{"k", regK}, {"a", regA}, {"as", regAS}, {"b", regB}, {"bs", regBS}, {"c", regC}, {"ldc", regLDC}, {"rows", regRows}, {"cols", regCols}, {"ahead", regAhead}, {"step", regStep}} {
		t.Load(t.Param(p.name), p.to)
	}
	for _, stride := range []reg.GPPhysical{regAS, regBS, regLDC} {
		t.SHLQ(t.shift(), stride)
	}
	t.IMULQ(regStep, regK) // in steps, so that it counts down where to ask too
	t.SUBQ(regStep, regAhead)
	shapes := []tile{{vectors: 2}, {vectors: 2, masked: true}, {vectors: 1, masked: true}}
	t.CMPQ(regCols, operand.U8(2*t.lanes()))
	t.JEQ(operand.LabelRef(t.label(shapes[0])))
	t.CMPQ(regCols, operand.U8(t.lanes()))
	t.JLE(operand.LabelRef(t.label(shapes[2])))
	t.SUBQ(operand.U8(t.lanes()), regCols)
	t.setMask(regCols)
	for i, s := range shapes[1:] {
		t.shape(s, most)
		if i == 0 {
			t.Label(t.label(shapes[2]))
			t.setMask(regCols)
		}
	}
	t.Label(t.label(shapes[0]))
	t.shape(shapes[0], most)
}

func (t tile) label(s tile) string {
	return fmt.Sprintf("v%d%s", s.vectors, pick(s.masked, "m", ""))
}

// shape emits the choice of the height and the loops of all heights.
func (t tile) shape(s tile, most int) {
	t.vectors, t.masked = s.vectors, s.masked
	for h := most; h > 1; h-- {
		t.CMPQ(regRows, operand.U8(h))
		t.JEQ(operand.LabelRef(fmt.Sprintf("%s_%d", t.label(s), h)))
	}
	for h := 1; h <= most; h++ {
		t.height = h
		t.loop()
		t.store()
		t.VZEROUPPER()
		t.RET()
	}
}

func (t tile) acc(i, j int) reg.VecPhysical { return t.vec(i*t.vectors + j) }

// spare are the registers beyond the accumulators: first those of B, then those for broadcasts.
func (t tile) spare(i int) reg.VecPhysical { return t.vec(pick(t.wide, 28, 12) + i) }

func (t tile) loop() {
	name := fmt.Sprintf("%s_%d", t.label(t), t.height)
	if t.height > 1 {
		t.Label(name)
	}
	t.fourth(regA3)
	t.prefetch()
	for i := range t.height * t.vectors {
		t.zero(t.vec(i))
	}
	t.TESTQ(regK, regK)
	t.JEQ(operand.LabelRef(name + "_store"))
	t.Label(name + "_loop")
	t.step(regA, regA3, regB)
	t.PREFETCHT1(operand.Mem{Base: regAhead, Index: regK, Scale: 1})
	t.advance(regA, regA3, regB)
	t.SUBQ(regStep, regK)
	t.JNE(operand.LabelRef(name + "_loop"))
	t.Label(name + "_store")
}

// fourth puts the address of the fourth row of A into a3, if A lies in rows and there is one.
func (t tile) fourth(a3 reg.GPPhysical) {
	if t.inRows && t.height > 3 {
		t.LEAQ(operand.Mem{Base: regAS, Index: regAS, Scale: 2}, a3)
		t.ADDQ(regA, a3)
	}
}

// step adds the products of a column of A and a row of B, the former in rows from a, and a3 for the fourth, on where it is not in strips.
func (t tile) step(a, a3, b reg.GPPhysical) {
	for j := range t.vectors {
		from := operand.Mem{Base: b, Disp: j * t.bytes()}
		if t.masked && j == t.vectors-1 {
			t.maskedLoad(from, t.lastMask(), t.spare(j))
		} else {
			t.move(from, t.spare(j))
		}
	}
	broadcasts := pick(t.masked && !t.wide, 1, 2) // the mask of AVX2 takes the last register
	for i := range t.height {
		x := t.spare(2 + i%broadcasts)
		from := operand.Mem{Base: a, Disp: i * t.size()}
		if t.inRows {
			from = lineOf(pick(i < 3, a, a3), regAS, nil, i%3)
		}
		t.broadcast(from, x)
		for j := range t.vectors {
			t.fma(t.spare(j), x, t.acc(i, j))
		}
	}
}

// advance goes on to the next column of A and row of B.
func (t tile) advance(a, a3, b reg.GPPhysical) {
	if t.inRows {
		t.ADDQ(operand.U8(t.size()), a)
		if t.height > 3 {
			t.ADDQ(operand.U8(t.size()), a3)
		}
	} else {
		t.ADDQ(regAS, a)
	}
	t.ADDQ(regBS, b)
}

// prefetch asks for the tile of C, which comes from far away and is needed at the end.
func (t tile) prefetch() {
	t.MOVQ(regC, reg.RAX)
	for i := range t.height {
		for j := range t.vectors {
			t.PREFETCHT0(operand.Mem{Base: reg.RAX, Disp: j * t.bytes()})
		}
		if i < t.height-1 {
			t.ADDQ(regLDC, reg.RAX)
		}
	}
}

// store scales the sums by alpha and writes them, or adds beta·C; with beta = 0 it does not read C.
func (t tile) store() {
	name := fmt.Sprintf("%s_%d_overwrite", t.label(t), t.height)
	t.broadcast(t.arg("alpha"), t.spare(0))
	for i := range t.height * t.vectors {
		t.mul(t.spare(0), t.vec(i), t.vec(i))
	}
	t.testBeta()
	t.JEQ(operand.LabelRef(name))
	t.broadcast(t.arg("beta"), t.spare(0))
	t.rows(regC, func(at operand.Mem, last bool, acc reg.VecPhysical) {
		if last {
			t.maskedLoad(at, t.lastMask(), t.spare(1))
			t.fma(t.spare(1), t.spare(0), acc)
			t.maskedStore(acc, t.lastMask(), at)
		} else {
			t.fma(at, t.spare(0), acc)
			t.move(acc, at)
		}
	})
	t.VZEROUPPER()
	t.RET()
	t.Label(name)
	t.rows(regC, func(at operand.Mem, last bool, acc reg.VecPhysical) {
		if last {
			t.maskedStore(acc, t.lastMask(), at)
		} else {
			t.move(acc, at)
		}
	})
}

// testBeta sets the flag of zero if beta is 0. It destroys AX.
func (t tile) testBeta() {
	if t.f64 {
		t.MOVQ(t.arg("beta"), reg.RAX)
		t.ADDQ(reg.RAX, reg.RAX) // drops the sign
	} else {
		t.MOVL(t.arg("beta"), reg.EAX)
		t.ADDL(reg.EAX, reg.EAX)
	}
}

// rows calls f for every vector of the tile in C, from c on; last says that the mask applies.
func (t tile) rows(c reg.GPPhysical, f func(at operand.Mem, last bool, acc reg.VecPhysical)) {
	for i := range t.height {
		for j := range t.vectors {
			f(operand.Mem{Base: c, Disp: j * t.bytes()}, t.masked && j == t.vectors-1, t.acc(i, j))
		}
		if i < t.height-1 {
			t.ADDQ(regLDC, c)
		}
	}
}
