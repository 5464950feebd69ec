package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// running is the number of vectors of running values, so that additions need not wait for each other.
const running = 8

// sum emits Σ x.
func sum(b body) {
	b.begin("sum", "func(x *T, n int) T", "is the sum of n elements.", "x")
	b.hold()
	v := b.reduction(0, func(v reg.VecVirtual, load func(string) operand.Op) {
		b.of(b.VADDPD, b.VADDPS)(load("x"), v, v)
	}, b.of(b.VADDPD, b.VADDPS))
	b.result(v)
}

// largest emits max x. The maximum itself leaves NaN out; a mask remembers whether there was one.
func largest(b body) {
	b.begin("largest", "func(x *T, n int) T", "is the largest of n elements, NaN if there is one, −∞ for none.", "x")
	b.hold()
	nan := b.noMask()
	v := b.reduction(math.Inf(-1), func(v reg.VecVirtual, load func(string) operand.Op) {
		x := b.inRegister(load("x"))
		b.orMask(nan, b.compare(unordered, x, x))
		b.of(b.VMAXPD, b.VMAXPS)(v, x, v)
	}, b.of(b.VMAXPD, b.VMAXPS))
	if b.wide {
		b.KORTESTW(nan, nan)
	} else {
		pick(b.f64, b.VMOVMSKPD, b.VMOVMSKPS)(nan, reg.ECX)
		b.TESTL(reg.ECX, reg.ECX)
	}
	b.JEQ(operand.LabelRef("ordered"))
	b.move(b.constant(math.NaN()), v)
	b.Label("ordered")
	b.result(v)
}

// expSum emits dst = e^(x−shift) with the sum.
func expSum(b body) {
	b.begin("expSum", "func(dst, x *T, n int, shift T) T", "is dst[i] = e^(x[i]−shift) for n elements, and their sum.", "dst", "x")
	b.hold()
	shift, zero := b.new(), b.copy(b.constant(0))
	b.broadcast(b.arg("shift"), shift)
	v := b.copy(zero)
	b.loop(func(a access) {
		e := b.exp(b.sub(a.load("x"), shift))
		a.store(e)
		b.of(b.VADDPD, b.VADDPS)(a.keep(e, zero), v, v)
	})
	b.lanesTo(v, b.of(b.VADDPD, b.VADDPS))
	b.result(v)
}

func (b body) noMask() operand.Op {
	if b.wide {
		k := b.K()
		b.KXORW(k, k, k)
		return k
	}
	return b.copy(b.constant(0))
}

func (b body) orMask(m, with operand.Op) {
	if b.wide {
		b.KORW(with, m, m)
	} else {
		b.of(b.VORPD, b.VORPS)(with, m, m)
	}
}

// reduction emits step for all vectors, in turn for each of the running values v, and combines these. The lanes beyond the last element
// hold start, which must not change a result.
func (b body) reduction(start float64, step func(v reg.VecVirtual, load func(string) operand.Op), combine instruction) reg.VecVirtual {
	var v [running]reg.VecVirtual
	for i := range v {
		v[i] = b.copy(b.constant(start))
	}
	b.SUBQ(operand.U8(running*b.lanes()), leftover)
	b.JLT(operand.LabelRef("few"))
	b.Label("many")
	for i := range v {
		step(v[i], func(name string) operand.Op { return b.at(name).Offset(i * b.bytes()) })
	}
	b.ADDQ(operand.U32(running*b.bytes()), place)
	b.SUBQ(operand.U8(running*b.lanes()), leftover)
	b.JGE(operand.LabelRef("many"))
	b.Label("few")
	b.ADDQ(operand.U8(running*b.lanes()), leftover)
	b.loop(func(a access) {
		step(v[0], func(name string) operand.Op { return a.keep(a.load(name), b.constant(start)) })
	})
	for half := running / 2; half > 0; half /= 2 {
		for i := range half {
			combine(v[i+half], v[i], v[i])
		}
	}
	b.lanesTo(v[0], combine)
	return v[0]
}

// lanesTo combines all lanes of v into the first.
func (b body) lanesTo(v reg.VecVirtual, combine instruction) {
	y, x := b.YMM(), b.XMM()
	if b.wide {
		b.VEXTRACTF64X4(operand.U8(1), v, y)
		combine(y, v.AsY(), v.AsY())
	}
	if b.wide {
		b.VEXTRACTF64X2(operand.U8(1), v.AsY(), x) // VEXTRACTF128 knows the lower sixteen registers only
	} else {
		b.VEXTRACTF128(operand.U8(1), v.AsY(), x)
	}
	combine(x, v.AsX(), v.AsX())
	b.VPERMILPD(operand.U8(1), v.AsX(), x) // the upper half
	combine(x, v.AsX(), v.AsX())
	if !b.f64 {
		b.VPERMILPS(operand.U8(1), v.AsX(), x)
		combine(x, v.AsX(), v.AsX())
	}
}

// result returns the first lane.
func (b body) result(v reg.VecVirtual) {
	b.setResult(v)
	b.VZEROUPPER()
	b.RET()
}

func (b body) setResult(v reg.VecVirtual) {
	r, err := b.ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	b.of(b.VMOVSD, b.VMOVSS)(v.AsX(), r.Addr)
}
