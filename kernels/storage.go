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
// exact. What is stored is rounded to nearest, ties to even, and NaN stays NaN; a Rowwise may go on with what was not rounded yet. Sums over
// examples are always Float32, and so is what there is of one number for a row: those of a Reduce, of a Scatter and of a Product's columns, values
// of a Rowwise with one element for each row, or that a sum makes, losses and what is picked. Which operands of a call must be stored alike, Alike says.
func Narrows(op Primitive, output bool, k int) bool {
	switch p := op.(type) {
	case Map, Copies, Conv, Convolved, ConvInput, Permute, Slice, Pad, Softmax, Im2Col, Col2Im, WindowGram, PixelGram, AvgPool, AvgUnpool:
		return true
	case Reduce:
		return !output || k > 0
	case Rowwise:
		return !output || p.narrows(len(p.In)+k)
	case Gemm:
		return !output || p.Beta == 0
	case Product:
		return !output || k >= p.Y()
	case ConvWeight:
		return !output || p.PerExample
	case CrossEntropy, Correct, Pick, Scatter:
		return !output && k == 0
	case Place, Unpack:
		return output
	case Gather, MaxGather, MaxScatter:
		return output || k == 0
	case MaxIndex:
		return !output
	case Attention: // not l
		return !output || k == 0
	case AttentionGradient:
		return output || k < bit(!p.Packed)*2+3
	case AttentionTangent:
		return output || k != bit(!p.Packed)*2+1
	case AttentionHVP: // nor ȯ, which r is made of
		if output {
			return k < bit(!p.Packed)*2+1
		}
		return k != bit(!p.Packed)*2+3
	}
	return false
}

// Operand is an output or an input of a primitive by its number.
type Operand struct {
	Output bool
	K      int
}

// Alike are operands of a primitive that are all stored as BFloat16 or none of them: what is moved, normalized or pooled and its result, and of a
// product that goes on, all that is as large as its result, and its bias.
func Alike(op Primitive) []Operand {
	y, x := Operand{Output: true}, Operand{}
	switch p := op.(type) {
	case Permute, Slice, Pad, Softmax, Im2Col, Col2Im, WindowGram, PixelGram, MaxGather, MaxScatter, AvgPool, AvgUnpool:
		return []Operand{y, x}
	case Product:
		all := []Operand{{true, p.Y()}}
		if p.Keep {
			all = append(all, Operand{true, 1})
		}
		if p.Bias || p.Gradient {
			all = append(all, Operand{K: 2})
		}
		return all
	}
	return nil
}

// Factors reports a product of its first two inputs, a convolution or an adjoint of one among them. They are stored alike, and the result is
// BFloat16 only where they are.
func Factors(op Primitive) bool {
	switch op.(type) {
	case Gemm, Product, Conv, Convolved, ConvInput, ConvWeight:
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
	stored := func(o Operand) DType {
		if o.Output {
			return c.Out[o.K].DType()
		}
		return c.In[o.K].DType()
	}
	alike := Alike(c.Op)
	for _, o := range alike {
		if first := stored(alike[0]); stored(o) != first {
			return fmt.Errorf("%s: operands of %v and %v that must be stored alike", c.Op.Name(), first, stored(o))
		}
	}
	if _, looks := c.Op.(Gather); looks && c.In[0].DType() == BFloat16 && c.Out[0].DType() != BFloat16 {
		return fmt.Errorf("%s: rows of %v for a result of %v", c.Op.Name(), c.In[0].DType(), c.Out[0].DType())
	}
	if !Factors(c.Op) {
		return nil
	}
	a, b, to := c.In[0].DType(), c.In[1].DType(), c.Out[0].DType()
	if p, goesOn := c.Op.(Product); goesOn {
		to = c.Out[p.Y()].DType()
	}
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
