package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// link is an instruction of a chain. With a factor, the first element of that value takes the place of Imm, or its negative does.
type link struct {
	kernels.Instr
	factor int // −1 for none
	negate bool
	single bool // computes one element for the whole block
}

// reads is the values that a link reads.
func (l link) reads() []int {
	var list []int
	for _, v := range []uint8{l.X, l.Y}[:l.Fn.Arity()] {
		list = append(list, int(v))
	}
	if l.factor >= 0 {
		list = append(list, l.factor)
	}
	return list
}

// fused is a chain whose instructions do as much in one loop as package vmath has loops for.
type fused struct {
	modes   []mode // of the inputs
	code    []link
	results []uint8
}

// fuse makes one loop of two where package vmath has it, which spares a pass over a block: scaling and adding, as the steps
// of optimizers do, a sum and its relu, a mask. What the inputs that are uniform, one element for the whole block, make by themselves is one
// element too, and scales and shifts other values without being laid out. Every value keeps its bits.
func fuse(m kernels.Map, uniform []int) fused {
	code, modes := reduceUniform(m, uniform)
	uses := countUses(len(m.Access), code, m.Results)
	dropped := make([]bool, len(code))
	for k := range code {
		if p := absorb(code, uses, len(m.Access), k); p >= 0 {
			dropped[p] = true
		}
	}
	code, results := renumber(len(m.Access), code, m.Results, dropped)
	return fused{modes, code, results}
}

// countUses is how often each value is read, results included.
func countUses(inputs int, code []link, results []uint8) []int {
	uses := make([]int, inputs+len(code))
	for _, op := range code {
		for _, v := range op.reads() {
			uses[v]++
		}
	}
	for _, r := range results {
		uses[r]++
	}
	return uses
}

// absorb lets instruction k compute the instruction before that only it reads, whose place it returns; −1 for none.
func absorb(code []link, uses []int, inputs, k int) int {
	op := &code[k]
	operands := [2]uint8{op.X, op.Y}
	for i := range op.Fn.Arity() {
		p := int(operands[i]) - inputs
		if p < 0 || uses[operands[i]] != 1 {
			continue
		}
		before := code[p]
		fn, ok := vmath.Fused(before.Fn, op.Fn, i == 0)
		if !ok || before.single || op.single || op.factor >= 0 {
			continue
		}
		if op.Fn.Arity() == 2 {
			before.Y = operands[1-i]
		}
		before.Fn = fn
		code[k] = before
		return p
	}
	return -1
}

// renumber leaves the dropped instructions out.
func renumber(inputs int, code []link, results []uint8, dropped []bool) ([]link, []uint8) {
	place := make([]uint8, inputs+len(code))
	for v := range inputs {
		place[v] = uint8(v)
	}
	var kept []link
	for k, op := range code {
		if dropped[k] {
			continue
		}
		op.X, op.Y = place[op.X], place[op.Y]
		if op.factor >= 0 {
			op.factor = int(place[op.factor])
		}
		place[inputs+k] = uint8(inputs + len(kept))
		kept = append(kept, op)
	}
	moved := make([]uint8, len(results))
	for o, r := range results {
		moved[o] = place[r]
	}
	return kept, moved
}
