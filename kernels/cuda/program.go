//go:build gpu

package cuda

import (
	"fmt"

	"drift/kernels"
	"drift/kernels/internal/slots"
)

// The structs of ptx/map.cu, field by field.
type (
	step struct {
		Fn, X, Y, Slot uint8
		Out            uint32
		Imm            uint64 // float32 or float64, in the low bytes
	}
	input struct {
		Data    uint64
		Span, C uint32
	}
	program struct {
		N, Steps uint32
		In       [kernels.MaxMapValues]input
		Run      [kernels.MaxMapValues]uint32 // how many indices in a row read the same element of an input
		Code     [2 * kernels.MaxMapValues]step
		Out      [kernels.MaxMapValues]uint64
	}
)

// Operands of a step are slots, inputs from operandInput on, or the value of the step before.
const (
	operandInput  = 64
	operandBefore = 255
	none          = 255
)

// compile makes the program for m with operands at these addresses; where it is summed, the first result is left in registers, and the
// outputs are the others.
// kept is the number of values a thread keeps in shared memory.
func compile(m kernels.Map, dt kernels.DType, summed bool, out, in []uint64) (p program, kept int, err error) {
	c := compiler{Map: m, dtype: dt, out: out, in: in, program: &p, before: -1, sum: -1}
	p.N = uint32(m.N)
	for k, a := range m.Access {
		p.In[k], p.Run[k] = place(a, in[k]), uint32(a.Run())
	}
	if m.N > maxElements {
		return p, 0, fmt.Errorf("%d indices, at most %d fit a kernel: use a smaller batch or chunk", m.N, maxElements)
	}
	if len(out) > len(p.Out) {
		return p, 0, fmt.Errorf("%d outputs, at most %d fit", len(out), len(p.Out))
	}
	copy(p.Out[:], out)
	if c.code = m.Code; summed {
		c.sum, c.Results = c.asStep(int(m.Results[0]), len(out) == 0), m.Results[1:]
	}
	for _, r := range c.Results {
		c.results = append(c.results, c.asStep(int(r), false))
	}
	c.last = slots.LastReads(len(m.Access), c.code)
	if len(out) > 0 && summed {
		c.last[c.sum] = len(c.code) + 1 // it is left behind what is stored
	}
	c.slots = slots.New(len(c.last))
	for k := range c.code {
		c.instruction(k)
	}
	for _, l := range c.late {
		c.emit(step{Fn: uint8(kernels.FnCopy), X: c.operand(l.value), Slot: none, Out: uint32(l.out)}, l.value)
	}
	if summed && c.before != c.sum {
		c.emit(step{Fn: uint8(kernels.FnCopy), X: c.operand(c.sum), Slot: none, Out: none}, c.sum)
	}
	return p, c.slots.Count(), nil
}

func place(a kernels.Access, data uint64) input {
	if a.Full() {
		return input{Data: data}
	}
	return input{Data: data, Span: uint32(a.Period()), C: uint32(a.C)}
}
