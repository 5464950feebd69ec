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
	slots   *slots.Slots
	late    []late
	program *program
}

// late is an output that must wait until no input is read any more, as it may lie over one.
type late struct{ value, out int }

// resultsAsSteps lists the value of every output. Inputs among them are copied, and the last step of a chain without outputs
// (a Reduce) is its result.
func (c *compiler) resultsAsSteps() {
	c.code = c.Code
	for _, r := range c.Results {
		v := int(r)
		newest := len(c.Access) + len(c.code) - 1
		if v < len(c.Access) || len(c.out) == 0 && v != newest {
			c.code = append(c.code[:len(c.code):len(c.code)], kernels.Instr{Fn: kernels.FnCopy, X: r})
			v = newest + 1
		}
		c.results = append(c.results, v)
	}
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
		if v != value || len(c.out) == 0 {
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
