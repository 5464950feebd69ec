package emit

import (
	"fmt"
	"strings"
)

// Operands that are stored as bfloat16 pass through registers of 32 bits, two numbers in each: the upper half of one is the number itself.

// bytes is the size of an element of an operand.
func (w *writer) bytes(p place) int {
	if p.Narrow {
		return 2
	}
	return w.size()
}

// one is the number at an address.
func (w *writer) one(p place, at string) string {
	if !p.Narrow {
		return w.to(value, "ld."+p.space()+"."+w.t(), "["+at+"]")
	}
	return w.lower(w.to(index, "ld.global.u16", "["+at+"]"))
}

// lower and upper are the numbers in the halves of a register.
func (w *writer) lower(pair string) string {
	return w.to(value, "mov.b32", w.to(index, "shl.b32", pair, 16))
}

func (w *writer) upper(pair string) string {
	return w.to(value, "mov.b32", w.to(index, "and.b32", pair, 0xffff0000))
}

// loadNarrow is a power of two of neighbours from an address on.
func (w *writer) loadNarrow(p place, from string, width int) (lanes []string) {
	if !p.Aligned || width == 1 {
		for k := range width {
			lanes = append(lanes, w.one(p, fmt.Sprintf("%s+%d", from, 2*k)))
		}
		return lanes
	}
	pairs := make([]string, width/2)
	for k := range pairs {
		pairs[k] = w.new(index)
	}
	w.op("ld.global.%s %s, [%s]", vectorOf(len(pairs)), joinedBy(pairs), from)
	for _, pair := range pairs {
		lanes = append(lanes, w.lower(pair), w.upper(pair))
	}
	return lanes
}

// storeNarrow rounds neighbours to nearest, ties to even, and writes them.
func (w *writer) storeNarrow(p place, guard, to string, lanes []string) {
	if !p.Aligned || len(lanes) == 1 {
		for k, v := range lanes {
			w.op("%sst.global.u16 [%s+%d], %s", guard, to, 2*k, w.pair(v, w.number(0)))
		}
		return
	}
	var pairs []string
	for k := 0; k < len(lanes); k += 2 {
		pairs = append(pairs, w.pair(lanes[k], lanes[k+1]))
	}
	w.op("%sst.global.%s [%s], %s", guard, vectorOf(len(pairs)), to, joinedBy(pairs))
}

// pair is two numbers, rounded, in the halves of a register.
func (w *writer) pair(lower, upper string) string {
	return w.to(index, "cvt.rn.bf16x2.f32", upper, lower)
}

// vectorOf is the type of a load or a store of some registers.
func vectorOf(registers int) string {
	if registers == 1 {
		return "u32"
	}
	return fmt.Sprintf("v%d.u32", registers)
}

// joinedBy is those registers as they are written there.
func joinedBy(registers []string) string {
	if len(registers) == 1 {
		return registers[0]
	}
	return "{" + strings.Join(registers, ", ") + "}"
}
