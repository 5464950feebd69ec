package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outputs emits AᵀmA: first along columns, of which all results stay in registers.
func (w winograd4) outputs() {
	w.declare("outputs", "is s[j·plane+4t+l] = (Aᵀ m A)[j,l] for m[p,q] = m[(6p+q)·step+t].", "s, m *float32", "plane, vectors, step")
	s, m, left, at := reg.RDI, reg.RSI, reg.R10, reg.R8
	places, plane, plane3 := strides{reg.RCX, reg.RDX, reg.RBX}, reg.R9, reg.R11
	w.take("s", s)
	w.take("m", m)
	w.take("plane", plane)
	w.take("vectors", left)
	w.take("step", places.one)
	w.strides(places)
	w.LEAQ(operand.Mem{Base: plane, Index: plane, Scale: 2}, plane3)
	w.LEAQ(operand.Mem{Base: places.one, Index: places.five, Scale: 1}, reg.R13) // to the next p
	six := strides{one: reg.R13, three: reg.R14, five: reg.R15}
	w.strides(six)
	w.Label("loop")
	w.MOVQ(m, at)
	for q := range 6 {
		x := w.line(24, 6)
		for p := range 6 {
			w.VMOVUPS(six.nth(at, p), x[p])
		}
		w.gather(x, func(j int) reg.VecPhysical { return zmm[6*j+q] }, zmm[30], zmm[31])
		if q < 5 {
			w.ADDQ(places.one, at)
		}
	}
	for j := range 4 {
		y := w.line(24, 4)
		w.gather(w.line(6*j, 6), func(l int) reg.VecPhysical { return y[l] }, zmm[30], zmm[31])
		pair, joined := w.line(6*j, 4), zmm[6*j+4]
		for k := range 2 {
			for half := range 2 {
				w.VMOVUPS(order("pairs", half), pair[2*k+half])
				w.VPERMI2PS(y[2*k+1], y[2*k], pair[2*k+half])
			}
		}
		for k := range 4 {
			w.VMOVUPS(order("joined", k%2), joined)
			w.VPERMI2PS(pair[2+k/2], pair[k/2], joined)
			to := operand.Mem{Base: s, Disp: 64 * k}
			switch j {
			case 1, 2:
				to.Index, to.Scale = plane, uint8(j)
			case 3:
				to.Index, to.Scale = plane3, 1
			}
			w.VMOVUPS(joined, to)
		}
	}
	w.ADDQ(operand.U8(64), m)
	w.ADDQ(operand.U32(256), s)
	w.DECQ(left)
	w.JNE(operand.LabelRef("loop"))
	w.VZEROUPPER()
	w.RET()
}

// gather is y = Aᵀ x, of which y(0) may be x[0]. It destroys x[1:5].
func (w winograd4) gather(x line, y func(int) reg.VecPhysical, sum, other reg.VecPhysical) {
	w.add(x[1], x[2], sum)
	w.add(x[3], x[4], other)
	w.sub(x[1], x[2], x[1])
	w.sub(x[3], x[4], x[3])
	w.add(x[0], sum, x[0])
	w.add(x[0], other, y(0))
	w.times(sum, a*a, sum)
	w.plus(other, b*b, sum)
	w.plus(x[1], a*a*a, x[5])
	w.plus(x[3], b*b*b, x[5])
	w.times(x[1], a, x[1])
	w.plus(x[3], b, x[1])
	for j, v := range []reg.VecPhysical{1: x[1], 2: sum, 3: x[5]} {
		if j > 0 && y(j) != v {
			w.copy(v, y(j))
		}
	}
}

// times and plus are to = x·by and to += x·by for a constant in memory.
func (w winograd4) times(x operand.Op, by float64, to operand.Op) { w.VMULPS_BCST(w.stored(by), x, to) }
func (w winograd4) plus(x operand.Op, by float64, to operand.Op) {
	w.VFMADD231PS_BCST(w.stored(by), x, to)
}

// stored is the memory of a constant.
func (w winograd4) stored(v float64) operand.Mem {
	x := float32(v)
	m, ok := w.constants[x]
	if !ok {
		m = w.ConstData(fmt.Sprintf("number%d", len(w.constants)), operand.F32(x))
		w.constants[x] = m
	}
	return m
}
