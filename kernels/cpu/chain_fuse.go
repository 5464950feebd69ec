package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
)

// link is an instruction of a chain. With a factor, an input of one element, that element takes the place of Imm.
type link struct {
	kernels.Instr
	factor int // −1 for none
}

// fuse makes one loop of two where package vmath has it, which spares a pass over a block: scaling and adding, as the steps
// of optimizers do, a sum and its relu, a mask. Every value keeps its bits.
func fuse(m kernels.Map) (code []link, results []uint8) {
	for _, op := range m.Code {
		code = append(code, withFactor(m, op))
	}
	uses := countUses(len(m.Access), code, m.Results)
	dropped := make([]bool, len(code))
	for k := range code {
		if p := absorb(code, uses, len(m.Access), k); p >= 0 {
			dropped[p] = true
		}
	}
	return renumber(len(m.Access), code, m.Results, dropped)
}

// withFactor makes a product with an input of one element a scaling, and a sum the addition of a constant.
func withFactor(m kernels.Map, op kernels.Instr) link {
	scalar := func(v uint8) bool {
		return int(v) < len(m.Access) && !m.Access[v].Full() && m.Access[v] == kernels.Access{B: m.N, C: 1}
	}
	to := kernels.FnScale
	if op.Fn == kernels.FnAdd {
		to = kernels.FnAddConst
	}
	switch {
	case op.Fn != kernels.FnMul && op.Fn != kernels.FnAdd:
	case scalar(op.Y):
		return link{kernels.Instr{Fn: to, X: op.X}, int(op.Y)}
	case scalar(op.X):
		return link{kernels.Instr{Fn: to, X: op.Y}, int(op.X)}
	}
	return link{op, -1}
}

// countUses is how often each value is read, results included.
func countUses(inputs int, code []link, results []uint8) []int {
	uses := make([]int, inputs+len(code))
	for _, op := range code {
		for _, v := range []uint8{op.X, op.Y}[:op.Fn.Arity()] {
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
		if !ok {
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
		place[inputs+k] = uint8(inputs + len(kept))
		kept = append(kept, op)
	}
	moved := make([]uint8, len(results))
	for o, r := range results {
		moved[o] = place[r]
	}
	return kept, moved
}
