package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winograd4Loops emits package winograd4, in float32. A transform is done in two steps: of rows, whose vectors run along an image's rows as they
// lie in memory, and of columns, whose vectors run along tiles. Where vectors run along channels, one function does either step. Both vector sizes
// do the same operations in the same order. AVX2 has sixteen tiles, or kernels, in two vectors, most constants in memory, and fewer sums in registers.
func winograd4Loops(c *build.Context) {
	constants := map[constant]operand.Mem{}
	for _, wide := range []bool{true, false} {
		w := winograd4{isa: isa{c, false, wide}, constants: constants}
		if wide {
			w.orders()
		} else {
			w.addEdgeBits()
			addMasks(c)
		}
		w.emit()
	}
}

func (w winograd4) emit() {
	w.rows("dataRows", 6, "(Bᵀ x)", w.data)
	w.rows("spreadRows", 4, "(A y)", w.spread)
	w.columns("dataColumns", true, w.data)
	w.columns("spreadColumns", false, w.spread)
	w.outputs()
	w.storeRows()
	w.kernels("kernels", false)
	w.kernels("turnedKernels", true)
	w.gradients()
	for _, outputs := range pick(w.wide, []int{16, 32}, []int{16}) {
		w.products(outputs)
		w.weights(outputs)
	}
	w.alongChannels("dataLanes", "(Bᵀ x)", 6, w.data())
	w.alongChannels("spreadLanes", "(A x)", 6, w.spread())
	w.alongChannels("outputLanes", "(Aᵀ x)", 4, w.collect())
}

type winograd4 struct {
	isa
	constants map[constant]operand.Mem // in memory
	held      map[float64]reg.VecPhysical
}

// constant is a number in memory: once for AVX-512, which broadcasts it, and as a whole vector for AVX2.
type constant struct {
	value float32
	wide  bool
}

// vectors of a line of six or four.
type line []reg.VecPhysical

func (w winograd4) line(from, n int) line { return pick(w.wide, zmm, ymm)[from : from+n] }

// declare begins a function of pointers and sizes, whose parameters are read by name.
func (w winograd4) declare(name, doc, pointers, sizes string) {
	name += pick(w.wide, "AVX512", "AVX2")
	w.Function(name)
	w.Attributes(attr.NOSPLIT)
	w.Pragma("noescape")
	w.Doc(strings.Split(name+" "+doc, "\n")...)
	w.SignatureExpr(fmt.Sprintf("func(%s, %s int)", pointers, sizes))
}

// take loads a parameter; what is named as a stride becomes bytes.
func (w winograd4) take(name string, to reg.GPPhysical) {
	w.Load(w.Param(name), to)
	if strings.HasSuffix(name, "Stride") || name == "step" || name == "plane" {
		w.SHLQ(w.shift(), to)
	}
}

func (w winograd4) copy(from, to operand.Op) { w.VMOVAPS(from, to) }

// scaled is to = x·by.
func (w winograd4) scaled(x, by, to operand.Op) { w.VMULPS(by, x, to) }

// less is to −= x·by, and more is to += x·by.
func (w winograd4) less(x, by, to operand.Op) { w.VFNMADD231PS(by, x, to) }
func (w winograd4) more(x, by, to operand.Op) { w.VFMADD231PS(by, x, to) }

// transform is one in one direction: with AVX-512, factors are its constants that lie in registers from 26 on.
type transform struct {
	in      int
	factors []float64
	// emit turns x into v, which are other registers, with two spare ones.
	emit func(x, v, spare line)
}

const factorsAt = 26

// operands of a transform's factors.
func (w winograd4) operands(factors []float64) []operand.Op {
	var all []operand.Op
	for i, f := range factors {
		if w.wide {
			all = append(all, zmm[factorsAt+i])
		} else {
			all = append(all, w.stored(f))
		}
	}
	return all
}

// factors puts those of a transform into all lanes of their registers.
func (w winograd4) factors(t transform) {
	for i, v := range t.factors {
		if w.wide {
			w.MOVL(operand.U32(math.Float32bits(float32(v))), reg.EAX)
			w.VPBROADCASTD(reg.EAX, zmm[factorsAt+i])
		}
	}
}

// Patches of pixels and kernels are interpolated at 0, ±a, ±b and ∞: package winograd4 says why. The factors of pixels and outputs are exact
// in float32.
const a, b = 0.625, 1.5

// data is v = Bᵀ x.
func (w winograd4) data() transform {
	factors := []float64{a * a * b * b, a*a + b*b, a, a * a, b, b * b}
	f := w.operands(factors)
	both, sum := f[0], f[1]
	a1, a2, b1, b2 := f[2], f[3], f[4], f[5]
	return transform{6, factors, func(x, v, spare line) {
		w.copy(x[4], v[0])
		w.less(x[2], sum, v[0])
		w.copy(x[5], v[5])
		w.less(x[3], sum, v[5])
		w.more(x[0], both, v[0])
		w.more(x[1], both, v[5])
		for i, p := range [2]struct{ own, other operand.Op }{{a1, b2}, {b1, a2}} {
			odd, plus, minus := spare[i], v[1+2*i], v[2+2*i]
			w.copy(x[4], plus)
			w.less(x[2], p.other, plus)
			w.copy(x[3], odd)
			w.less(x[1], p.other, odd)
			w.copy(plus, minus)
			w.more(odd, p.own, plus)
			w.less(odd, p.own, minus)
		}
	}}
}

// spread is v = A x for a line of four; v[0] and v[5] are x[0] and x[3].
func (w winograd4) spread() transform {
	factors := []float64{a, a * a, a * a * a, b, b * b, b * b * b}
	f := w.operands(factors)
	return transform{4, factors, func(x, v, spare line) {
		for i := range 2 {
			own, odd, plus, minus := f[3*i:3*i+3], spare[i], v[1+2*i], v[2+2*i]
			w.copy(x[0], plus)
			w.more(x[2], own[1], plus)
			w.scaled(x[1], own[0], odd)
			w.more(x[3], own[2], odd)
			w.sub(plus, odd, minus)
			w.add(plus, odd, plus)
		}
		w.copy(x[0], v[0])
		w.copy(x[3], v[5])
	}}
}

func (w winograd4) add(x, y, to operand.Op) { w.VADDPS(y, x, to) }

// sub is to = x − y.
func (w winograd4) sub(x, y, to operand.Op) { w.VSUBPS(y, x, to) }

// strides are registers that hold 1, 3 and 5 times a stride, with which nth addresses the six places of a line.
type strides struct{ one, three, five reg.GPPhysical }

func (w winograd4) strides(s strides) {
	w.LEAQ(operand.Mem{Base: s.one, Index: s.one, Scale: 2}, s.three)
	w.LEAQ(operand.Mem{Base: s.one, Index: s.one, Scale: 4}, s.five)
}

func (s strides) nth(base reg.GPPhysical, n int) operand.Mem {
	switch n {
	case 0:
		return operand.Mem{Base: base}
	case 3:
		return operand.Mem{Base: base, Index: s.three, Scale: 1}
	case 5:
		return operand.Mem{Base: base, Index: s.five, Scale: 1}
	}
	return operand.Mem{Base: base, Index: s.one, Scale: uint8(n)}
}

// mask puts the mask of the lanes below n, from none to all of AVX2 or all but one of AVX-512, into k, which is
// lastMask with AVX2.
func (w winograd4) mask(n reg.GPPhysical, k operand.Op) {
	w.MOVQ(n, reg.RCX)
	if !w.wide {
		w.setMask(reg.RCX)
		return
	}
	w.MOVL(operand.U32(1), reg.EAX)
	w.SHLL(reg.CL, reg.EAX)
	w.DECL(reg.EAX)
	w.KMOVW(reg.EAX, k)
}

// unlessRest jumps where a number of elements, which is a parameter, leaves none behind whole vectors: then k of AVX-512 is empty.
func (w winograd4) unlessRest(k operand.Op, param, label string) {
	if w.wide {
		w.KTESTW(k, k)
	} else {
		w.TESTQ(operand.U32(w.lanes()-1), w.arg(param))
	}
	w.JEQ(operand.LabelRef(label))
}
