package main

import (
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A loop keeps its place in bytes in AX and the elements left to do in BX.
const loopSignature = "func(dst, x, y *T, n int, imm T)"

var (
	place    = reg.RAX
	leftover = reg.RBX
	pointers = map[string]reg.GPPhysical{"dst": reg.RDI, "x": reg.RSI, "y": reg.RDX, "p": reg.RDI, "s": reg.RSI, "d": reg.RDX, "t": reg.R9}
)

// begin opens a function and loads the parameters that it uses.
func (b body) begin(name, signature, doc string, params ...string) {
	name += b.suffix()
	b.Function(name)
	b.Attributes(attr.NOSPLIT)
	b.Pragma("noescape")
	b.Doc(name + " " + doc)
	b.SignatureExpr(strings.ReplaceAll(signature, "T", b.goType()))
	for _, p := range params {
		b.Load(b.Param(p), pointers[p])
	}
	b.restart()
}

// restart goes back to the first element.
func (b body) restart() {
	b.Load(b.Param("n"), leftover)
	b.XORL(reg.EAX, reg.EAX)
}

// hold puts the first constants into registers for AVX-512.
func (b body) hold() {
	if !b.wide {
		return
	}
	b.constants.register = map[uint64]operand.Op{}
	for i, p := range b.constants.patterns {
		if i < constantRegisters {
			b.constants.register[p] = b.copy(b.constants.memory(p))
		}
	}
}

func (b body) at(name string) operand.Mem {
	return operand.Mem{Base: pointers[name], Index: place, Scale: 1}
}

// access is how a step reads and writes a vector at the loop's place.
type access struct {
	load  func(name string) operand.Op
	store func(v operand.Op)
	keep  func(v, outside operand.Op) operand.Op // v, with other values in the lanes beyond the last element
}

// loop emits step for whole vectors and once more for the rest, where load and store touch only what is there.
func (b body) loop(step func(access)) { b.pass("", step) }

// pass is loop for a function of several, whose labels begin with name.
func (b body) pass(name string, step func(access)) {
	b.SUBQ(operand.U8(b.lanes()), leftover)
	b.JLT(operand.LabelRef(name + "rest"))
	b.Label(name + "whole")
	step(access{
		func(name string) operand.Op { return b.copy(b.at(name)) },
		func(v operand.Op) { b.move(b.inRegister(v), b.at("dst")) },
		func(v, _ operand.Op) operand.Op { return v },
	})
	b.ADDQ(operand.U8(b.bytes()), place)
	b.SUBQ(operand.U8(b.lanes()), leftover)
	b.JGE(operand.LabelRef(name + "whole"))
	b.Label(name + "rest")
	b.ADDQ(operand.U8(b.lanes()), leftover)
	b.JEQ(operand.LabelRef(name + "end"))
	mask := b.tailMask()
	step(access{
		func(name string) operand.Op {
			v := b.new()
			b.maskedLoad(b.at(name), mask, v)
			return v
		},
		func(v operand.Op) { b.maskedStore(b.inRegister(v), mask, b.at("dst")) },
		func(v, outside operand.Op) operand.Op { return b.choose(mask, v, outside) },
	})
	b.Label(name + "end")
}

// tailMask is the mask of the leftover elements.
func (b body) tailMask() operand.Op {
	if b.wide {
		b.MOVQ(leftover, reg.RCX)
		b.MOVL(operand.U32(1), reg.R8L)
		b.SHLL(reg.CL, reg.R8L)
		b.DECL(reg.R8L)
		k := b.K()
		b.KMOVW(reg.R8L, k)
		return k
	}
	b.NEGQ(leftover)
	b.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), b.bytes()), reg.R8)
	return b.copy(operand.Mem{Base: reg.R8, Index: leftover, Scale: uint8(b.size())})
}

type elementwise struct {
	body
	function
}

func (e elementwise) emit() {
	b := e.body
	params := []string{"dst", "x", "y"}[:1+e.operands]
	b.begin(e.asm(), loopSignature, "is "+e.symbol()+" for n elements.", params...)
	b.hold()
	v := b.new()
	b.broadcast(b.arg("imm"), v)
	b.imm = v
	b.loop(func(a access) {
		operands := []operand.Op{nil, nil}
		for i, p := range params[1:] {
			operands[i] = a.load(p)
		}
		a.store(e.value(b, operands[0], operands[1]))
	})
	b.VZEROUPPER()
	b.RET()
}
