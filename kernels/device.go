// Package kernels defines what a computing device offers to the layers above: typed buffers in its memory and a small
// set of primitive kernels over them. A device executes lists of calls; it knows nothing of graphs, layers or optimizers.
//
// Tensors are dense and row-major. A primitive states its sizes itself and takes plain runs of elements as operands, so
// a Buffer has a length but no shape. All operands of a call have one DType, save index operands (classes, rows of a table,
// tokens, places in a pooling window), which are Int32, data stored as bytes, which are Uint8, and numbers of float32 that a device stores
// as BFloat16 (Narrows).
//
// Every device passes the suite in kernels/kerneltest.
package kernels

import "fmt"

// DType is the element type of a buffer.
type DType uint8

const (
	Float32 DType = iota
	Float64
	Int32    // of index operands, and of indices that are moved
	Uint8    // of data that Unpack reads, and nothing else
	BFloat16 // how a device may store numbers that it computes with in Float32: see Narrows
)

// Size is the number of bytes of one element.
func (d DType) Size() int {
	return [...]int{Float32: 4, Float64: 8, Int32: 4, Uint8: 1, BFloat16: 2}[d]
}

func (d DType) String() string {
	return [...]string{"float32", "float64", "int32", "uint8", "bfloat16"}[d]
}

// ParseDType reads "float32" or "float64".
func ParseDType(s string) (DType, error) {
	switch s {
	case "float32":
		return Float32, nil
	case "float64":
		return Float64, nil
	}
	return 0, fmt.Errorf("unknown dtype %q: choose float32 or float64", s)
}

// Float is the set of element types, for generic code.
type Float interface{ float32 | float64 }

// Buffer is a run of elements in a device's memory.
type Buffer interface {
	DType() DType
	Len() int
	// Slice is the part [from, to) of the buffer, in the same memory.
	Slice(from, to int) Buffer
	// Write copies src, a []float32 or []float64 of exactly Len elements, into the buffer, converting where the types
	// differ; a buffer of Int32 takes an []int32, one of Uint8 a []byte. It returns once src may be used again.
	Write(src any) error
	// Read waits for the device's pending work and copies the buffer into dst, as Write does.
	Read(dst any) error
	// Free gives the memory of a buffer obtained from NewBuffer back to its device. Slices are not freed.
	Free()
}

// Call is one primitive with its operands. Operands must have the lengths that Op.Operands states. An output may share
// memory with an input only where the primitive allows it (Map and Reduce: at the same indices). Outputs never overlap each other.
type Call struct {
	Op  Primitive
	Out []Buffer
	In  []Buffer
}

// Executable is a list of calls made ready on a device.
type Executable interface {
	// Run executes the calls in order. It may return before the device has finished; Read and Synchronize wait.
	// It allocates nothing.
	Run() error
	// ScratchBytes is the memory that the device holds for this executable besides the operands.
	ScratchBytes() int64
	Close()
}

// Device executes primitives.
type Device interface {
	// Name is "cpu" or, for example, "cuda:0".
	Name() string
	// NewBuffer returns n zeros.
	NewBuffer(dt DType, n int) (Buffer, error)
	// Load checks the calls and prepares them to be run together many times.
	Load(calls []Call) (Executable, error)
	// Synchronize waits for all pending work and returns its error, if any.
	Synchronize() error
	// FreeBytes estimates how many bytes NewBuffer could still give.
	FreeBytes() int64
	Close() error
}

// Check reports the first operand of c whose length or type does not fit its primitive.
func (c Call) Check() error {
	out, in, err := c.Op.Operands()
	if err != nil {
		return fmt.Errorf("%s: %w", c.Op.Name(), err)
	}
	if len(c.Out) != len(out) || len(c.In) != len(in) {
		return fmt.Errorf("%s: got %d outputs and %d inputs, want %d and %d", c.Op.Name(), len(c.Out), len(c.In), len(out), len(in))
	}
	for i, list := range [][]Buffer{c.Out, c.In} {
		kind, sizes := "output", out
		if i > 0 {
			kind, sizes = "input", in
		}
		for k, b := range list {
			if b == nil {
				return fmt.Errorf("%s: %s %d is missing", c.Op.Name(), kind, k)
			}
			if b.Len() != sizes[k] {
				return fmt.Errorf("%s: %s %d has %d elements, want %d", c.Op.Name(), kind, k, b.Len(), sizes[k])
			}
		}
	}
	return c.checkTypes()
}

// checkTypes reports an operand of a type that does not go with the others.
func (c Call) checkTypes() error {
	dt, known := Float32, false
	for i, list := range [][]Buffer{c.Out, c.In} {
		for k, b := range list {
			got := b.DType()
			switch {
			case IsIndex(c.Op, i == 0, k):
				if got != Int32 {
					return fmt.Errorf("%s: operand %d holds indices in %v: they must be int32", c.Op.Name(), k, got)
				}
			case IsBytes(c.Op, i == 0, k) != (got == Uint8):
				return fmt.Errorf("%s: operand %d is %v: bytes are what unpack reads, and nothing else", c.Op.Name(), k, got)
			case got == Uint8:
			case got == BFloat16 && !Narrows(c.Op, i == 0, k):
				return fmt.Errorf("%s: operand %d is stored as %v, which it cannot be", c.Op.Name(), k, got)
			case known && got.computed() != dt:
				return fmt.Errorf("%s: operand %d is %v among operands of %v", c.Op.Name(), k, got, dt)
			default:
				dt, known = got.computed(), true
			}
		}
	}
	if known && dt == Int32 && !moves(c.Op) {
		return fmt.Errorf("%s: there is none for int32", c.Op.Name())
	}
	return c.checkStorage()
}

// moves reports a primitive that only moves elements, which may be indices.
func moves(op Primitive) bool {
	switch op.(type) {
	case Gather, Slice, Permute, Unpack:
		return true
	}
	return false
}

// IsIndex reports whether output or input k of a primitive holds indices, which are Int32 whatever the type of the others.
func IsIndex(op Primitive, output bool, k int) bool {
	switch op.(type) {
	case Cast, MaxIndex:
		return output
	case Number, Uniform:
		return !output
	case Known:
		return true
	case CrossEntropy, Correct, Pick, Place, Gather, Scatter, MaxGather, MaxScatter:
		return !output && k == 1
	case Unpack:
		return !output && k >= 2
	}
	return false
}

// IsBytes reports whether output or input k of a primitive holds bytes, which are Uint8 whatever the type of the others.
func IsBytes(op Primitive, output bool, k int) bool {
	_, unpacks := op.(Unpack)
	return unpacks && !output && k == 1
}

// DType is the type that a call computes in, that of its operands that are no indices; Int32 where all are.
func (c Call) DType() DType {
	dt := Float32 // of a call without operands
	for i, list := range [][]Buffer{c.Out, c.In} {
		for k, b := range list {
			if !IsIndex(c.Op, i == 0, k) && !IsBytes(c.Op, i == 0, k) {
				return b.DType().computed()
			}
			dt = Int32
		}
	}
	return dt
}
