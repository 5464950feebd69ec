//go:build gpu

package cuda

import (
	"math"

	"drift/kernels"
	"drift/kernels/internal/slots"
)

// compiler turns a Map into a program: values that the next step alone needs stay in registers, others go to slots of shared
// memory, which are given again after a value's last use.
type compiler struct {
	kernels.Map
	dtype   kernels.DType
	out, in []uint64
	code    []kernels.Instr // with copies for results that are inputs
	results []int           // the value of every output
	last    []int           // the last instruction that reads a value
	before  int             // the value of the last step
	sum     int             // the value that is left in registers; −1 for none
	slots   *slots.Slots
	late    []late
	program *program
}

// late is an output that must wait until no input is read any more, as it may lie over one.
type late struct{ value, out int }

// asStep is the value of a result as that of a step: an input is copied, and so is what must be the last step's and is not.
func (c *compiler) asStep(v int, last bool) int {
	newest := len(c.Access) + len(c.code) - 1
	if v >= len(c.Access) && !(last && v != newest) {
		return v
	}
	c.code = append(c.code[:len(c.code):len(c.code)], kernels.Instr{Fn: kernels.FnCopy, X: uint8(v)})
	return newest + 1
}

// instruction emits the step of instruction k, and a copy for every further output of its value.
func (c *compiler) instruction(k int) {
	i, value := c.code[k], len(c.Access)+k
	s := step{Fn: uint8(i.Fn), X: operandBefore, Y: operandBefore, Slot: none, Out: none, Imm: c.bits(i.Imm)}
	if i.Fn.Arity() > 0 {
		s.X = c.operand(int(i.X))
	}
	if i.Fn.Arity() > 1 {
		s.Y = c.operand(int(i.Y))
	}
	for v, last := range c.last {
		if last == k && !c.isLate(v) {
			c.slots.Release(v)
		}
	}
	var now []int
	for out, v := range c.results {
		if v != value {
			continue
		}
		if c.readLater(k, c.out[out]) {
			c.late = append(c.late, late{value, out})
		} else {
			now = append(now, out)
		}
	}
	if c.neededAfterNext(k, value) || c.isLate(value) {
		s.Slot = uint8(c.slots.Take(value))
	}
	for n, out := range now {
		if n > 0 {
			c.emit(s, value)
			s = step{Fn: uint8(kernels.FnCopy), X: operandBefore, Slot: none, Out: none}
		}
		s.Out = uint32(out)
	}
	c.emit(s, value)
}

func (c *compiler) emit(s step, value int) {
	c.program.Code[c.program.Steps] = s
	c.program.Steps++
	c.before = value
}

func (c *compiler) operand(v int) uint8 {
	switch {
	case v == c.before:
		return operandBefore
	case v < len(c.Access):
		return uint8(operandInput + v)
	}
	return uint8(c.slots.Of(v))
}

func (c *compiler) isLate(v int) bool {
	for _, l := range c.late {
		if l.value == v {
			return true
		}
	}
	return false
}

// readLater reports whether an instruction after k reads an input that lies in the output's memory.
func (c *compiler) readLater(k int, out uint64) bool {
	bytes := uint64(c.N) * uint64(c.dtype.Size())
	for v, a := range c.Access {
		end := c.in[v] + uint64(a.Len(c.N))*uint64(c.dtype.Size())
		if c.last[v] > k && c.in[v] < out+bytes && out < end {
			return true
		}
	}
	return false
}

// neededAfterNext reports whether an instruction after the next one reads value, which instruction k makes.
func (c *compiler) neededAfterNext(k, value int) bool { return c.last[value] > k+1 }

func (c *compiler) bits(x float64) uint64 {
	if c.dtype == kernels.Float64 {
		return math.Float64bits(x)
	}
	return uint64(math.Float32bits(float32(x)))
}
