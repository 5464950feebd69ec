package emit

import (
	"fmt"

	"drift/kernels"
)

// mapBlocks is two blocks for each of a large GPU's processors.
const mapBlocks = 264

// mapping writes a map.
func mapping(m kernels.Map, dt kernels.DType, memory Operands) *Program {
	w := newWriter("map", dt, len(m.Results)+len(m.Access))
	lanes := w.lanesOf(m)
	width := min(width(dt, m.N), lanes)
	units, threads := lanes/width, blockThreads
	for units > 1 && ceil(m.N, threads*units*width) < mapBlocks { // small blocks spread short runs over all processors
		units /= 2
	}
	for threads > 64 && ceil(m.N, threads*units*width) < mapBlocks {
		threads /= 2
	}
	span := threads * units * width
	thread, block := w.to(index, "mov.u32", "%tid.x"), w.to(index, "mov.u32", "%ctaid.x")
	first := w.madd(thread, width, w.madd(block, span, "0"))
	s := w.spread(first, first, "", units, width, threads*width, bound{fmt.Sprint(m.N), m.N%span == 0})
	out, in := operands(memory, len(m.Results), len(m.Access))
	w.evaluate(m, s, in, func(r int, lanes []string) { w.store(s, out[r], lanes) })
	return &Program{Text: module(w.text(threads)), Kernels: []Kernel{{w.name, ceil(m.N, span), 1, threads}}}
}

// operands are the places of outputs and inputs in the order of the parameters.
func operands(memory Operands, outs, ins int) (out, in []place) {
	for k := range outs {
		out = append(out, place{value: k, slot: k, Operand: memory.Out[k]})
	}
	for k := range ins {
		in = append(in, place{value: outs + k, slot: outs + k, Operand: memory.In[k]})
	}
	return out, in
}

// bound is the number of indices of a row that a site must stay below; every says that it does anyway.
type bound struct {
	limit string
	every bool
}

// spread is a site of units that begin `step` behind one another, the first at an index of the chain and at one of its row. Those that are not
// inside read index 0 of the chain.
func (w *writer) spread(first, row, inside string, units, width, step int, end bound) *site {
	var list []unit
	for k := range units {
		u := unit{index: first, row: row, inside: inside}
		if k > 0 {
			u.index = w.to(index, "add.u32", first, k*step)
			if u.row = u.index; row != first {
				u.row = w.to(index, "add.u32", row, k*step)
			}
		}
		if !end.every {
			u.inside = w.both(inside, w.to(predicate, "setp.lt.u32", u.row, end.limit))
		}
		if u.inside != "" {
			there := w.to(index, "selp.b32", u.index, 0, u.inside)
			if u.row != u.index {
				u.row = w.to(index, "selp.b32", u.row, 0, u.inside)
			} else {
				u.row = there
			}
			u.index = there
		}
		list = append(list, u)
	}
	return newSite(width, list)
}
