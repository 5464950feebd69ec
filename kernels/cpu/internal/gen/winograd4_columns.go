package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// orders adds the indices by which four vectors of pixels become those of each place of four, and back.
func (w winograd4) orders() {
	table := func(name string, f func(i int) int) {
		w.StaticGlobal(name)
		w.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			w.AddDatum(4*i, operand.U32(f(i)))
		}
	}
	table("lane0", func(i int) int { return i })
	for k := range 2 {
		table(fmt.Sprintf("split%d", k), func(i int) int { return 4*(i%8) + 2*k + i/8 })           // places 2k and 2k+1 of two vectors
		table(fmt.Sprintf("pairs%d", k), func(i int) int { return 8*k + i/2 + 16*(i%2) })          // two places of tiles 8k …
		table(fmt.Sprintf("joined%d", k), func(i int) int { return 8*k + i/4*2 + i%2 + i%4/2*16 }) // four places of tiles 4k … of these
	}
	for j, steps := range storeSteps {
		for i := range len(steps) - 1 {
			table(fmt.Sprintf("stored%d_%d", j, i), func(lane int) int { return storeOrder(j, i, lane) })
		}
	}
}

func order(name string, k int) operand.Mem {
	return operand.NewDataAddr(operand.NewStaticSymbol(fmt.Sprintf("%s%d", name, k)), 0)
}

// columns emits the transform of columns of rows that have been. With neighbours, tiles see the last pixel of the tile before and the first
// of the next one, or zero where edges says so.
func (w winograd4) columns(name string, neighbours bool, of func() transform) {
	pointers, what := "v, s *float32", "(s Aᵀ)[p,q] for s[p][4t…] of tile t"
	if neighbours {
		pointers, what = "v, s *float32, edges *uint16", "(s B)[p,q] for s[p][4t−1…] of tile t;\nedges has two masks of 16 bits for 16 tiles, of those that have a neighbour before, and after"
	}
	w.declare(name, "is v[(6p+q)·step+t] = "+what+".", pointers, "plane, vectors, step")
	v, s, edges, left := reg.RDI, reg.RSI, reg.R11, reg.R10
	places, place, pixels, plane := strides{reg.RCX, reg.RDX, reg.RBX}, reg.R8, reg.R9, reg.R12
	t := of()
	w.factors(t)
	w.take("v", v)
	w.take("s", s)
	if neighbours {
		w.take("edges", edges)
	}
	w.take("plane", plane)
	w.take("vectors", left)
	w.take("step", places.one)
	w.strides(places)
	w.LEAQ(operand.Mem{Base: places.one, Index: places.five, Scale: 1}, reg.R13)
	if w.wide {
		for k := range 2 {
			w.VMOVUPS(order("split", k), zmm[24+k])
		}
	}
	w.Label("loop")
	for half := range pick(w.wide, 1, 2) {
		if neighbours {
			w.loadEdges(edges, half)
		}
		w.MOVQ(v, place)
		w.MOVQ(s, pixels)
		for p := range 6 {
			x := w.line(0, 6)
			if neighbours {
				w.split(pixels, x[1:5])
				w.neighbours(pixels, x)
			} else {
				w.split(pixels, x[:4])
			}
			t.emit(x, w.line(6, 6), w.line(12, 2))
			for q := range 6 {
				w.VMOVUPS(w.vec(6+q), places.nth(place, q))
			}
			if p < 5 {
				w.ADDQ(plane, pixels)
				w.ADDQ(reg.R13, place)
			}
		}
		w.ADDQ(operand.U8(w.bytes()), v)
		w.ADDQ(operand.U32(4*w.bytes()), s)
	}
	w.DECQ(left)
	w.JNE(operand.LabelRef("loop"))
	w.VZEROUPPER()
	w.RET()
}

// addEdgeBits adds the bits of eight tiles by which AVX2 looks up masks of them.
func (w winograd4) addEdgeBits() {
	w.StaticGlobal("edgeBits")
	w.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		w.AddDatum(4*i, operand.U32(1<<i))
	}
}

// loadEdges puts the masks of tiles with neighbours before and after into K1 and K2, or for half of them into the last two registers of AVX2.
func (w winograd4) loadEdges(edges reg.GPPhysical, half int) {
	if w.wide {
		w.KMOVW(operand.Mem{Base: edges}, reg.K1)
		w.KMOVW(operand.Mem{Base: edges, Disp: 2}, reg.K2)
		w.ADDQ(operand.U8(4), edges)
		return
	}
	bits := operand.NewDataAddr(operand.NewStaticSymbol("edgeBits"), 0)
	for i := range 2 {
		v := w.vec(14 + i)
		w.VPBROADCASTB(operand.Mem{Base: edges, Disp: 2*i + half}, v)
		w.VPAND(bits, v, v)
		w.VPCMPEQD(bits, v, v)
	}
	if half == 1 {
		w.ADDQ(operand.U8(4), edges)
	}
}

// neighbours puts the last pixels of the tiles before into x[0], and the first ones of those that follow into x[5].
func (w winograd4) neighbours(pixels reg.GPPhysical, x line) {
	if w.wide {
		w.VMOVUPS(operand.Mem{Base: pixels, Disp: 256}, zmm[15])
		w.VALIGND_Z(operand.U8(15), operand.Mem{Base: pixels, Disp: -64}, x[4], reg.K1, x[0])
		w.VALIGND_Z(operand.U8(1), x[1], zmm[15], reg.K2, x[5])
		return
	}
	middle := w.vec(6) // with the half of each vector that the other half takes its neighbour from
	w.VMOVUPS(operand.Mem{Base: pixels, Disp: -16}, middle.AsX())
	w.VINSERTF128(operand.U8(1), x[4].AsX(), middle, middle)
	w.VPALIGNR(operand.U8(12), middle, x[4], x[0])
	w.VANDPS(w.vec(14), x[0], x[0])
	w.VPERM2F128(operand.U8(0x21), operand.Mem{Base: pixels, Disp: 128}, x[1], middle)
	w.VPALIGNR(operand.U8(4), x[1], middle, x[5])
	w.VANDPS(w.vec(15), x[5], x[5])
}

// split puts the pixels of 16 tiles, or of 8 with AVX2, into vectors by their place of four.
func (w winograd4) split(pixels reg.GPPhysical, to line) {
	if !w.wide {
		for i, v := range to {
			w.VMOVUPS(operand.Mem{Base: pixels, Disp: 16 * i}, v.AsX())
			w.VINSERTF128(operand.U8(1), operand.Mem{Base: pixels, Disp: 16*i + 64}, v, v)
		}
		w.squares(to, w.line(6, 4))
		return
	}
	spare := w.line(14, 6)
	w.VMOVUPS(operand.Mem{Base: pixels}, spare[0])
	w.VMOVUPS(operand.Mem{Base: pixels, Disp: 128}, spare[1])
	for half := range 2 {
		for k := range 2 {
			w.copy(zmm[24+k], spare[2+2*half+k])
			w.VPERMI2PS(operand.Mem{Base: pixels, Disp: 128*half + 64}, spare[half], spare[2+2*half+k])
		}
	}
	for k := range 2 {
		w.VSHUFF64X2(operand.U8(0x44), spare[4+k], spare[2+k], to[2*k])
		w.VSHUFF64X2(operand.U8(0xee), spare[4+k], spare[2+k], to[2*k+1])
	}
}
