package kernels

import (
	"fmt"
	"math"
)

// Storing is a device that stores numbers in another type than it computes with, where that is Float32: values between calls, but none that
// come from elsewhere or are read in the end.
type Storing interface {
	Device
	// Storage is that type, BFloat16, or Float32 for none.
	Storage() DType
}

// StorageOf is the type in which a device stores values between calls that compute in dt.
func StorageOf(dev Device, dt DType) DType {
	if s, ok := dev.(Storing); ok && dt == Float32 {
		return s.Storage()
	}
	return dt
}

// Viewer is a buffer whose memory can hold elements of another type.
type Viewer interface {
	// View is n elements of type dt in the memory of the buffer, from its beginning on.
	View(dt DType, n int) Buffer
}

// computed is the type that a device computes with where it stores this one.
func (d DType) computed() DType {
	if d == BFloat16 {
		return Float32
	}
	return d
}

// Narrows reports whether output or input k of a primitive may be stored as BFloat16 while the call computes in Float32. What is read is
// exact. What is stored is rounded to nearest, ties to even, and NaN stays NaN; a Rowwise may go on with what was not rounded yet. Sums
// are always Float32: those of a Reduce, and values of a Rowwise with one element for each row, or that a sum makes. The factors of a product are
// stored alike, and its result is BFloat16 only where they are; so are the operands of what only moves elements.
func Narrows(op Primitive, output bool, k int) bool {
	switch p := op.(type) {
	case Map:
		return true
	case Reduce:
		return !output || k > 0
	case Rowwise:
		return !output || p.narrows(len(p.In)+k)
	case Gemm:
		return !output || p.Beta == 0
	}
	return Rearranges(op)
}

// Rearranges reports a primitive whose result is elements of its input in other places, and zeros: both are stored alike.
func Rearranges(op Primitive) bool {
	switch op.(type) {
	case Permute, Slice, Pad:
		return true
	}
	return false
}

// narrows reports an output that may be stored narrow.
func (p Rowwise) narrows(v int) bool {
	if p.Len(v) <= p.Rows {
		return false
	}
	for _, s := range p.Steps {
		if _, sum := s.Op.(Reduce); sum && s.Out[0] == v {
			return false
		}
	}
	return true
}

// checkStorage reports operands that must be stored alike and are not.
func (c Call) checkStorage() error {
	if Rearranges(c.Op) {
		if from, to := c.In[0].DType(), c.Out[0].DType(); from != to {
			return fmt.Errorf("%s: %v moved to %v", c.Op.Name(), from, to)
		}
		return nil
	}
	if _, product := c.Op.(Gemm); !product {
		return nil
	}
	a, b, to := c.In[0].DType(), c.In[1].DType(), c.Out[0].DType()
	if a != b || to == BFloat16 && a != to {
		return fmt.Errorf("%s: factors of %v and %v for a result of %v", c.Op.Name(), a, b, to)
	}
	return nil
}

// RoundBFloat16 is the number of BFloat16 that is nearest to x, of two the one that ends in an even digit.
func RoundBFloat16(x float32) float32 { return FromBFloat16(ToBFloat16(x)) }

// ToBFloat16 is the bits of RoundBFloat16: the upper half of those of a float32. NaN becomes 7FFF, as devices have it.
func ToBFloat16(x float32) uint16 {
	if x != x {
		return 0x7fff
	}
	bits := math.Float32bits(x)
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// FromBFloat16 is the number that bits stand for.
func FromBFloat16(bits uint16) float32 { return math.Float32frombits(uint32(bits) << 16) }
