package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// productTiles is how many tiles' sums stay in registers at once: with two vectors of outputs, as many chains as the latency of an FMA needs.
func (w winograd4) productTiles() int { return pick(w.wide, 4, 6) }

// products emits the sums over some inputs of the products of transformed kernels and pixels, for some outputs.
func (w winograd4) products(outputs int) {
	vectors := outputs / w.lanes()
	w.declare(fmt.Sprintf("products%d", outputs),
		fmt.Sprintf("is m[(p·tiles+t)·%d+o] += Σ_c u[(p·depth+c)·%d+o]·v[p·step+t·tileStride+c] for the 36 places p, t < tiles,\n"+
			"c < depth and o < %d. Meanwhile it asks for %d lines of 64 bytes from next on.", outputs, outputs, outputs, 36*outputs/16),
		"m, u, v, next *float32", "tiles, depth, step, tileStride")
	m, u, v, next, step, places := reg.RDI, reg.RSI, reg.RDX, reg.R14, reg.RAX, reg.RBX
	vTile, left := reg.R9, reg.R10
	tile := strides{reg.RCX, reg.R13, reg.R15}
	w.take("m", m)
	w.take("u", u)
	w.take("v", v)
	w.take("next", next)
	w.take("step", step)
	w.take("tileStride", tile.one)
	w.LEAQ(operand.Mem{Base: tile.one, Index: tile.one, Scale: 2}, tile.three)
	if !w.wide {
		w.LEAQ(operand.Mem{Base: tile.one, Index: tile.one, Scale: 4}, tile.five)
	}
	w.MOVL(operand.U32(36), places.As32())
	w.Label("place")
	for i := range outputs / 16 {
		w.PREFETCHT0(operand.Mem{Base: next, Disp: 64 * i})
	}
	w.ADDQ(operand.U32(4*outputs), next)
	w.MOVQ(v, vTile)
	w.take("tiles", left)
	w.Label("tiles")
	for h := w.productTiles() - 1; h > 0; h-- {
		w.CMPQ(left, operand.U8(h))
		w.JEQ(operand.LabelRef(fmt.Sprintf("tiles%d", h)))
	}
	for h := w.productTiles(); h > 0; h-- {
		w.Label(fmt.Sprintf("tiles%d", h))
		w.productsOf(h, vectors, m, u, vTile, tile)
		if h == w.productTiles() {
			if w.wide {
				w.LEAQ(operand.Mem{Base: vTile, Index: tile.one, Scale: 4}, vTile)
			} else {
				w.LEAQ(operand.Mem{Base: vTile, Index: tile.three, Scale: 2}, vTile)
			}
			w.SUBQ(operand.U8(h), left)
			w.JNE(operand.LabelRef("tiles"))
		}
		if h > 1 {
			w.JMP(operand.LabelRef("next"))
		}
	}
	w.Label("next")
	w.MOVQ(reg.R11, u)
	w.ADDQ(step, v)
	w.DECQ(places)
	w.JNE(operand.LabelRef("place"))
	w.VZEROUPPER()
	w.RET()
}

// productsOf emits those of a place and h tiles. It leaves the end of the place's kernels in R11.
func (w winograd4) productsOf(h, vectors int, m, u, v reg.GPPhysical, tile strides) {
	sum := func(t, i int) reg.VecPhysical { return w.vec(t*vectors + i) }
	at := func(t, i int) operand.Mem { return operand.Mem{Base: m, Disp: w.bytes() * (t*vectors + i)} }
	kernel := func(i int) reg.VecPhysical { return w.vec(pick(w.wide, 28, 12) + i) }
	kernels, pixels, left := reg.R11, reg.R8, reg.R12
	for t := range h {
		for i := range vectors {
			w.VMOVUPS(at(t, i), sum(t, i))
		}
	}
	w.MOVQ(u, kernels)
	w.MOVQ(v, pixels)
	w.take("depth", left)
	loop := fmt.Sprintf("inputs%d", h)
	w.Label(loop)
	for i := range vectors {
		w.VMOVUPS(operand.Mem{Base: kernels, Disp: w.bytes() * i}, kernel(i))
	}
	for t := range h {
		x := w.vec(pick(w.wide, 24+t, 14+t%2))
		w.VBROADCASTSS(tile.nth(pixels, t), x)
		for i := range vectors {
			w.VFMADD231PS(kernel(i), x, sum(t, i))
		}
	}
	w.ADDQ(operand.U8(w.bytes()*vectors), kernels)
	w.ADDQ(operand.U8(4), pixels)
	w.DECQ(left)
	w.JNE(operand.LabelRef(loop))
	for t := range h {
		for i := range vectors {
			w.VMOVUPS(sum(t, i), at(t, i))
		}
	}
	w.ADDQ(operand.U32(w.bytes()*vectors*h), m)
}

// gradientRows is for how many outputs gradients of kernels are computed at once.
const gradientRows = 2

// weights emits the gradients of kernels of two outputs and some inputs. Sums over tiles do not leave the registers: column by column they become
// a column of three elements, which is kept in memory until the rows follow. With AVX2, half of the sums of a column wait in memory for the others.
func (w winograd4) weights(inputs int) {
	vectors := inputs / w.lanes()
	groups := gradientRows * vectors
	w.declare(fmt.Sprintf("weights%d", inputs),
		"is k[o·kStride+9c+3j+l] = (Gᵀ p G)[j,l] for p[r,q] = Σ_t y[(6r+q)·step+t·yStride+o]·v[(6r+q)·step+t·vStride+c],\n"+
			fmt.Sprintf("t < tiles, for o < 2 and c < %d; s is working memory of %d vectors.", inputs, groups*pick(w.wide, 18, 21)),
		"k, y, v, s *float32", "tiles, step, kStride, yStride, vStride")
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
	kept := func(group, j int) operand.Mem {
		return operand.Mem{Base: s, Index: q, Scale: 1, Disp: w.bytes() * (18*group + 6*j)}
	}
	if w.wide {
		w.gradientSums("", 0, 6, vectors, g, v, gStride, vStride, six)
		for group := range groups {
			x := w.line(6*group, 6)
			w.gradient(x, zmm[24:30], func(j int) reg.VecPhysical { return x[j] })
			for j := range 3 {
				w.VMOVUPS(x[j], kept(group, j))
			}
		}
	} else {
		w.gradientSums("Before", 0, 3, vectors, g, v, gStride, vStride, six)
		before := func(i int) operand.Mem { return operand.Mem{Base: s, Disp: w.bytes() * (18*groups + i)} }
		for i := range 3 * groups {
			w.VMOVUPS(w.vec(i), before(i))
		}
		w.gradientSums("After", 3, 3, vectors, g, v, gStride, vStride, six)
		for group := range groups {
			x := func(r int) operand.Op {
				return pick[operand.Op](r < 3, before(3*group+r%3), w.vec(3*group+r%3))
			}
			for j := range 3 {
				w.gradientRow(j, x, w.vec(13+j), w.vec(12), nil)
				w.VMOVUPS(w.vec(13+j), kept(group, j))
			}
		}
	}
	w.ADDQ(step, g)
	w.ADDQ(step, v)
	w.ADDQ(operand.U8(w.bytes()), q)
	w.CMPQ(q, operand.U32(6*w.bytes()))
	w.JNE(operand.LabelRef("column"))
	w.take("kStride", q)
	for o := range gradientRows {
		for i := range vectors {
			column := func(j, c int) operand.Mem {
				return operand.Mem{Base: s, Disp: w.bytes() * (18*(o*vectors+i) + 6*j + c)}
			}
			if w.wide {
				w.sixteenGradients(column, func(j int) operand.Mem { return operand.Mem{Base: k, Disp: 64 * (9*i + j)} })
			} else {
				w.eightGradients(column, func(at int) operand.Mem { return operand.Mem{Base: k, Disp: 4 * (72*i + at)} })
			}
		}
		if o < gradientRows-1 {
			w.ADDQ(q, k)
		}
	}
	w.VZEROUPPER()
	w.RET()
}

// gradientSums emits the sums over tiles of some rows of a column, from the first one on, for some outputs and vectors of inputs.
func (w winograd4) gradientSums(name string, first, rows, vectors int, g, v, gStride, vStride reg.GPPhysical, six strides) {
	gTile, vTile, left := reg.R8, reg.R9, reg.R10
	for i := range rows * gradientRows * vectors {
		w.zero(w.vec(i))
	}
	w.MOVQ(g, gTile)
	w.MOVQ(v, vTile)
	w.take("tiles", left)
	w.Label("tile" + name)
	pixels := w.line(pick(w.wide, 28, 12), 2)
	outputs := w.line(pick(w.wide, 30, 14), 2)
	for r := range rows {
		for i := range vectors {
			from := six.nth(vTile, first+r)
			from.Disp = w.bytes() * i
			w.VMOVUPS(from, pixels[i])
		}
		for o := range gradientRows {
			from := six.nth(gTile, first+r)
			from.Disp = 4 * o
			w.VBROADCASTSS(from, outputs[o])
			for i := range vectors {
				w.VFMADD231PS(pixels[i], outputs[o], w.vec(rows*(o*vectors+i)+r))
			}
		}
	}
	w.ADDQ(gStride, gTile)
	w.ADDQ(vStride, vTile)
	w.DECQ(left)
	w.JNE(operand.LabelRef("tile" + name))
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
