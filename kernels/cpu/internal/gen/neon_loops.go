package main

import "fmt"

// A NEON loop works on registers 0 to 3 (x), 4 to 7 (y) with 28 for a step in between, 29 for ones and 30 for the constant.
const neonBetween, neonOne, neonImm = 28, 29, 30

// Encodings of vectors of four single floats, which bit 22 makes two doubles of; those of bits are of 16 bytes.
const (
	fadd, fsub, fmul, fdiv = 0x4e20d400, 0x4ea0d400, 0x6e20dc00, 0x6e20fc00
	fmax, fmin, faddp      = 0x4e20f400, 0x4ea0f400, 0x6e20d400
	fabs, fsqrt            = 0x4ea0f800, 0x6ea1f800
	fcmgt, fcmgt0, fcmlt0  = 0x6ea0e400, 0x4ea0c800, 0x4ea0e800
	and, bic               = 0x4e201c00, 0x4e601c00
)

// neonWord encodes d = op(n, m); a function of one operand has m = 0.
func neonWord(f64 bool, op uint32, d, n, m int) uint32 {
	if f64 && op != and && op != bic {
		op |= 1 << 22
	}
	return op | uint32(m<<16|n<<5|d)
}

var neonNames = map[uint32]string{fadd: "fadd", fsub: "fsub", fmul: "fmul", fdiv: "fdiv", fmax: "fmax", fmin: "fmin", faddp: "faddp",
	fabs: "fabs", fsqrt: "fsqrt", fcmgt: "fcmgt", fcmgt0: "fcmgt #0", fcmlt0: "fcmlt #0", and: "and", bic: "bic"}

func (s *neon) op(op uint32, d, n, m int) {
	s.word(neonWord(s.f64, op, d, n, m), "%s v%d, v%d, v%d", neonNames[op], d, n, m)
}

// neonFunction is an elementwise function: x becomes its value.
type neonFunction struct {
	function
	emit func(s *neon, x, y int)
}

func neonUnary(op uint32) func(s *neon, x, y int) {
	return func(s *neon, x, _ int) { s.op(op, x, x, 0) }
}
func neonBinary(op uint32) func(s *neon, x, y int) {
	return func(s *neon, x, y int) { s.op(op, x, x, y) }
}
func neonWithImm(op uint32) func(s *neon, x, y int) {
	return func(s *neon, x, _ int) { s.op(op, x, x, neonImm) }
}

// neonScaled is op(imm·x, y).
func neonScaled(op uint32) func(s *neon, x, y int) {
	return func(s *neon, x, y int) {
		s.op(fmul, x, x, neonImm)
		s.op(op, x, x, y)
	}
}

func neonRelu(s *neon, x, _ int) {
	s.op(fcmlt0, neonBetween, x, 0)
	s.op(bic, x, x, neonBetween)
}

func neonStep(s *neon, x, _ int) {
	s.op(fcmgt0, x, x, 0)
	s.op(and, x, x, neonOne)
}

var neonFunctions = []neonFunction{
	{function{name: "Const"}, func(s *neon, x, _ int) { s.op(and, x, neonImm, neonImm) }},
	{function{name: "AddConst", operands: 1}, neonWithImm(fadd)},
	{function{name: "Scale", operands: 1}, neonWithImm(fmul)},
	{function{name: "Abs", operands: 1}, neonUnary(fabs)},
	{function{name: "Square", operands: 1}, func(s *neon, x, _ int) { s.op(fmul, x, x, x) }},
	{function{name: "Sqrt", operands: 1}, neonUnary(fsqrt)},
	{function{name: "Recip", operands: 1}, func(s *neon, x, _ int) { s.op(fdiv, x, neonOne, x) }},
	{function{name: "Relu", operands: 1}, neonRelu},
	{function{name: "Step", operands: 1}, neonStep},
	{function{name: "Add", operands: 2}, neonBinary(fadd)},
	{function{name: "Sub", operands: 2}, neonBinary(fsub)},
	{function{name: "Mul", operands: 2}, neonBinary(fmul)},
	{function{name: "Div", operands: 2}, neonBinary(fdiv)},
	{function{name: "Max", operands: 2}, neonBinary(fmax)},
	{function{name: "Min", operands: 2}, neonBinary(fmin)},
	{function{name: "Greater", operands: 2}, func(s *neon, x, y int) {
		s.op(fcmgt, x, x, y)
		s.op(and, x, x, neonOne)
	}},
	{function{name: "ScaleAdd", operands: 2}, neonScaled(fadd)},
	{function{name: "ScaleSub", operands: 2}, neonScaled(fsub)},
	{function{name: "SubScale", operands: 2}, func(s *neon, x, y int) {
		s.op(fmul, x, x, neonImm)
		s.op(fsub, x, y, x)
	}},
	{function{name: "StepMul", operands: 2}, func(s *neon, x, y int) {
		neonStep(s, x, y)
		s.op(fmul, x, x, y)
	}},
	{function{name: "AddRelu", operands: 2}, func(s *neon, x, y int) {
		s.op(fadd, x, x, y)
		neonRelu(s, x, y)
	}},
}

// neonElementwise are the functions that there are for NEON.
func neonElementwise() (all []function) {
	for _, f := range neonFunctions {
		all = append(all, f.function)
	}
	return all
}

func neonLoops(s *neon) {
	for _, f := range neonFunctions {
		s.elementwise(f)
	}
	s.sum()
}

func (s *neon) elementwise(f neonFunction) {
	T := s.goType()
	s.function(f.asm(), fmt.Sprintf("dst *%s, x *%s, y *%s, n int, imm %s", T, T, T, T), 32+s.size(), "is "+f.symbol()+" for n elements.")
	for i, p := range []string{"dst", "x", "y"}[:1+f.operands] {
		s.emit("MOVD %s+%d(FP), R%d", p, 8*i, i)
	}
	s.emit("MOVD n+24(FP), R3")
	move := pick(s.f64, "FMOVD", "FMOVS")
	s.emit("%s imm+32(FP), F%d", move, neonImm)
	s.emit("%s $1.0, F%d", move, neonOne)
	for _, v := range []int{neonImm, neonOne} {
		s.emit("VDUP V%d.%s[0], V%d.%s", v, pick(s.f64, "D", "S"), v, pick(s.f64, "D2", "S4"))
	}
	s.runs("R3", 4, func(vectors int) {
		for r := range f.operands {
			for v := range vectors {
				s.emit("FMOVQ %d(R%d), F%d", 16*v, 1+r, 4*r+v)
			}
		}
		for v := range vectors {
			f.emit(s, v, 4+v)
		}
		for v := range vectors {
			s.emit("FMOVQ F%d, %d(R0)", v, 16*v)
		}
		for r := range 1 + f.operands {
			s.emit("ADD $%d, R%d", 16*vectors, r)
		}
	}, func() {
		for r := range f.operands {
			s.some(true, "R3", fmt.Sprintf("R%d", 1+r), 4*r)
		}
		f.emit(s, 0, 4)
		s.some(false, "R3", "R0", 0)
	})
	s.emit("RET")
}

// runs emits whole for most vectors at a time, then for one, and rest for the last elements, fewer than a vector, if there are any.
func (s *neon) runs(n string, most int, whole func(vectors int), rest func()) {
	for _, vectors := range []int{most, 1} {
		next := pick(vectors > 1, "few", "rest")
		s.label(fmt.Sprintf("by%d", vectors))
		s.emit("CMP $%d, %s", vectors*s.lanes(), n)
		s.emit("BLT %s", next)
		whole(vectors)
		s.emit("SUB $%d, %s", vectors*s.lanes(), n)
		s.emit("JMP by%d", vectors)
		s.label(next)
	}
	s.emit("CBZ %s, end", n)
	rest()
	s.label("end")
}

// sum emits Σ x with eight running vectors.
func (s *neon) sum() {
	T := s.goType()
	s.function("sum", fmt.Sprintf("x *%s, n int) (sum %s", T, T), 16+s.size(), "is the sum of n elements.")
	s.emit("MOVD x+0(FP), R1")
	s.emit("MOVD n+8(FP), R3")
	for v := range 8 {
		s.emit("VEOR V%d.B16, V%d.B16, V%d.B16", 16+v, 16+v, 16+v)
	}
	s.runs("R3", 8, func(vectors int) {
		for v := range vectors {
			s.emit("FMOVQ %d(R1), F%d", 16*v, v)
		}
		for v := range vectors {
			s.op(fadd, 16+v, 16+v, v)
		}
		s.emit("ADD $%d, R1", 16*vectors)
	}, func() {
		s.some(true, "R3", "R1", 0)
		s.op(fadd, 16, 16, 0)
	})
	for half := 4; half > 0; half /= 2 {
		for v := range half {
			s.op(fadd, 16+v, 16+v, 16+v+half)
		}
	}
	for range pick(s.f64, 1, 2) { // neighbours, until one is left
		s.op(faddp, 16, 16, 16)
	}
	s.emit("%s F16, sum+16(FP)", pick(s.f64, "FMOVD", "FMOVS"))
	s.emit("RET")
}
