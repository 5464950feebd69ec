package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
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
	if !w.wide {
		w.SHLQ(operand.U8(1), left)
	}
	w.Label("loop")
	if w.wide {
		w.sixteenOutputs(s, m, at, places.one, plane, plane3, six)
	} else {
		w.eightOutputs(s, m, at, places.one, plane, plane3, six)
	}
	w.ADDQ(operand.U8(w.bytes()), m)
	w.ADDQ(operand.U32(4*w.bytes()), s)
	w.DECQ(left)
	w.JNE(operand.LabelRef("loop"))
	w.VZEROUPPER()
	w.RET()
}

// outputRow is a place in row j of four.
func outputRow(s, plane, plane3 reg.GPPhysical, j, at int) operand.Mem {
	m := operand.Mem{Base: s, Disp: at}
	switch j {
	case 1, 2:
		m.Index, m.Scale = plane, uint8(j)
	case 3:
		m.Index, m.Scale = plane3, 1
	}
	return m
}

// sixteenOutputs emits those of 16 tiles.
func (w winograd4) sixteenOutputs(s, m, at, next, plane, plane3 reg.GPPhysical, six strides) {
	w.MOVQ(m, at)
	for q := range 6 {
		x := w.line(24, 6)
		for p := range 6 {
			w.VMOVUPS(six.nth(at, p), x[p])
		}
		w.gather(x, func(j int) reg.VecPhysical { return zmm[6*j+q] }, zmm[30], zmm[31])
		if q < 5 {
			w.ADDQ(next, at)
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
			w.VMOVUPS(joined, outputRow(s, plane, plane3, j, 64*k))
		}
	}
}

// eightOutputs emits those of 8 tiles with AVX2: first rows 0 and 2, of sums, and then 1 and 3, of differences.
func (w winograd4) eightOutputs(s, m, at, next, plane, plane3 reg.GPPhysical, six strides) {
	near, far := w.vec(12), w.vec(13)
	for odd := range 2 {
		combine := pick(odd == 1, w.sub, w.add)
		w.MOVQ(m, at)
		for q := range 6 {
			first, second := w.vec(q), w.vec(6+q)
			for i, v := range []operand.Op{near, far} {
				w.VMOVUPS(six.nth(at, 1+2*i), v)
				combine(v, six.nth(at, 2+2*i), v)
			}
			if odd == 0 {
				w.add(near, six.nth(at, 0), first)
				w.add(first, far, first)
				w.times(near, a*a, second)
				w.plus(far, b*b, second)
			} else {
				w.times(near, a, first)
				w.plus(far, b, first)
				w.VMOVUPS(six.nth(at, 5), second)
				w.plus(near, a*a*a, second)
				w.plus(far, b*b*b, second)
			}
			if q < 5 {
				w.ADDQ(next, at)
			}
		}
		for i := range 2 {
			x := w.line(6*i, 6)
			y := line{x[0], x[1], near, x[5]}
			w.gather(x, func(j int) reg.VecPhysical { return y[j] }, near, far)
			w.squares(y, line{x[2], x[3], x[4], far})
			for half := range 2 {
				for k := range 2 {
					w.VPERM2F128(operand.U8(0x20+0x11*half), y[2*k+1], y[2*k], far)
					w.VMOVUPS(far, outputRow(s, plane, plane3, odd+2*i, 64*half+32*k))
				}
			}
		}
	}
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

// times and plus are to = x·by and to += x·by for a constant that is held in a register or lies in memory.
func (w winograd4) times(x operand.Op, by float64, to operand.Op) {
	pick(w.wide, w.VMULPS_BCST, w.VMULPS)(w.factor(by), x, to)
}

func (w winograd4) plus(x operand.Op, by float64, to operand.Op) {
	pick(w.wide, w.VFMADD231PS_BCST, w.VFMADD231PS)(w.factor(by), x, to)
}

func (w winograd4) factor(v float64) operand.Op {
	if at, ok := w.held[v]; ok {
		return at
	}
	return w.stored(v)
}

// holding is w that has some constants in registers.
func (w winograd4) holding(factors []float64, in line) winograd4 {
	w.held = map[float64]reg.VecPhysical{}
	for i, at := range in {
		w.VMOVUPS(w.stored(factors[i]), at)
		w.held[factors[i]] = at
	}
	return w
}

// stored is the memory of a constant.
func (w winograd4) stored(v float64) operand.Mem {
	c := constant{float32(v), w.wide}
	m, ok := w.constants[c]
	if !ok {
		m = w.store(fmt.Sprintf("number%d", len(w.constants)), c.value)
		w.constants[c] = m
	}
	return m
}

func (w winograd4) store(name string, v float32) operand.Mem {
	if w.wide {
		return w.ConstData(name, operand.F32(v))
	}
	w.StaticGlobal(name)
	w.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range w.lanes() {
		w.AddDatum(4*i, operand.F32(v))
	}
	return operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
}
