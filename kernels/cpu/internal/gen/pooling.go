package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of pooling. Rows of pixels come in pairs; lower rows are width bytes behind the upper ones.
var (
	poolX, poolY, poolPlace = reg.RSI, reg.RDI, reg.RDX
	poolWidth               = reg.R8
)

var poolParams = map[string]reg.GPPhysical{"x": poolX, "y": poolY, "place": poolPlace, "width": poolWidth}

// without is the parameters of a function that lacks one.
func without(name string) map[string]reg.GPPhysical {
	m := map[string]reg.GPPhysical{}
	for k, v := range poolParams {
		if k != name {
			m[k] = v
		}
	}
	return m
}

// orders are the permutations that sort and mix the pixels of two vectors.
const (
	evenOrder = iota
	oddOrder
	lowOrder
	highOrder
)

// addOrders adds the memory of the orders, for AVX-512.
func addOrders(s isa) {
	s.StaticGlobal("orders" + s.suffix())
	s.DataAttributes(attr.RODATA | attr.NOPTR)
	n := s.lanes()
	for o, place := range []func(i int) int{
		func(i int) int { return 2 * i },
		func(i int) int { return 2*i + 1 },
		func(i int) int { return i/2 + i%2*n },
		func(i int) int { return (n+i)/2 + i%2*n },
	} {
		for i := range n {
			at := o*s.bytes() + i*s.size()
			if s.f64 {
				s.AddDatum(at, operand.U64(place(i)))
			} else {
				s.AddDatum(at, operand.U32(uint32(place(i))))
			}
		}
	}
}

// permuted is the elements of x and y, one behind the other, in an order.
func (p *plane) permuted(x, y operand.Op, order int) operand.Op {
	index, v := p.new(), p.copy(x)
	p.move(operand.NewDataAddr(operand.NewStaticSymbol("orders"+p.suffix()), order*p.bytes()), index)
	p.of(p.VPERMT2PD, p.VPERMT2PS)(y, index, v)
	return v
}

// sorted is the order of windows in the vectors of columns, and back: AVX2 has them crossed over.
func (p *plane) sorted(v operand.Op) operand.Op {
	if p.wide {
		return v
	}
	w := p.new()
	p.VPERMPD(operand.U8(0xd8), v, w)
	return w
}

// columns loads two vectors of pixels of the upper or lower row: the left and right ones of each window.
func (p *plane) columns(base reg.GPPhysical, lower bool) (left, right operand.Op) {
	m := p.pixels(base, lower)
	first, second := p.load(m, p.low), p.load(m.Offset(p.bytes()), p.high)
	if p.wide {
		return p.permuted(first, second, evenOrder), p.permuted(first, second, oddOrder)
	}
	l, r := p.new(), p.new()
	if p.f64 {
		p.VUNPCKLPD(second, first, l)
		p.VUNPCKHPD(second, first, r)
	} else {
		p.VSHUFPS(operand.U8(0x88), second, first, l)
		p.VSHUFPS(operand.U8(0xdd), second, first, r)
	}
	return l, r
}

// pixels is the current place in a row of pixels; the lower row's pointer is in R9.
func (p *plane) pixels(base reg.GPPhysical, lower bool) operand.Mem {
	if lower {
		p.LEAQ(operand.Mem{Base: base, Index: poolWidth, Scale: 1}, reg.R9)
		base = reg.R9
	}
	return operand.Mem{Base: base, Index: pixelsAt, Scale: 1}
}

// setColumns stores the left and right pixels of windows.
func (p *plane) setColumns(left, right operand.Op, base reg.GPPhysical, lower bool) {
	m := p.pixels(base, lower)
	var first, second operand.Op
	if p.wide {
		first, second = p.permuted(left, right, lowOrder), p.permuted(left, right, highOrder)
	} else {
		a, b := p.new(), p.new()
		p.of(p.VUNPCKLPD, p.VUNPCKLPS)(right, left, a)
		p.of(p.VUNPCKHPD, p.VUNPCKHPS)(right, left, b)
		first, second = a, b
	}
	p.store(first, m, p.low)
	p.store(second, m.Offset(p.bytes()), p.high)
}

// nextPair goes on to the next row of windows.
func (p *plane) nextPair(pixels reg.GPPhysical, windows ...reg.GPPhysical) {
	p.LEAQ(operand.Mem{Base: pixels, Index: poolWidth, Scale: 2}, pixels)
	for _, w := range windows {
		size := p.size()
		if w == poolPlace {
			size = placeSize
			p.MOVQ(planeWhole, reg.R13)
			p.halve(reg.R13)
			p.ADDQ(reg.R13, w)
		} else {
			p.ADDQ(planeWhole, w)
		}
		p.LEAQ(operand.Mem{Base: w, Index: planeRest, Scale: uint8(size)}, w)
	}
}

// Places are int32. In registers they are numbers of the type of the pixels.
const placeSize = 4

// halve makes bytes of pixels' numbers, in float64, bytes of places.
func (p *plane) halve(r reg.GPPhysical) {
	if p.f64 {
		p.SHRQ(operand.U8(1), r)
	}
}

// places is the current place in a row of places.
func (p *plane) places() operand.Mem {
	p.MOVQ(planeAt, reg.R13)
	p.halve(reg.R13)
	return operand.Mem{Base: poolPlace, Index: reg.R13, Scale: 1}
}

// loadPlaces is a vector of places as numbers.
func (p *plane) loadPlaces() operand.Op {
	m, v := p.places(), p.new()
	switch {
	case !p.f64:
		p.VCVTDQ2PS(p.load(m, p.mask), v)
	case !p.masked:
		p.VCVTDQ2PD(m, v)
	case p.wide:
		p.VCVTDQ2PD_Z(m, p.mask, v)
	default:
		x := p.XMM()
		p.VPMASKMOVD(m, p.placeMask, x)
		p.VCVTDQ2PD(x, v)
	}
	return v
}

// storePlaces stores numbers as places.
func (p *plane) storePlaces(v operand.Op) {
	m := p.places()
	switch {
	case !p.f64:
		w := p.new()
		p.VCVTTPS2DQ(v, w)
		p.store(w, m, p.mask)
	case p.wide:
		y := p.YMM()
		p.VCVTTPD2DQ(v, y)
		if p.masked {
			p.VMOVDQU32(y, p.mask, m)
		} else {
			p.VMOVDQU32(y, m)
		}
	default:
		x := p.XMM()
		p.VCVTTPD2DQY(v, x)
		if p.masked {
			p.VPMASKMOVD(x, p.placeMask, m)
		} else {
			p.VMOVDQU(x, m)
		}
	}
}

const (
	notLessOrEqual = 0x16 // true for NaN
	ordered        = 0x07
)

// beats is where y comes before x as largest: it is larger, or it is NaN and x is not.
func (p *plane) beats(y, x operand.Op) operand.Op {
	larger, number := p.compare(notLessOrEqual, y, x), p.compare(ordered, x, x)
	if p.wide {
		p.KANDW(larger, number, number)
	} else {
		p.VANDPS(larger, number, number)
	}
	return number
}

const poolSignature = "rows, n, width int)"

// places emits MaxIndex.
func places(p plane) {
	p.begin("places", "func(place *int32, x *T, "+poolSignature, "is the place of the largest pixel of each of rows·n windows 2×2.", without("y"))
	p.setMasks(true)
	p.rows(func() {
		a, b := p.columns(poolX, false)
		c, d := p.columns(poolX, true)
		right, low := p.beats(b, a), p.beats(d, c)
		upper, lower := p.choose(right, b, a), p.choose(low, d, c)
		upperAt := p.choose(right, p.constant(1), p.constant(0))
		lowerAt := p.choose(low, p.constant(3), p.constant(2))
		p.storePlaces(p.sorted(p.choose(p.beats(lower, upper), lowerAt, upperAt)))
	}, nil, func() { p.nextPair(poolX, poolPlace) })
}

// pick2x2 emits MaxGather.
func pick2x2(p plane) {
	p.begin("pick", "func(y, x *T, place *int32, "+poolSignature, "is the pixel at its place of each of rows·n windows 2×2.", poolParams)
	p.setMasks(true)
	p.rows(func() {
		at := p.sorted(p.loadPlaces())
		a, b := p.columns(poolX, false)
		c, d := p.columns(poolX, true)
		y := p.inRegister(p.constant(0))
		for i, v := range []operand.Op{a, b, c, d} {
			y = p.choose(p.compare(equal, at, p.constant(float64(i))), v, y)
		}
		p.store(p.sorted(y), p.at(poolY), p.mask)
	}, nil, func() { p.nextPair(poolX, poolPlace, poolY) })
}

// spread2x2 emits MaxScatter.
func spread2x2(p plane) {
	p.begin("spread", "func(x, y *T, place *int32, "+poolSignature, "writes rows·n windows 2×2 that are y at their place and else zero.", poolParams)
	p.setMasks(true)
	p.rows(func() {
		at, y := p.sorted(p.loadPlaces()), p.sorted(p.load(p.at(poolY), p.mask))
		pixel := func(i float64) operand.Op {
			return p.choose(p.compare(equal, at, p.constant(i)), y, p.constant(0))
		}
		p.setColumns(pixel(0), pixel(1), poolX, false)
		p.setColumns(pixel(2), pixel(3), poolX, true)
	}, nil, func() { p.nextPair(poolX, poolPlace, poolY) })
}
