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
		if out[o] == nil && m.N > 0 {
			m.Results = append(m.Results, r)
			continue
		}
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

// rowBlock is the block length: a multiple of the first repeated row, so that it is laid out once for many blocks, or else an equal
// part of the shortest run of one element.
func rowBlock(m kernels.Map) int {
	for _, a := range m.Access {
		if !a.Full() && a.Run() == 1 && a.C > 1 && a.C <= blockLen && a.Period() == m.N {
			return blockLen / a.C * a.C
		}
	}
	shortest := 0
	for _, k := range runs(m) {
		if b := m.Access[k].Run(); shortest == 0 || b < shortest {
			shortest = b
		}
	}
	if parts := (shortest + blockLen - 1) / blockLen; parts > 0 && shortest%parts == 0 {
		return shortest / parts
	}
	return blockLen
}

// place decides where the value of each instruction goes. A value that is a result goes straight to its output when no input
// in the same memory is read later; else it goes to the lowest free register, of which it returns the number of all, those of
// inputs among them.
func (c *chain[T]) place(f fused, in [][]T, inputs int) (program[T], int) {
	p := program[T]{modes: f.modes}
	if len(f.results) > 0 {
		p.result = int(f.results[0])
	}
	last := lastUses(len(in), f.code, f.results)
	registers := slots.New(len(last))
	for k, op := range f.code {
		v := len(in) + k
		i := instr[T]{fn: vmath.For[T](op.Fn), imm: T(op.Imm), factor: op.factor, negate: op.negate, single: op.single, arity: op.Fn.Arity(),
			x: int(op.X), y: int(op.Y), output: -1}
		for _, x := range op.reads() {
			if last[x] == k {
				registers.Release(x)
			}
		}
		for o, r := range f.results {
			if c.out == nil || int(r) != v || c.out[o] == nil {
				continue
			}
			if i.output < 0 && !readLater(c.out[o], in, last, k) {
				i.output = o
			} else {
				p.copies = append(p.copies, copyOut{v, o})
			}
		}
		if i.output < 0 {
			i.register = inputs + registers.Take(v)
		}
		p.code = append(p.code, i)
	}
	return p, inputs + registers.Count()
}

// lastUses is, for each value, the last instruction that reads it; results are read after all.
func lastUses(inputs int, code []link, results []uint8) []int {
	last := make([]int, inputs+len(code))
	for v := range last {
		last[v] = -1
	}
	for k, op := range code {
		for _, v := range op.reads() {
			last[v] = k
		}
	}
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
