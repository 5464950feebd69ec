// Package emit writes fused programs, kernels.Map, kernels.Reduce and kernels.Rowwise, as PTX: text that the driver compiles for its device, at
// run time and without a toolkit. The text is a function of the program, its sizes and how its operands lie in memory.
//
// A thread evaluates a chain at a few indices at once, 32 bytes of an operand where registers allow: units of neighbours that fill 16 bytes,
// which are loaded and stored at once where the number of indices and the addresses allow it. Sizes are constants of the text. Sums are taken in
// an order that depends on them alone, in float64.
//
// Functions of one instruction are rounded to nearest and never joined, so they give what the CPU gives, bit by bit. The others are the text of
// ptx/functions.cu, compiled.
package emit

import (
	"fmt"

	"drift/kernels"
)

// Program is the text of a module and what is launched from it, in order. Every kernel takes one struct: the addresses of outputs, inputs and
// scratch memory.
type Program struct {
	Text    string
	Kernels []Kernel
	Scratch []int // bytes of the pieces of scratch memory
}

// Kernel is one launch: X·Y blocks.
type Kernel struct {
	Name          string
	X, Y, Threads int
}

// Operands say how outputs and inputs lie in memory.
type Operands struct{ Out, In []Operand }

// Operand is one of them.
type Operand struct {
	Aligned bool // begins at a multiple of 16 bytes
	Narrow  bool // is stored as bfloat16 while the program computes in float32
}

// Write is the program of a Map, a Reduce or a Rowwise with an output that has elements.
func Write(op kernels.Primitive, dt kernels.DType, memory Operands) *Program {
	switch op := op.(type) {
	case kernels.Map:
		return mapping(op, dt, memory)
	case kernels.Reduce:
		return reduce(op, dt, memory)
	case kernels.Rowwise:
		return rows(op, dt, memory)
	}
	panic(fmt.Sprintf("emit: internal error: a %T is no fused program", op))
}

// vectorBytes is the most that one instruction loads or stores.
const vectorBytes = 16

// blockThreads is the size of a block, if there is enough to do.
const blockThreads = 256

// width is the largest power of two of elements that fit a vector and divide n.
func width(dt kernels.DType, n int) int {
	w := vectorBytes / dt.Size()
	for n%w != 0 {
		w /= 2
	}
	return w
}

func ceil(a, b int) int { return (a + b - 1) / b }

// power is the smallest power of two that is at least n and at most limit, itself one.
func power(n, limit int) int {
	p := 1
	for p < n && p < limit {
		p *= 2
	}
	return p
}
