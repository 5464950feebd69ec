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
