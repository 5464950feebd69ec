package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set for one element type: vectors of 32 bytes (AVX2) or 64 (AVX-512).
type isa struct {
	*build.Context
	f64, wide bool
}

// every calls f for both element types at both vector sizes.
func every(c *build.Context, f func(isa)) {
	for _, wide := range []bool{false, true} {
		for _, f64 := range []bool{false, true} {
			f(isa{c, f64, wide})
		}
	}
}

// suffix is the end of a function's name.
func (s isa) suffix() string { return pick(s.f64, "F64", "F32") + pick(s.wide, "AVX512", "AVX2") }

func (s isa) goType() string { return pick(s.f64, "float64", "float32") }
func (s isa) size() int      { return pick(s.f64, 8, 4) }
func (s isa) bytes() int     { return pick(s.wide, 64, 32) }
func (s isa) lanes() int     { return s.bytes() / s.size() }
func (s isa) shift() operand.Op {
	return operand.U8(pick(s.f64, 3, 2))
}

// vec is vector register number i.
func (s isa) vec(i int) reg.VecPhysical {
	if s.wide {
		return zmm[i]
	}
	return ymm[i]
}

var ymm = []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
	reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}

var zmm = []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}

func pick[T any](which bool, yes, no T) T {
	if which {
		return yes
	}
	return no
}

// arg is the memory of a parameter.
func (s isa) arg(name string) operand.Mem {
	b, err := s.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

func (s isa) broadcast(from, to operand.Op) {
	pick(s.f64, s.VBROADCASTSD, s.VBROADCASTSS)(from, to)
}

// fma is acc += x·y.
func (s isa) fma(x, y, acc operand.Op) { pick(s.f64, s.VFMADD231PD, s.VFMADD231PS)(x, y, acc) }
func (s isa) mul(x, y, to operand.Op)  { pick(s.f64, s.VMULPD, s.VMULPS)(x, y, to) }
func (s isa) move(from, to operand.Op) { pick(s.f64, s.VMOVUPD, s.VMOVUPS)(from, to) }

func (s isa) zero(v reg.VecPhysical) {
	if s.wide {
		s.VPXORD(v, v, v)
	} else {
		s.VXORPS(v, v, v)
	}
}

// lastMask is where the mask of the last vector lies: K1, or the topmost register of AVX2.
func (s isa) lastMask() operand.Op {
	if s.wide {
		return reg.K1
	}
	return s.vec(15)
}

// maskedLoad gives zero where the mask is off and does not touch memory there.
func (s isa) maskedLoad(from, mask, to operand.Op) {
	if s.wide {
		pick(s.f64, s.VMOVUPD_Z, s.VMOVUPS_Z)(from, mask, to)
	} else {
		pick(s.f64, s.VMASKMOVPD, s.VMASKMOVPS)(from, mask, to)
	}
}

func (s isa) maskedStore(from, mask, to operand.Op) {
	if s.wide {
		pick(s.f64, s.VMOVUPD, s.VMOVUPS)(from, mask, to)
	} else {
		pick(s.f64, s.VMASKMOVPD, s.VMASKMOVPS)(from, mask, to)
	}
}

// addMasks adds the memory from which setMask takes the masks of AVX2: a vector of ones and a vector of zeros.
func addMasks(c *build.Context) {
	c.StaticGlobal("masks")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 8 {
		c.AddDatum(8*i, operand.U64(pick(i < 4, ^uint64(0), 0)))
	}
}

// setMask switches on the first n lanes (1 ≤ n ≤ lanes) of lastMask. It destroys n, CX and AX.
func (s isa) setMask(n reg.GPPhysical) {
	if s.wide {
		s.MOVQ(n, reg.RCX)
		s.MOVL(operand.U32(1), reg.EAX)
		s.SHLL(reg.CL, reg.EAX)
		s.DECL(reg.EAX)
		s.KMOVW(reg.EAX, reg.K1)
		return
	}
	s.NEGQ(n)
	s.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), s.bytes()), reg.RAX)
	s.move(operand.Mem{Base: reg.RAX, Index: n, Scale: uint8(s.size())}, s.lastMask())
}
