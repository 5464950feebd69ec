package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/vmath"
	"drift/kernels/internal/slots"
)

// copyInputs gives every result that is an input an instruction that copies it, except where input and output are the
// same memory.
func copyInputs[T kernels.Float](m kernels.Map, out, in [][]T) kernels.Map {
	m.Code = append([]kernels.Instr(nil), m.Code...)
	results := m.Results
	m.Results = nil
	for o, r := range results {
		if int(r) < len(in) && m.Access[r].Full() && overlap(out[o], in[r]) {
			m.Results = append(m.Results, r)
			continue
		}
		if int(r) < len(in) {
			m.Code = append(m.Code, kernels.Instr{Fn: kernels.FnCopy, X: r})
			r = uint8(len(in) + len(m.Code) - 1)
		}
		m.Results = append(m.Results, r)
	}
	return m
}

// rowBlock is the block length: a multiple of the first repeated row, so that it is laid out once for many blocks.
func rowBlock(m kernels.Map) int {
	for _, a := range m.Access {
		if !a.Full() && a.C > 1 && a.C <= blockLen && a.B*a.C == m.N {
			return blockLen / a.C * a.C
		}
	}
	return blockLen
}

// place decides where the value of each instruction goes. A value that is a result goes straight to its output when no input
// in the same memory is read later; else it goes to the lowest free register.
func (c *chain[T]) place(code []link, results []uint8, last []int, in [][]T) {
	registers := slots.New(len(last))
	for k, op := range code {
		v := len(in) + k
		i := instr[T]{fn: vmath.For[T](op.Fn), imm: T(op.Imm), arity: op.Fn.Arity(), x: int(op.X), y: int(op.Y), output: -1}
		if op.factor >= 0 {
			i.factor = in[op.factor][:1]
		}
		c.cost += fnCost(op.Fn)
		for _, x := range []int{i.x, i.y}[:i.arity] {
			if last[x] == k {
				registers.Release(x)
			}
		}
		for o, r := range results {
			if c.out != nil && int(r) == v && i.output < 0 && !readLater(c.out[o], in, last, k) {
				i.output = o
			} else if c.out != nil && int(r) == v {
				c.copies = append(c.copies, copyOut{v, o})
			}
		}
		if i.output < 0 {
			i.register = c.registers + registers.Take(v)
		}
		c.code = append(c.code, i)
	}
	c.registers += registers.Count()
}

// lastUses is, for each value, the last instruction that reads it; results are read after all.
func lastUses(inputs int, code []link, results []uint8) []int {
	plain := make([]kernels.Instr, len(code))
	for k, op := range code {
		plain[k] = op.Instr
	}
	last := slots.LastReads(inputs, plain)
	for _, r := range results {
		last[r] = len(code)
	}
	return last
}

func readLater[T kernels.Float](out []T, in [][]T, last []int, at int) bool {
	for k, x := range in {
		if last[k] > at && overlap(out, x) {
			return true
		}
	}
	return false
}
