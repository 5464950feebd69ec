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

// winograd4Loops emits package winograd4, in float32 with AVX-512. A transform is done in two steps: of rows, whose vectors run along an
// image's rows as they lie in memory, and of columns, whose vectors run along tiles. Where vectors run along channels, one function does either step.
func winograd4Loops(c *build.Context) {
	w := winograd4{isa{c, false, true}, map[float32]operand.Mem{}}
	w.orders()
	w.rows("dataRows", 6, "(Bᵀ x)", w.data)
	w.rows("spreadRows", 4, "(A y)", w.spread)
	w.columns("dataColumns", true, w.data)
	w.columns("spreadColumns", false, w.spread)
	w.outputs()
	w.storeRows()
	w.kernels("kernels", false)
	w.kernels("turnedKernels", true)
	w.gradients()
	for vectors := range 2 {
		w.products(vectors + 1)
		w.weights(vectors + 1)
	}
	w.lanes("dataLanes", "(Bᵀ x)", 6, w.data())
	w.lanes("spreadLanes", "(A x)", 6, w.spread())
	w.lanes("outputLanes", "(Aᵀ x)", 4, w.collect())
}

type winograd4 struct {
	isa
	constants map[float32]operand.Mem // in memory
}

// vectors of a line of six or four.
type line []reg.VecPhysical

func (w winograd4) line(from, n int) line { return zmm[from : from+n] }

// declare begins a function of pointers and sizes, whose parameters are read by name.
func (w winograd4) declare(name, doc, pointers, sizes string) {
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

// constant puts a factor into all lanes of a register.
func (w winograd4) constant(v float64, to reg.VecPhysical) {
	w.MOVL(operand.U32(math.Float32bits(float32(v))), reg.EAX)
	w.VPBROADCASTD(reg.EAX, to)
}

func (w winograd4) copy(from, to operand.Op) { w.VMOVAPS(from, to) }

// scaled is to = x·by.
func (w winograd4) scaled(x, by, to operand.Op) { w.VMULPS(by, x, to) }

// less is to −= x·by, and more is to += x·by.
func (w winograd4) less(x, by, to operand.Op) { w.VFNMADD231PS(by, x, to) }
func (w winograd4) more(x, by, to operand.Op) { w.VFMADD231PS(by, x, to) }

// transform is one in one direction: factors are its constants, which lie in registers from 26 on.
type transform struct {
	in      int
	factors []float64
	// emit turns x into v, which are other registers, with two spare ones.
	emit func(x, v, spare line)
}

const factorsAt = 26

// Patches of pixels and kernels are interpolated at 0, ±a, ±b and ∞: package winograd4 says why. The factors of pixels and outputs are exact
// in float32.
const a, b = 0.625, 1.5

// data is v = Bᵀ x.
func (w winograd4) data() transform {
	f := w.line(factorsAt, 6)
	both, sum := f[0], f[1] // a²b² and a²+b²
	a1, a2, b1, b2 := f[2], f[3], f[4], f[5]
	return transform{6, []float64{a * a * b * b, a*a + b*b, a, a * a, b, b * b}, func(x, v, spare line) {
		w.copy(x[4], v[0])
		w.less(x[2], sum, v[0])
		w.copy(x[5], v[5])
		w.less(x[3], sum, v[5])
		w.more(x[0], both, v[0])
		w.more(x[1], both, v[5])
		for i, p := range [2]struct{ own, other reg.VecPhysical }{{a1, b2}, {b1, a2}} {
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
	f := w.line(factorsAt, 6)
	return transform{4, []float64{a, a * a, a * a * a, b, b * b, b * b * b}, func(x, v, spare line) {
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

func (w winograd4) factors(t transform) {
	for i, v := range t.factors {
		w.constant(v, zmm[factorsAt+i])
	}
}

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

// masks puts the mask of the lanes below n, from none to 16, into k.
func (w winograd4) mask(n reg.GPPhysical, k operand.Op) {
	w.MOVQ(n, reg.RCX)
	w.MOVL(operand.U32(1), reg.EAX)
	w.SHLL(reg.CL, reg.EAX)
	w.DECL(reg.EAX)
	w.KMOVW(reg.EAX, k)
}
