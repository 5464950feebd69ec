package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// laneOffsets puts 0, stride, 2·stride, … in bytes into the last register.
func (w winograd4) laneOffsets(stride operand.Op) {
	w.MOVQ(stride, reg.RAX)
	w.SHLQ(w.shift(), reg.RAX)
	w.VPBROADCASTD(reg.EAX, zmm[30])
	w.VPMULLD(order("lane", 0), zmm[30], zmm[31])
}

// element is element e of the kernels of all lanes.
func (w winograd4) element(base reg.GPPhysical, e int) operand.Mem {
	return operand.Mem{Base: base, Index: zmm[31], Scale: 1, Disp: e * w.size()}
}

// divisors are the products of the distances of 0, ±A and ±B to the other points.
func divisors() (zero, ofA, ofB float64) {
	return a * a * b * b, 2 * a * a * (a*a - b*b), 2 * b * b * (b*b - a*a)
}

// kernels emits G k Gᵀ for kernels in the lanes of vectors, or for those turned by half a circle.
func (w winograd4) kernels(name string, turned bool) {
	w.declare(name, "is u[(6p+q)·step+i] = (G k Gᵀ)[p,q] for kernels k[i·kernelStride…]"+pick(turned, " turned by half a circle", "")+", i < count ≤ 16.",
		"u, k *float32", "kernelStride, count, step")
	u, k, step, lanes := reg.RDI, reg.RSI, reg.RDX, reg.RBX
	w.laneOffsets(w.arg("kernelStride"))
	w.take("u", u)
	w.take("k", k)
	w.take("step", step)
	w.take("count", lanes)
	w.mask(lanes, reg.K1)
	rows := func(p, j int) reg.VecPhysical { return zmm[3*p+j] }
	for j := range 3 {
		x := w.line(18, 3)
		for i := range 3 {
			e := pick(turned, 8-3*i-j, 3*i+j)
			w.KMOVW(reg.K1, reg.K2)
			w.zero(x[i])
			w.VGATHERDPS(w.element(k, e), reg.K2, x[i])
		}
		w.kernel(x, func(p int) reg.VecPhysical { return rows(p, j) })
	}
	for p := range 6 {
		v := w.line(18, 6)
		w.kernel(w.line(3*p, 3), func(q int) reg.VecPhysical { return v[q] })
		for q := range 6 {
			w.VMOVUPS(v[q], reg.K1, operand.Mem{Base: u})
			w.ADDQ(step, u)
		}
	}
	w.VZEROUPPER()
	w.RET()
}

// kernel is u = G x.
func (w winograd4) kernel(x line, u func(int) reg.VecPhysical) {
	zero, ofA, ofB := divisors()
	w.times(x[0], 1/zero, u(0))
	for i, p := range [2]struct{ at, divisor float64 }{{a, ofA}, {b, ofB}} {
		even, odd := zmm[28], zmm[29]
		w.times(x[0], 1/p.divisor, even)
		w.plus(x[2], p.at*p.at/p.divisor, even)
		w.times(x[1], p.at/p.divisor, odd)
		w.add(even, odd, u(1+2*i))
		w.sub(even, odd, u(2+2*i))
	}
	w.copy(x[2], u(5))
}

// gradients emits k̄ = Gᵀ p G for kernels in the lanes of vectors.
func (w winograd4) gradients() {
	w.declare("gradients", "is k[9i+3j+l] = (Gᵀ p G)[j,l] for p[r,q] = p[(6r+q)·step+i], i < count ≤ 16.", "k, p *float32", "count, step")
	k, p, step, lanes := reg.RDI, reg.RSI, reg.RDX, reg.RBX
	w.laneOffsets(operand.U32(9))
	w.take("k", k)
	w.take("p", p)
	w.take("step", step)
	w.take("count", lanes)
	w.mask(lanes, reg.K1)
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, reg.R8)
	w.SHLQ(operand.U8(1), reg.R8) // to the next row
	for q := range 6 {
		x := w.line(18, 6)
		w.MOVQ(p, reg.R9)
		for r := range 6 {
			w.VMOVUPS_Z(operand.Mem{Base: reg.R9}, reg.K1, x[r])
			w.ADDQ(reg.R8, reg.R9)
		}
		w.ADDQ(step, p)
		w.gradient(x, func(j int) reg.VecPhysical { return zmm[6*j+q] })
	}
	for j := range 3 {
		y := w.line(18, 3)
		w.gradient(w.line(6*j, 6), func(l int) reg.VecPhysical { return y[l] })
		for l := range 3 {
			w.KMOVW(reg.K1, reg.K2)
			w.VSCATTERDPS(y[l], reg.K2, w.element(k, 3*j+l))
		}
	}
	w.VZEROUPPER()
	w.RET()
}

// gradient is k = Gᵀ x.
func (w winograd4) gradient(x line, k func(int) reg.VecPhysical) {
	zero, ofA, ofB := divisors()
	sumA, sumB := zmm[24], zmm[25]
	difA, difB := zmm[26], zmm[27]
	w.add(x[1], x[2], sumA)
	w.add(x[3], x[4], sumB)
	w.sub(x[1], x[2], difA)
	w.sub(x[3], x[4], difB)
	first, last := zmm[28], zmm[29]
	w.times(x[0], 1/zero, first)
	w.plus(sumA, 1/ofA, first)
	w.plus(sumB, 1/ofB, first)
	w.times(sumA, a*a/ofA, last)
	w.plus(sumB, b*b/ofB, last)
	w.add(x[5], last, k(2))
	w.copy(first, k(0))
	w.times(difA, a/ofA, first)
	w.plus(difB, b/ofB, first)
	w.copy(first, k(1))
}
