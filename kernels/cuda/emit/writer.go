package emit

import (
	"fmt"
	"math"
	"math/bits"
	"strings"

	"drift/kernels"
)

// Kinds of registers: a number of the program's type, a sum in float64, an address, an index and a predicate. Their names do not occur in
// ptx/functions.ptx, which is put between.
const (
	value     = "v"
	total     = "s"
	address   = "a"
	index     = "i"
	predicate = "q"
)

// header opens a module for compute capability 8.0 and later, in the language of CUDA 11.8.
const header = ".version 7.8\n.target sm_80\n.address_size 64\n"

// writer writes the body of one kernel.
type writer struct {
	dt        kernels.DType
	slots     int // addresses among the parameters
	body      strings.Builder
	registers map[string]int
	labels    int
	shared    map[string]int // arrays and their bytes
	name      string
}

func newWriter(name string, dt kernels.DType, slots int) *writer {
	return &writer{dt: dt, slots: slots, registers: make(map[string]int), shared: make(map[string]int), name: name}
}

// t is the suffix of the program's type.
func (w *writer) t() string { return [...]string{"f32", "f64"}[w.dt] }

func (w *writer) size() int { return w.dt.Size() }

// new is a register that nothing was written to.
func (w *writer) new(kind string) string {
	w.registers[kind]++
	return fmt.Sprintf("%%%s%d", kind, w.registers[kind]-1)
}

// op writes an instruction.
func (w *writer) op(format string, args ...any) {
	w.body.WriteByte('\t')
	fmt.Fprintf(&w.body, format, args...)
	w.body.WriteString(";\n")
}

// to writes an instruction with a new register as its result: the name and the other operands are given.
func (w *writer) to(kind, instruction string, operands ...any) string {
	r := w.new(kind)
	text := make([]string, len(operands))
	for k, o := range operands {
		text[k] = fmt.Sprint(o)
	}
	w.op("%s %s, %s", instruction, r, strings.Join(text, ", "))
	return r
}

func (w *writer) label() string {
	w.labels++
	return fmt.Sprintf("L%d", w.labels)
}

func (w *writer) place(label string) { fmt.Fprintf(&w.body, "%s:\n", label) }

// number is a constant of the program's type.
func (w *writer) number(x float64) string {
	if w.dt == kernels.Float64 {
		return double(x)
	}
	return fmt.Sprintf("0f%08X", math.Float32bits(float32(x)))
}

func double(x float64) string { return fmt.Sprintf("0d%016X", math.Float64bits(x)) }

// parameter is the address in a slot.
func (w *writer) parameter(slot int) string {
	a := w.to(address, "ld.param.u64", fmt.Sprintf("[%s_param_0+%d]", w.name, 8*slot))
	return w.to(address, "cvta.to.global.u64", a)
}

// divide is ⌊i/d⌋ for i below a limit of at most 2³¹; "0" where that is all it can be. Others than powers of two are divided by multiplication
// (Granlund and Montgomery 1994).
func (w *writer) divide(i string, d, limit int) string {
	switch {
	case d == 1:
		return i
	case d >= limit:
		return "0"
	case d&(d-1) == 0:
		return w.to(index, "shr.u32", i, bits.Len(uint(d))-1)
	}
	shift := bits.Len(uint(d - 1))
	factor := uint64((1<<shift)-d)<<32/uint64(d) + 1
	high := w.to(index, "mul.hi.u32", i, factor)
	return w.to(index, "shr.u32", w.to(index, "add.u32", high, i), shift)
}

// modulo is i mod d for i below a limit.
func (w *writer) modulo(i string, d, limit int) string {
	switch {
	case d == 1:
		return "0"
	case d >= limit:
		return i
	case d&(d-1) == 0:
		return w.to(index, "and.b32", i, d-1)
	}
	product := w.to(index, "mul.lo.u32", w.divide(i, d, limit), d)
	return w.to(index, "sub.u32", i, product)
}

// madd is i·factor + more.
func (w *writer) madd(i string, factor int, more string) string {
	switch {
	case i == "0":
		return more
	case factor == 1 && more == "0":
		return i
	case factor == 1:
		return w.to(index, "add.u32", i, more)
	case more == "0":
		return w.to(index, "mul.lo.u32", i, factor)
	}
	return w.to(index, "mad.lo.u32", i, factor, more)
}

// both is the conjunction of two predicates, of which "" is always true.
func (w *writer) both(p, q string) string {
	switch {
	case p == "":
		return q
	case q == "":
		return p
	}
	return w.to(predicate, "and.pred", p, q)
}

// only is the guard of an instruction.
func only(p string) string {
	if p == "" {
		return ""
	}
	return "@" + p + " "
}

// text is the kernel as a whole.
func (w *writer) text(threads int) string {
	var t strings.Builder
	fmt.Fprintf(&t, "\n.visible .entry %s(\n\t.param .align 8 .b8 %[1]s_param_0[%d]\n)\n.maxntid %d, 1, 1\n{\n", w.name, 8*w.slots, threads)
	types := []struct{ kind, name string }{{value, w.t()}, {total, "f64"}, {address, "b64"}, {index, "b32"}, {predicate, "pred"}}
	for _, r := range types {
		if n := w.registers[r.kind]; n > 0 {
			fmt.Fprintf(&t, "\t.reg .%s %%%s<%d>;\n", r.name, r.kind, n)
		}
	}
	for _, name := range []string{joined, locals} {
		if n := w.shared[name]; n > 0 {
			fmt.Fprintf(&t, "\t.shared .align 16 .b8 %s[%d];\n", name, n)
		}
	}
	t.WriteString(w.body.String())
	t.WriteString("\tret;\n}\n")
	return t.String()
}

// module joins kernels to a text for the driver.
func module(kernels ...string) string {
	text := header
	for _, k := range kernels {
		if strings.Contains(k, library().table.name) {
			text += "\n" + library().table.text + "\n"
			break
		}
	}
	return text + strings.Join(kernels, "")
}
