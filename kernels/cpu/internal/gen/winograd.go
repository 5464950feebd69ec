package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winogradLoops emits package winograd: the transforms between pixels and products, and the rows of pixels of even and odd columns.
func winogradLoops(c *build.Context) {
	for _, f64 := range []bool{false, true} {
		w := winograd{isa{c, f64, false}}
		w.split()
		w.join()
	}
	every(c, func(s isa) {
		w := winograd{s}
		w.data()
		w.outputs()
		w.spread()
	})
}

type winograd struct{ isa }

var xmm = []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3}

// declare begins a function of pointers and sizes, which it loads; sizes named as strides become bytes.
func (w winograd) declare(name, doc string, params []string, to ...reg.GPPhysical) {
	w.Function(name)
	w.Attributes(attr.NOSPLIT)
	w.Pragma("noescape")
	w.Doc(name + " " + doc)
	pointers := 0
	for len(params[pointers]) == 1 {
		pointers++
	}
	w.SignatureExpr(fmt.Sprintf("func(%s *%s, %s int)", strings.Join(params[:pointers], ", "), w.goType(), strings.Join(params[pointers:], ", ")))
	for i, p := range params {
		w.Load(w.Param(p), to[i])
		if strings.HasSuffix(p, "Stride") || p == "plane" || p == "row" || p == "step" {
			w.SHLQ(w.shift(), to[i])
		}
	}
}

// Registers of split and join: a row of pixels, its even and its odd ones.
var (
	pixels, evens, odds     = reg.RSI, reg.RDI, reg.RDX
	pixelRows, pixelCount   = reg.RCX, reg.R8
	pixelStride, halfStride = reg.R9, reg.R10
	pixelsLeft, pixelAt     = reg.R11, reg.RAX // of a row; place in a row of half the pixels, in bytes
)

func (w winograd) half(base reg.GPPhysical) operand.Mem {
	return operand.Mem{Base: base, Index: pixelAt, Scale: 1}
}

func (w winograd) pixel(i int) operand.Mem {
	return operand.Mem{Base: pixels, Index: pixelAt, Scale: 2, Disp: i * w.size()}
}

// rows emits the loops over rows: two vectors of pixels at a time, of 32 bytes and then of 16, then pairs, then the last of an odd number.
func (w winograd) rows(block func(bytes int), pair, last func()) {
	w.Label("row")
	w.MOVQ(pixelCount, pixelsLeft)
	w.XORL(reg.EAX, reg.EAX)
	for _, part := range []struct {
		name string
		n    int
		do   func()
	}{
		{"wide", 64 / w.size(), func() { block(32) }}, {"block", 32 / w.size(), func() { block(16) }},
		{"pair", 2, pair}, {"last", 1, last},
	} {
		w.Label(part.name)
		w.CMPQ(pixelsLeft, operand.U8(part.n))
		w.JLT(operand.LabelRef("after_" + part.name))
		part.do()
		w.ADDQ(operand.U8(max(1, part.n/2)*w.size()), pixelAt)
		w.SUBQ(operand.U8(part.n), pixelsLeft)
		w.JMP(operand.LabelRef(part.name))
		w.Label("after_" + part.name)
	}
	w.ADDQ(pixelStride, pixels)
	w.ADDQ(halfStride, evens)
	w.ADDQ(halfStride, odds)
	w.DECQ(pixelRows)
	w.JNE(operand.LabelRef("row"))
	w.VZEROUPPER()
	w.RET()
}

func (w winograd) moveOne(from, to operand.Op) { pick(w.f64, w.VMOVSD, w.VMOVSS)(from, to) }

func (w winograd) copyOne(from, to operand.Mem) {
	w.moveOne(from, reg.X0)
	w.moveOne(reg.X0, to)
}

// prefetched is how many bytes ahead pixels are asked for: enough that they arrive in time, few enough that they are still in the
// first-level cache then.
const prefetched = 4096

// ahead asks for a line of pixels that is worked on soon. Every other row is left for a second call, and the processor's own prefetching
// does not see through that.
func (w winograd) ahead(bytes int) {
	if bytes == 32 { // a vector of each half, and so a line
		w.PREFETCHT0(w.pixel(prefetched / w.size()))
	}
}

func (w winograd) split() {
	w.declare("split"+pick(w.f64, "F64", "F32"), "is a[r·halfStride+i], b[r·halfStride+i] = p[r·stride+2i], p[r·stride+2i+1] for r < rows and n pixels p of a row.",
		[]string{"a", "b", "p", "rows", "n", "halfStride", "pixelStride"}, evens, odds, pixels, pixelRows, pixelCount, halfStride, pixelStride)
	w.rows(func(bytes int) {
		v := pick(bytes == 32, ymm, xmm)
		w.ahead(bytes)
		w.VMOVUPS(w.pixel(0), v[0])
		w.VMOVUPS(w.pixel(bytes/w.size()), v[1])
		if w.f64 {
			w.VUNPCKLPD(v[1], v[0], v[2])
			w.VUNPCKHPD(v[1], v[0], v[3])
		} else {
			w.VSHUFPS(operand.U8(0x88), v[1], v[0], v[2])
			w.VSHUFPS(operand.U8(0xdd), v[1], v[0], v[3])
		}
		for i, to := range []reg.GPPhysical{evens, odds} {
			if bytes == 32 { // the halves of the two vectors alternate by 8 bytes
				w.VPERMPD(operand.U8(0xd8), v[2+i], v[2+i])
			}
			w.VMOVUPS(v[2+i], w.half(to))
		}
	}, func() {
		w.copyOne(w.pixel(0), w.half(evens))
		w.copyOne(w.pixel(1), w.half(odds))
	}, func() { w.copyOne(w.pixel(0), w.half(evens)) })
}

func (w winograd) join() {
	w.declare("join"+pick(w.f64, "F64", "F32"), "is the other way: p[r·stride+2i], p[r·stride+2i+1] = a[r·halfStride+i], b[r·halfStride+i].",
		[]string{"p", "a", "b", "rows", "n", "pixelStride", "halfStride"}, pixels, evens, odds, pixelRows, pixelCount, pixelStride, halfStride)
	low, high := pick(w.f64, w.VUNPCKLPD, w.VUNPCKLPS), pick(w.f64, w.VUNPCKHPD, w.VUNPCKHPS)
	w.rows(func(bytes int) {
		v := pick(bytes == 32, ymm, xmm)
		w.VMOVUPS(w.half(evens), v[0])
		w.VMOVUPS(w.half(odds), v[1])
		low(v[1], v[0], v[2])
		high(v[1], v[0], v[3])
		if bytes == 32 { // low and high hold the pixels of the lower half and then of the upper one
			w.VPERM2F128(operand.U8(0x20), v[3], v[2], v[0])
			w.VPERM2F128(operand.U8(0x31), v[3], v[2], v[3])
			v = []reg.VecPhysical{v[0], v[1], v[0], v[3]}
		}
		w.VMOVUPS(v[2], w.pixel(0))
		w.VMOVUPS(v[3], w.pixel(bytes/w.size()))
	}, func() {
		w.copyOne(w.half(evens), w.pixel(0))
		w.copyOne(w.half(odds), w.pixel(1))
	}, func() { w.copyOne(w.half(evens), w.pixel(0)) })
}

func (w winograd) add(x, y, to operand.Op) { pick(w.f64, w.VADDPD, w.VADDPS)(y, x, to) }

// sub is to = x − y.
func (w winograd) sub(x, y, to operand.Op) { pick(w.f64, w.VSUBPD, w.VSUBPS)(y, x, to) }

// Registers of the transforms: four quarters of the pixels, and products in rows of four that are step apart.
var (
	product, productAt = reg.RDI, reg.RAX
	step, step3        = reg.RCX, reg.RDX
	transformed        = reg.R12 // vectors left
	quarter            = [4]reg.GPPhysical{reg.R8, reg.R9, reg.R10, reg.R11}
	quarterRow         = reg.RBX // bytes
)

func (w winograd) quarters(plane reg.GPPhysical) {
	for i := 1; i < 4; i++ {
		w.LEAQ(operand.Mem{Base: quarter[i-1], Index: plane, Scale: 1}, quarter[i])
	}
	w.LEAQ(operand.Mem{Base: step, Index: step, Scale: 2}, step3)
}

// productIn is place k in the row of products that productAt is at.
func (w winograd) productIn(k int) operand.Mem {
	switch k {
	case 0:
		return operand.Mem{Base: productAt}
	case 3:
		return operand.Mem{Base: productAt, Index: step3, Scale: 1}
	}
	return operand.Mem{Base: productAt, Index: step, Scale: uint8(k)}
}

// vectors emits the loop; each is given the products row by row by next.
func (w winograd) vectors(each func(next func())) {
	w.Label("loop")
	w.MOVQ(product, productAt)
	each(func() { w.LEAQ(operand.Mem{Base: productAt, Index: step, Scale: 4}, productAt) })
	w.ADDQ(operand.U8(w.bytes()), product)
	for _, q := range quarter {
		w.ADDQ(operand.U8(w.bytes()), q)
	}
	w.DECQ(transformed)
	w.JNE(operand.LabelRef("loop"))
	w.VZEROUPPER()
	w.RET()
}

// combined is which two of four rows are added (−1 subtracts the second) for each row of Bᵀx.
var combined = [4]struct{ x, y, sign int }{{0, 2, -1}, {1, 2, 1}, {2, 1, -1}, {1, 3, -1}}

func (w winograd) combine(sign int, x, y, to operand.Op) {
	if sign < 0 {
		w.sub(x, y, to)
	} else {
		w.add(x, y, to)
	}
}

// data emits BᵀxB. Pixel (r, k) of a patch is in quarter 2·(r mod 2) + k mod 2.
func (w winograd) data() {
	w.declare("data"+w.suffix(), "is v[(4r+k)·step+i] = (Bᵀ x Bᵀᵀ)[r,k] for patches x[r,k] = e[(2(r mod 2)+k mod 2)·plane+(r/2)·row+k/2+i].",
		[]string{"v", "e", "vectors", "plane", "row", "step"}, product, quarter[0], transformed, reg.RSI, quarterRow, step)
	w.quarters(reg.RSI)
	pixel := func(r, k int) operand.Mem {
		m := operand.Mem{Base: quarter[2*(r%2)+k%2], Disp: k / 2 * w.size()}
		if r >= 2 {
			m.Index, m.Scale = quarterRow, 1
		}
		return m
	}
	w.vectors(func(next func()) {
		for r, c := range combined {
			for k := range 4 {
				w.move(pixel(c.x, k), w.vec(k))
				w.combine(c.sign, w.vec(k), pixel(c.y, k), w.vec(k))
			}
			for k, c := range combined {
				w.combine(c.sign, w.vec(c.x), w.vec(c.y), w.vec(4+k))
				w.move(w.vec(4+k), w.productIn(k))
			}
			if r < 3 {
				next()
			}
		}
	})
}

// outputs emits AᵀmA.
func (w winograd) outputs() {
	w.declare("outputs"+w.suffix(), "is y[(2j+l)·plane+i] = (Aᵀ m A)[j,l] for m[r,k] = m[(4r+k)·step+i].",
		[]string{"y", "m", "vectors", "plane", "step"}, quarter[0], product, transformed, reg.RSI, step)
	w.quarters(reg.RSI)
	up, down := w.vec, func(k int) reg.VecPhysical { return w.vec(4 + k) }
	w.vectors(func(next func()) {
		for k := range 4 {
			w.move(w.productIn(k), up(k))
		}
		next()
		for k := range 4 {
			w.move(w.productIn(k), down(k))
			w.add(up(k), down(k), up(k))
		}
		next()
		for k := range 4 {
			w.move(w.productIn(k), w.vec(8+k))
			w.add(up(k), w.vec(8+k), up(k))
			w.sub(down(k), w.vec(8+k), down(k))
		}
		next()
		for k := range 4 {
			w.sub(down(k), w.productIn(k), down(k))
		}
		for j, s := range []func(int) reg.VecPhysical{up, down} {
			w.add(s(0), s(1), s(0))
			w.add(s(0), s(2), s(0))
			w.move(s(0), operand.Mem{Base: quarter[2*j]})
			w.sub(s(1), s(2), s(1))
			w.sub(s(1), s(3), s(1))
			w.move(s(1), operand.Mem{Base: quarter[2*j+1]})
		}
	})
}

// spread emits AyAᵀ.
func (w winograd) spread() {
	w.declare("spread"+w.suffix(), "is v[(4r+k)·step+i] = (A y Aᵀ)[r,k] for y[j,l] = y[(2j+l)·plane+i].",
		[]string{"v", "y", "vectors", "plane", "step"}, product, quarter[0], transformed, reg.RSI, step)
	w.quarters(reg.RSI)
	w.vectors(func(next func()) {
		for q := range quarter {
			w.move(operand.Mem{Base: quarter[q]}, w.vec(q))
		}
		w.zero(w.vec(15))
		for r := range 4 {
			left, right := w.vec(0), w.vec(1)
			switch r {
			case 1, 2:
				for l := range 2 {
					w.combine(3-2*r, w.vec(l), w.vec(2+l), w.vec(4+l))
				}
				left, right = w.vec(4), w.vec(5)
			case 3:
				for l := range 2 {
					w.sub(w.vec(15), w.vec(2+l), w.vec(4+l))
				}
				left, right = w.vec(4), w.vec(5)
			}
			w.move(left, w.productIn(0))
			w.add(left, right, w.vec(6))
			w.move(w.vec(6), w.productIn(1))
			w.sub(left, right, w.vec(7))
			w.move(w.vec(7), w.productIn(2))
			w.sub(w.vec(15), right, w.vec(8))
			w.move(w.vec(8), w.productIn(3))
			if r < 3 {
				next()
			}
		}
	})
}
