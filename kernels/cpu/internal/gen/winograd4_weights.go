package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gradientRows is for how many outputs gradients of kernels are computed at once.
func (w winograd4) gradientRows() int { return pick(w.wide, 2, 8) }

// weights emits the gradients of kernels of some outputs and inputs.
func (w winograd4) weights(inputs int) {
	vectors := inputs / w.lanes()
	rows := w.gradientRows()
	w.declare(fmt.Sprintf("weights%d", inputs),
		"is k[o·kStride+9c+3j+l] = (Gᵀ p G)[j,l] for p[r,q] = Σ_t y[(6r+q)·step+t·yStride+o]·v[(6r+q)·step+t·vStride+c],\n"+
			fmt.Sprintf("t < tiles, for o < %d and c < %d; s is working memory of %d vectors.", rows, inputs, rows*vectors*pick(w.wide, 18, 24))+
			pick(w.wide, "", " Meanwhile it asks for 36 lines\nof 64 bytes from next on for each four tiles."),
		pick(w.wide, "k, y, v, s *float32", "k, y, v, s, next *float32"), "tiles, step, kStride, yStride, vStride")
	if w.wide {
		w.weightsBySixteen(vectors)
	} else {
		w.weightsByEight(vectors)
	}
	w.VZEROUPPER()
	w.RET()
}

// weightsBySixteen keeps sums over tiles in registers: column by column they become a column of three elements, which is kept in memory until the
// rows follow.
func (w winograd4) weightsBySixteen(vectors int) {
	k, g, v, s := reg.RDI, reg.RSI, reg.RDX, reg.R14
	step, q := reg.R11, reg.RCX
	six, gStride, vStride := strides{reg.R12, reg.R13, reg.R15}, reg.RAX, reg.RBX
	w.take("k", k)
	w.take("y", g)
	w.take("v", v)
	w.take("s", s)
	w.take("step", step)
	w.take("yStride", gStride)
	w.take("vStride", vStride)
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, six.one)
	w.SHLQ(operand.U8(1), six.one)
	w.strides(six)
	w.XORL(reg.ECX, reg.ECX)
	w.Label("column")
	w.gradientSums(vectors, g, v, gStride, vStride, six)
	for group := range w.gradientRows() * vectors {
		x := w.line(6*group, 6)
		w.gradient(x, zmm[24:30], func(j int) reg.VecPhysical { return x[j] })
		for j := range 3 {
			w.VMOVUPS(x[j], operand.Mem{Base: s, Index: q, Scale: 1, Disp: w.bytes() * (18*group + 6*j)})
		}
	}
	w.ADDQ(step, g)
	w.ADDQ(step, v)
	w.ADDQ(operand.U8(w.bytes()), q)
	w.CMPQ(q, operand.U32(6*w.bytes()))
	w.JNE(operand.LabelRef("column"))
	w.take("kStride", q)
	for o := range w.gradientRows() {
		for i := range vectors {
			column := func(j, c int) operand.Mem {
				return operand.Mem{Base: s, Disp: w.bytes() * (18*(o*vectors+i) + 6*j + c)}
			}
			w.sixteenGradients(column, func(j int) operand.Mem { return operand.Mem{Base: k, Disp: 64 * (9*i + j)} })
		}
		if o < w.gradientRows()-1 {
			w.ADDQ(q, k)
		}
	}
}

// gradientSums emits the sums over tiles of a column, for some outputs and vectors of inputs.
func (w winograd4) gradientSums(vectors int, g, v, gStride, vStride reg.GPPhysical, six strides) {
	gTile, vTile, left := reg.R8, reg.R9, reg.R10
	for i := range 6 * w.gradientRows() * vectors {
		w.zero(w.vec(i))
	}
	w.MOVQ(g, gTile)
	w.MOVQ(v, vTile)
	w.take("tiles", left)
	w.Label("tile")
	pixels, outputs := w.line(28, 2), w.line(30, 2)
	for r := range 6 {
		for i := range vectors {
			from := six.nth(vTile, r)
			from.Disp = w.bytes() * i
			w.VMOVUPS(from, pixels[i])
		}
		for o := range w.gradientRows() {
			from := six.nth(gTile, r)
			from.Disp = 4 * o
			w.VBROADCASTSS(from, outputs[o])
			for i := range vectors {
				w.VFMADD231PS(pixels[i], outputs[o], w.vec(6*(o*vectors+i)+r))
			}
		}
	}
	w.ADDQ(gStride, gTile)
	w.ADDQ(vStride, vTile)
	w.DECQ(left)
	w.JNE(operand.LabelRef("tile"))
}

// sixteenGradients turns columns of gradients in memory into the gradients of 16 kernels.
func (w winograd4) sixteenGradients(column func(j, c int) operand.Mem, to func(vector int) operand.Mem) {
	taps := w.line(18, 9)
	for j := range 3 {
		x := w.line(0, 6)
		for c := range x {
			w.VMOVUPS(column(j, c), x[c])
		}
		w.gradient(x, zmm[6:12], func(l int) reg.VecPhysical { return taps[3*j+l] })
	}
	w.storeAll(taps, w.line(0, 12), func(j int, x operand.Op) { w.VMOVUPS(x, to(j)) })
}
