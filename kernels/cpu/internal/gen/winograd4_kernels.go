package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// laneOffsets puts 0, stride, 2·stride, … in bytes into the last register.
func (w winograd4) laneOffsets(stride operand.Op) {
	w.VPBROADCASTD(stride, zmm[30])
	w.VPMULLD(order("lane", 0), zmm[30], zmm[31])
}

// element is element e of the kernels of all lanes.
func (w winograd4) element(base reg.GPPhysical, e int) operand.Mem {
	return operand.Mem{Base: base, Index: zmm[31], Scale: 1, Disp: e * w.size()}
}

// sixteen are the places of four elements, from element e on, of the kernels that four blocks of lanes begin with: one in four of 16.
func (w winograd4) sixteen(base, stride, stride3 reg.GPPhysical, e int) (at [4]operand.Mem) {
	at = [4]operand.Mem{{Base: base}, {Base: base, Index: stride, Scale: 4}, {Base: base, Index: stride, Scale: 8}, {Base: base, Index: stride3, Scale: 4}}
	for b := range at {
		at[b].Disp = e * w.size()
	}
	return at
}

// squares transposes the four rows of each block of lanes, in place, with four spare registers.
func (w winograd4) squares(x, spare line) {
	w.VUNPCKLPS(x[1], x[0], spare[0])
	w.VUNPCKHPS(x[1], x[0], spare[1])
	w.VUNPCKLPS(x[3], x[2], spare[2])
	w.VUNPCKHPS(x[3], x[2], spare[3])
	for i := range 2 {
		w.VUNPCKLPD(spare[2+i], spare[i], x[2*i])
		w.VUNPCKHPD(spare[2+i], spare[i], x[2*i+1])
	}
}

// divisors are the products of the distances of 0, ±A and ±B to the other points.
func divisors() (zero, ofA, ofB float64) {
	return a * a * b * b, 2 * a * a * (a*a - b*b), 2 * b * b * (b*b - a*a)
}

// kernels emits G k Gᵀ for kernels in the lanes of vectors, or for those turned by half a circle.
func (w winograd4) kernels(name string, turned bool) {
	w.declare(name, "is u[(6p+q)·step+i] = (G k Gᵀ)[p,q] for kernels k[i·kernelStride…]"+pick(turned, " turned by half a circle", "")+", i < count ≤ 16.",
		"u, k *float32", "kernelStride, count, step")
	u, k, step, stride, lanes := reg.RDI, reg.RSI, reg.RDX, reg.R8, reg.RBX
	w.take("u", u)
	w.take("k", k)
	w.take("step", step)
	w.take("kernelStride", stride)
	w.take("count", lanes)
	w.mask(lanes, reg.K1)
	taps := w.line(18, 9)
	w.CMPQ(lanes, operand.U8(16))
	w.JEQ(operand.LabelRef("all"))
	w.laneOffsets(stride.As32())
	for e, x := range taps {
		w.KMOVW(reg.K1, reg.K2)
		w.zero(x)
		w.VGATHERDPS(w.element(k, e), reg.K2, x)
	}
	w.JMP(operand.LabelRef("transform"))
	w.Label("all")
	w.loadAll(k, stride, taps)
	w.Label("transform")
	rows := func(p, j int) reg.VecPhysical { return zmm[3*p+j] }
	for j := range 3 {
		var x line
		for i := range 3 {
			x = append(x, taps[pick(turned, 8-3*i-j, 3*i+j)])
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

// loadAll puts the elements of 16 kernels into vectors, with the registers below 12 as spare ones. Four elements of a kernel are loaded at
// once: 0 … 3, 4 … 7 and, for the last one, 5 … 8.
func (w winograd4) loadAll(k, stride reg.GPPhysical, taps line) {
	w.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, reg.R9)
	last := w.line(0, 4)
	for i := range 4 {
		for _, v := range []struct {
			e  int
			to reg.VecPhysical
		}{{0, taps[i]}, {4, taps[4+i]}, {5, last[i]}} {
			at := w.sixteen(k, stride, reg.R9, v.e)
			w.VMOVUPS(at[0], v.to.AsX())
			for b := 1; b < 4; b++ {
				w.VINSERTF32X4(operand.U8(b), at[b], v.to, v.to)
			}
		}
		if i < 3 {
			w.ADDQ(stride, k)
		}
	}
	w.squares(taps[:4], w.line(4, 4))
	w.squares(taps[4:8], w.line(8, 4))
	w.VUNPCKHPS(last[1], last[0], last[0])
	w.VUNPCKHPS(last[3], last[2], last[2])
	w.VUNPCKHPD(last[2], last[0], taps[8])
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
	taps := slices.Concat(w.line(18, 6), w.line(0, 3)) // the last row replaces what the first was made of
	for j := range 3 {
		w.gradient(w.line(6*j, 6), func(l int) reg.VecPhysical { return taps[3*j+l] })
	}
	w.MOVQ(operand.U32(9*w.size()), reg.R8)
	w.CMPQ(lanes, operand.U8(16))
	w.JEQ(operand.LabelRef("all"))
	w.laneOffsets(reg.R8L)
	for e, x := range taps {
		w.KMOVW(reg.K1, reg.K2)
		w.VSCATTERDPS(x, reg.K2, w.element(k, e))
	}
	w.VZEROUPPER()
	w.RET()
	w.Label("all")
	w.storeAll(k, reg.R8, taps)
	w.VZEROUPPER()
	w.RET()
}

// storeAll writes the elements of 16 kernels, four of a kernel at once and the last ones by way of memory, with registers 3 to 10 as spare ones.
func (w winograd4) storeAll(k, stride reg.GPPhysical, taps line) {
	last := w.AllocLocal(64)
	w.VMOVUPS(taps[8], last)
	w.squares(taps[:4], w.line(3, 4))
	w.squares(taps[4:8], w.line(7, 4))
	w.LEAQ(operand.Mem{Base: stride, Index: stride, Scale: 2}, reg.R9)
	for i := range 4 {
		for _, e := range []int{0, 4} {
			at := w.sixteen(k, stride, reg.R9, e)
			w.VMOVUPS(taps[e+i].AsX(), at[0])
			for b := 1; b < 4; b++ {
				w.VEXTRACTF32X4(operand.U8(b), taps[e+i], at[b])
			}
		}
		for b, at := range w.sixteen(k, stride, reg.R9, 8) {
			w.MOVL(last.Offset(4*(4*b+i)), reg.R10L)
			w.MOVL(reg.R10L, at)
		}
		if i < 3 {
			w.ADDQ(stride, k)
		}
	}
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
