package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// productTiles is how many tiles' sums stay in registers at once: with two vectors of outputs, as many chains as the latency of an FMA needs.
const productTiles = 4

// products emits the sums over some inputs of the products of transformed kernels and pixels, for some vectors of outputs.
func (w winograd4) products(vectors int) {
	lanes := 16 * vectors
	w.declare(fmt.Sprintf("products%d", lanes), fmt.Sprintf("is m[(p·tiles+t)·%d+o] += Σ_c u[(p·depth+c)·%d+o]·v[p·step+t·tileStride+c] for the 36 places p, t < tiles,\n"+
		"c < depth and o < %d. Meanwhile it asks for %d lines of 64 bytes from next on.", lanes, lanes, lanes, 36*vectors), "m, u, v, next *float32", "tiles, depth, step, tileStride")
	m, u, v, next, step, places := reg.RDI, reg.RSI, reg.RDX, reg.R14, reg.RAX, reg.RBX
	tile, tile3, vTile, left := reg.RCX, reg.R13, reg.R9, reg.R10
	w.take("m", m)
	w.take("u", u)
	w.take("v", v)
	w.take("next", next)
	w.take("step", step)
	w.take("tileStride", tile)
	w.LEAQ(operand.Mem{Base: tile, Index: tile, Scale: 2}, tile3)
	w.MOVL(operand.U32(36), places.As32())
	w.Label("place")
	for i := range vectors {
		w.PREFETCHT0(operand.Mem{Base: next, Disp: 64 * i})
	}
	w.ADDQ(operand.U32(64*vectors), next)
	w.MOVQ(v, vTile)
	w.take("tiles", left)
	w.Label("tiles")
	for h := productTiles - 1; h > 0; h-- {
		w.CMPQ(left, operand.U8(h))
		w.JEQ(operand.LabelRef(fmt.Sprintf("tiles%d", h)))
	}
	for h := productTiles; h > 0; h-- {
		w.Label(fmt.Sprintf("tiles%d", h))
		w.productsOf(h, vectors, m, u, vTile, tile, tile3)
		if h == productTiles {
			w.LEAQ(operand.Mem{Base: vTile, Index: tile, Scale: 4}, vTile)
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
func (w winograd4) productsOf(h, vectors int, m, u, v, tile, tile3 reg.GPPhysical) {
	sum := func(t, i int) reg.VecPhysical { return zmm[t*vectors+i] }
	at := func(t, i int) operand.Mem { return operand.Mem{Base: m, Disp: 64 * (t*vectors + i)} }
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
		w.VMOVUPS(operand.Mem{Base: kernels, Disp: 64 * i}, zmm[28+i])
	}
	for t := range h {
		pixel := operand.Mem{Base: pixels}
		switch t {
		case 1, 2:
			pixel.Index, pixel.Scale = tile, uint8(t)
		case 3:
			pixel.Index, pixel.Scale = tile3, 1
		}
		x := zmm[24+t]
		w.VBROADCASTSS(pixel, x)
		for i := range vectors {
			w.VFMADD231PS(zmm[28+i], x, sum(t, i))
		}
	}
	w.ADDQ(operand.U8(64*vectors), kernels)
	w.ADDQ(operand.U8(4), pixels)
	w.DECQ(left)
	w.JNE(operand.LabelRef(loop))
	for t := range h {
		for i := range vectors {
			w.VMOVUPS(sum(t, i), at(t, i))
		}
	}
	w.ADDQ(operand.U32(64*vectors*h), m)
}

// gradientRows is for how many outputs gradients of kernels are computed at once.
const gradientRows = 2

// weights emits the gradients of kernels of two outputs and some vectors of inputs. Sums over tiles do not leave the registers: column by column
// they become a column of three elements, which is kept in memory until the rows follow.
func (w winograd4) weights(vectors int) {
	lanes := 16 * vectors
	w.declare(fmt.Sprintf("weights%d", lanes), fmt.Sprintf("is k[o·kStride+9c+3j+l] = (Gᵀ p G)[j,l] for p[r,q] = Σ_t y[(6r+q)·step+t·yStride+o]·v[(6r+q)·step+t·vStride+c],\n"+
		"t < tiles, for o < 2 and c < %d; s is working memory of %d vectors.", lanes, gradientRows*vectors*18), "k, y, v, s *float32", "tiles, step, kStride, yStride, vStride")
	k, g, v, s := reg.RDI, reg.RSI, reg.RDX, reg.R14
	gTile, vTile, left, step, q := reg.R8, reg.R9, reg.R10, reg.R11, reg.RCX
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
	groups := gradientRows * vectors
	sum := func(group, r int) reg.VecPhysical { return zmm[6*group+r] }
	w.Label("column")
	for i := range 6 * groups {
		w.zero(zmm[i])
	}
	w.MOVQ(g, gTile)
	w.MOVQ(v, vTile)
	w.take("tiles", left)
	w.Label("tile")
	for r := range 6 {
		for i := range vectors {
			from := six.nth(vTile, r)
			from.Disp = 64 * i
			w.VMOVUPS(from, zmm[28+i])
		}
		for o := range gradientRows {
			from := six.nth(gTile, r)
			from.Disp = 4 * o
			w.VBROADCASTSS(from, zmm[30+o])
			for i := range vectors {
				w.VFMADD231PS(zmm[28+i], zmm[30+o], sum(o*vectors+i, r))
			}
		}
	}
	w.ADDQ(gStride, gTile)
	w.ADDQ(vStride, vTile)
	w.DECQ(left)
	w.JNE(operand.LabelRef("tile"))
	for group := range groups {
		x := make(line, 6)
		for r := range x {
			x[r] = sum(group, r)
		}
		w.gradient(x, zmm[24:30], func(j int) reg.VecPhysical { return zmm[6*group+j] })
		for j := range 3 {
			w.VMOVUPS(zmm[6*group+j], operand.Mem{Base: s, Index: q, Scale: 1, Disp: 64 * (18*group + 6*j)})
		}
	}
	w.ADDQ(step, g)
	w.ADDQ(step, v)
	w.ADDQ(operand.U8(64), q)
	w.CMPQ(q, operand.U32(6*64))
	w.JNE(operand.LabelRef("column"))
	w.take("kStride", q)
	for o := range gradientRows {
		for i := range vectors {
			taps := w.line(18, 9)
			for j := range 3 {
				x := w.line(0, 6)
				for c := range x {
					w.VMOVUPS(operand.Mem{Base: s, Disp: 64 * (18*(o*vectors+i) + 6*j + c)}, x[c])
				}
				w.gradient(x, zmm[6:12], func(l int) reg.VecPhysical { return taps[3*j+l] })
			}
			w.storeAll(taps, w.line(0, 12), func(j int, x operand.Op) { w.VMOVUPS(x, operand.Mem{Base: k, Disp: 64 * (9*i + j)}) })
		}
		if o < gradientRows-1 {
			w.ADDQ(q, k)
		}
	}
	w.VZEROUPPER()
	w.RET()
}
