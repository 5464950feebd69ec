package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// kernelsByEight emits G k Gᵀ for AVX2: elements of eight kernels wait in memory, from which the rows of G k are made one pair after another.
func (w winograd4) kernelsByEight(turned bool) {
	u, k, step, stride, left, lanes := reg.RDI, reg.RSI, reg.RDX, reg.R8, reg.R11, reg.RBX
	uAt, kAt := reg.R12, reg.R13
	elements := w.AllocLocal(9 * w.bytes())
	element := func(e int) operand.Mem { return elements.Offset(e * w.bytes()) }
	w.take("u", u)
	w.take("k", k)
	w.take("step", step)
	w.take("kernelStride", stride)
	w.take("inputs", left)
	w.Label("input")
	w.MOVQ(u, uAt)
	w.MOVQ(k, kAt)
	w.take("count", lanes)
	w.SUBQ(operand.U8(8), lanes)
	w.JLT(operand.LabelRef("rest"))
	w.Label("eight")
	w.loadEight(kAt, stride, element)
	w.transformEight(uAt, step, turned, element, func(v operand.Op, to operand.Mem) { w.VMOVUPS(v, to) })
	w.ADDQ(operand.U8(32), uAt)
	w.LEAQ(operand.Mem{Base: kAt, Index: stride, Scale: 4}, kAt) // of which loadEight did the other half
	w.SUBQ(operand.U8(8), lanes)
	w.JGE(operand.LabelRef("eight"))
	w.Label("rest")
	w.ADDQ(operand.U8(8), lanes)
	w.JEQ(operand.LabelRef("next"))
	w.mask(lanes, w.lastMask())
	w.gatherEight(kAt, stride, element)
	w.transformEight(uAt, step, turned, element, func(v operand.Op, to operand.Mem) { w.maskedStore(v, w.lastMask(), to) })
	w.Label("next")
	w.take("uStride", uAt)
	w.ADDQ(uAt, u)
	w.take("inputStride", kAt)
	w.ADDQ(kAt, k)
	w.DECQ(left)
	w.JNE(operand.LabelRef("input"))
	w.VZEROUPPER()
	w.RET()
}

// loadEight puts the elements of eight kernels into vectors in memory. Four elements of a kernel are loaded at once: 0 … 3, 4 … 7 and, for the
// last one, 5 … 8. It moves on by four kernels.
func (w winograd4) loadEight(k, stride reg.GPPhysical, element func(int) operand.Mem) {
	taps, last, spare := w.line(0, 8), w.line(8, 4), w.line(12, 4)
	for i := range 4 {
		for _, v := range []struct {
			e  int
			to reg.VecPhysical
		}{{0, taps[i]}, {4, taps[4+i]}, {5, last[i]}} {
			w.VMOVUPS(operand.Mem{Base: k, Disp: 4 * v.e}, v.to.AsX())
			w.VINSERTF128(operand.U8(1), operand.Mem{Base: k, Index: stride, Scale: 4, Disp: 4 * v.e}, v.to, v.to)
		}
		w.ADDQ(stride, k)
	}
	for i := range 2 {
		w.squares(taps[4*i:4*i+4], spare)
	}
	w.VUNPCKHPS(last[1], last[0], last[0])
	w.VUNPCKHPS(last[3], last[2], last[2])
	w.VUNPCKHPD(last[2], last[0], last[0])
	for e, x := range slices.Concat(taps, last[:1]) {
		w.VMOVUPS(x, element(e))
	}
}

// gatherEight is loadEight for less than eight kernels, as the mask says.
func (w winograd4) gatherEight(k, stride reg.GPPhysical, element func(int) operand.Mem) {
	offsets, mask, x := w.vec(0), w.vec(1), w.vec(2)
	w.VMOVD(stride.As32(), offsets.AsX())
	w.VPBROADCASTD(offsets.AsX(), offsets)
	w.VPMULLD(order("lane", 0), offsets, offsets)
	for e := range 9 {
		w.copy(w.lastMask(), mask)
		w.zero(x)
		w.VGATHERDPS(mask, operand.Mem{Base: k, Index: offsets, Scale: 1, Disp: e * w.size()}, x)
		w.VMOVUPS(x, element(e))
	}
}

// transformEight emits the transform of elements in memory and stores all places.
func (w winograd4) transformEight(u, step reg.GPPhysical, turned bool, element func(int) operand.Mem, store func(v operand.Op, to operand.Mem)) {
	zero, _, _ := divisors()
	spare := w.line(12, 2)
	w.MOVQ(u, reg.R10)
	row := func(x line) {
		v := w.line(6, 6)
		w.kernel(x, func(q int) reg.VecPhysical { return v[q] }, spare)
		for _, v := range v {
			store(v, operand.Mem{Base: reg.R10})
			w.ADDQ(step, reg.R10)
		}
	}
	tap := func(i, j int) operand.Mem { return element(pick(turned, 8-3*i-j, 3*i+j)) }
	first, second := w.line(0, 3), w.line(3, 3)
	for j, x := range first {
		w.VMOVUPS(tap(0, j), x)
		w.times(x, 1/zero, x)
	}
	row(first)
	for i := range 2 {
		for j := range 3 {
			x := w.line(6, 3)
			for r := range x {
				w.VMOVUPS(tap(r, j), x[r])
			}
			w.kernelPair(x, i, first[j], second[j], spare)
		}
		row(first)
		row(second)
	}
	for j, x := range first {
		w.VMOVUPS(tap(2, j), x)
	}
	row(first)
}

// gradientsByEight emits k̄ = Gᵀ p G for AVX2.
func (w winograd4) gradientsByEight() {
	k, p, step, lanes := reg.RDI, reg.RSI, reg.RDX, reg.RBX
	six := strides{reg.R8, reg.R9, reg.R10}
	w.take("k", k)
	w.take("p", p)
	w.take("step", step)
	w.take("count", lanes)
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, six.one)
	w.SHLQ(operand.U8(1), six.one) // to the next row
	w.strides(six)
	w.SUBQ(operand.U8(8), lanes)
	w.JLT(operand.LabelRef("rest"))
	w.Label("eight")
	w.storeEight(w.gradientOfEight(p, step, six, nil), func(at int) operand.Mem { return operand.Mem{Base: k, Disp: 4 * at} }, nil)
	w.ADDQ(operand.U32(8*9*w.size()), k)
	w.ADDQ(operand.U8(32), p)
	w.SUBQ(operand.U8(8), lanes)
	w.JGE(operand.LabelRef("eight"))
	w.Label("rest")
	w.ADDQ(operand.U8(8), lanes)
	w.JEQ(operand.LabelRef("done"))
	w.mask(lanes, w.lastMask())
	taps := w.gradientOfEight(p, step, six, func(from operand.Op) operand.Op {
		w.maskedLoad(from, w.lastMask(), w.vec(14))
		return w.vec(14)
	})
	w.storeEight(taps, func(at int) operand.Mem { return operand.Mem{Base: k, Disp: 4 * at} }, func(kernel int) {
		w.CMPQ(lanes, operand.U8(kernel))
		w.JEQ(operand.LabelRef("done"))
	})
	w.Label("done")
	w.VZEROUPPER()
	w.RET()
}

// gradientOfEight is the elements of the gradients of eight kernels, made row by row.
func (w winograd4) gradientOfEight(p, step reg.GPPhysical, six strides, read func(operand.Op) operand.Op) (taps line) {
	taps = slices.Concat(w.line(0, 6), w.line(12, 3))
	for j := range 3 {
		row := w.line(6, 6)
		w.MOVQ(p, reg.R11)
		for q, x := range row {
			w.gradientRow(j, func(r int) operand.Op { return six.nth(reg.R11, r) }, x, w.vec(13), read)
			if q < 5 {
				w.ADDQ(step, reg.R11)
			}
		}
		for l := range 3 {
			w.gradientRow(l, func(r int) operand.Op { return row[r] }, taps[3*j+l], w.vec(pick(j < 2, 12, 15)), nil)
		}
	}
	return taps
}

// gradientRow is to = (Gᵀ x)[j], with a spare register. Operands in memory go through read, if there is one.
func (w winograd4) gradientRow(j int, x func(r int) operand.Op, to, spare reg.VecPhysical, read func(operand.Op) operand.Op) {
	zero, ofA, ofB := divisors()
	of := func(r int) operand.Op {
		if read == nil {
			return x(r)
		}
		return read(x(r))
	}
	// combined is v = x[r] ± x[r+1]
	combined := func(combine func(x, y, to operand.Op), r int, v operand.Op) {
		w.VMOVUPS(of(r), v)
		combine(v, of(r+1), v)
	}
	switch j {
	case 0:
		w.VMOVUPS(of(0), to)
		w.times(to, 1/zero, to)
		combined(w.add, 1, spare)
		w.plus(spare, 1/ofA, to)
		combined(w.add, 3, spare)
		w.plus(spare, 1/ofB, to)
	case 1:
		combined(w.sub, 1, to)
		w.times(to, a/ofA, to)
		combined(w.sub, 3, spare)
		w.plus(spare, b/ofB, to)
	case 2:
		combined(w.add, 1, to)
		w.times(to, a*a/ofA, to)
		combined(w.add, 3, spare)
		w.plus(spare, b*b/ofB, to)
		w.add(to, of(5), to)
	}
}

// eightGradients turns columns of gradients in memory into the gradients of eight kernels.
func (w winograd4) eightGradients(column func(j, c int) operand.Mem, to func(element int) operand.Mem) {
	taps := w.line(0, 9)
	for j := range 3 {
		for l := range 3 {
			w.gradientRow(l, func(c int) operand.Op { return column(j, c) }, taps[3*j+l], w.vec(9), nil)
		}
	}
	w.storeEight(taps, to, nil)
}

// storeEight writes the elements of eight kernels, given by their places in these. Before each, between is called if there is one.
func (w winograd4) storeEight(taps line, to func(element int) operand.Mem, before func(kernel int)) {
	var spare line
	for _, v := range ymm {
		if !slices.Contains(taps, v) {
			spare = append(spare, v)
		}
	}
	for i := range 2 {
		w.squares(taps[4*i:4*i+4], spare)
	}
	last := taps[8].AsX()
	for kernel := range 8 {
		if before != nil && kernel > 0 {
			before(kernel)
		}
		if kernel == 4 {
			w.VEXTRACTF128(operand.U8(1), taps[8], spare[0].AsX())
			last = spare[0].AsX()
		}
		for i := range 2 {
			if v, at := taps[4*i+kernel%4], to(9*kernel+4*i); kernel < 4 {
				w.VMOVUPS(v.AsX(), at)
			} else {
				w.VEXTRACTF128(operand.U8(1), v, at)
			}
		}
		w.VEXTRACTPS(operand.U8(kernel%4), last, to(9*kernel+8))
	}
}
