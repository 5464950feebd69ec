package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// planeLoops emits package planes.
func planeLoops(c *build.Context) {
	every(c, func(s isa) {
		t := newTable(s)
		for _, f := range []func(plane){addRows, places, pick2x2, spread2x2} {
			t.emit(func(b body) { f(plane{body: b}) })
		}
		t.data()
		if s.wide {
			addOrders(s)
		}
	})
}

// plane is a loop over rows of a plane, each in whole vectors and a masked rest. In pooling, a vector of windows goes with two vectors of
// pixels in each of two rows.
type plane struct {
	body
	masked    bool       // in the rest
	mask      operand.Op // of the rest
	low, high operand.Op // of the rest in pixels
	placeMask operand.Op // of the rest in places, for float64 with AVX2
}

var (
	planeRows  = reg.RCX
	planeWhole = reg.R10 // bytes of a row in whole vectors
	planeRest  = reg.R11 // elements left after them
	planeAt    = reg.RAX // place in a row, in bytes
	pixelsAt   = reg.RBX // twice that
)

func (p *plane) begin(name, signature, doc string, params map[string]reg.GPPhysical) {
	name += p.suffix()
	p.Function(name)
	p.Attributes(attr.NOSPLIT)
	p.Pragma("noescape")
	p.Doc(name + " " + doc)
	p.SignatureExpr(strings.ReplaceAll(signature, "T", p.goType()))
	for _, n := range []string{"dst", "src", "place", "x", "y", "dstStride", "srcStride", "width"} {
		if r, ok := params[n]; ok {
			p.Load(p.Param(n), r)
			if strings.HasSuffix(n, "Stride") || n == "width" {
				p.SHLQ(p.shift(), r)
			}
		}
	}
	p.Load(p.Param("n"), planeWhole)
	p.MOVQ(planeWhole, planeRest)
	p.ANDQ(operand.U8(p.lanes()-1), planeRest)
	p.SUBQ(planeRest, planeWhole)
	p.SHLQ(p.shift(), planeWhole)
	p.hold()
}

// setMasks makes the masks of the rest, with those of its pixels where double.
func (p *plane) setMasks(double bool) {
	p.mask = p.firstLanes(func() { p.MOVQ(planeRest, reg.RCX) })
	if !double {
		return
	}
	if p.f64 && !p.wide {
		x := p.XMM()
		p.MOVQ(planeRest, reg.RCX)
		p.NEGQ(reg.RCX)
		p.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), p.bytes()), reg.R12)
		p.VMOVDQU(operand.Mem{Base: reg.R12, Index: reg.RCX, Scale: placeSize}, x)
		p.placeMask = x
	}
	lanes := operand.U32(p.lanes())
	p.low = p.firstLanes(func() {
		p.LEAQ(operand.Mem{Base: planeRest, Index: planeRest, Scale: 1}, reg.RCX)
		p.MOVQ(lanes, reg.R12)
		p.CMPQ(reg.RCX, reg.R12)
		p.CMOVQGT(reg.R12, reg.RCX)
	})
	p.high = p.firstLanes(func() {
		p.LEAQ(operand.Mem{Base: planeRest, Index: planeRest, Scale: 1}, reg.RCX)
		p.XORL(reg.R12L, reg.R12L)
		p.SUBQ(operand.U8(p.lanes()), reg.RCX)
		p.CMOVQLT(reg.R12, reg.RCX)
	})
}

// firstLanes is a mask of the first RCX lanes, from none to all.
func (p *plane) firstLanes(count func()) operand.Op {
	count()
	if p.wide {
		p.MOVL(operand.U32(1), reg.R12L)
		p.SHLL(reg.CL, reg.R12L)
		p.DECL(reg.R12L)
		k := p.K()
		p.KMOVW(reg.R12L, k)
		return k
	}
	p.NEGQ(reg.RCX)
	p.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), p.bytes()), reg.R12)
	return p.copy(operand.Mem{Base: reg.R12, Index: reg.RCX, Scale: uint8(p.size())})
}

// rows emits the loops: step for each vector, rest for what is left of a row (step with masks if rest is nil), next after each row.
func (p *plane) rows(step, rest, next func()) {
	p.Load(p.Param("rows"), planeRows)
	p.Label("row")
	p.XORL(reg.EAX, reg.EAX)
	p.XORL(reg.EBX, reg.EBX)
	p.Label("whole")
	p.CMPQ(planeAt, planeWhole)
	p.JGE(operand.LabelRef("rest"))
	p.masked = false
	step()
	p.ADDQ(operand.U8(p.bytes()), planeAt)
	p.ADDQ(operand.U32(2*p.bytes()), pixelsAt)
	p.JMP(operand.LabelRef("whole"))
	p.Label("rest")
	p.TESTQ(planeRest, planeRest)
	p.JEQ(operand.LabelRef("next"))
	p.masked = true
	if rest != nil {
		rest()
	} else {
		step()
	}
	p.Label("next")
	next()
	p.DECQ(planeRows)
	p.JNE(operand.LabelRef("row"))
	p.VZEROUPPER()
	p.RET()
}

func (p *plane) load(m operand.Mem, mask operand.Op) operand.Op {
	if !p.masked {
		return p.copy(m)
	}
	v := p.new()
	p.maskedLoad(m, mask, v)
	return v
}

func (p *plane) store(v operand.Op, m operand.Mem, mask operand.Op) {
	if p.masked {
		p.maskedStore(v, mask, m)
	} else {
		p.move(v, m)
	}
}

// at is the current place in a row of windows.
func (p *plane) at(base reg.GPPhysical) operand.Mem {
	return operand.Mem{Base: base, Index: planeAt, Scale: 1}
}

// addRows emits the sum of rows. The rest of a row is added in pieces of just its size: a masked store makes the load of the next row
// wait if the two overlap under their masks.
func addRows(p plane) {
	dst, src, dstStride, srcStride := reg.RDI, reg.RSI, reg.R8, reg.R9
	p.begin("addRows", "func(dst, src *T, rows, n, dstStride, srcStride int)",
		"is dst[i·dstStride+j] += src[i·srcStride+j] for i < rows, j < n.",
		map[string]reg.GPPhysical{"dst": dst, "src": src, "dstStride": dstStride, "srcStride": srcStride})
	p.rows(func() {
		p.move(p.add(p.copy(p.at(dst)), p.at(src)), p.at(dst))
	}, func() {
		for n := p.lanes() / 2; n > 0; n /= 2 {
			skip := fmt.Sprintf("without%d", n)
			p.TESTQ(operand.U32(n), planeRest)
			p.JEQ(operand.LabelRef(skip))
			p.addPiece(n*p.size(), p.at(dst), p.at(src))
			p.ADDQ(operand.U8(n*p.size()), planeAt)
			p.Label(skip)
		}
	}, func() {
		p.ADDQ(dstStride, dst)
		p.ADDQ(srcStride, src)
	})
}

// addPiece adds 4, 8, 16 or 32 bytes.
func (p *plane) addPiece(bytes int, dst, src operand.Mem) {
	add := p.of(p.VADDPD, p.VADDPS)
	if bytes == 32 {
		v := p.YMM()
		p.VMOVUPS(dst, v)
		add(src, v, v)
		p.VMOVUPS(v, dst)
		return
	}
	move := map[int]instruction{4: p.VMOVSS, 8: p.VMOVSD, 16: p.VMOVUPS}[bytes]
	x, y := p.XMM(), p.XMM()
	move(dst, x)
	move(src, y)
	add(y, x, x)
	move(x, dst)
}
