package onnx

import (
	"fmt"
	"math"

	"drift/data/binary16"
	"drift/data/sizes"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	maxRank     = 8
	maxElements = 1<<31 - 1 // of a tensor; 32-bit indices reach all of them
)

// kind is what the elements of a tensor are.
type kind uint8

const (
	numbers kind = iota // floating
	whole               // whole numbers
	truth               // true and false
)

// Numbers of ONNX's element types that are written.
const (
	elemFloat  = 1
	elemInt64  = 7
	elemHalf   = 10
	elemDouble = 11
	elemBrain  = 16
)

// types are ONNX's element types that are read.
var types = map[int]struct {
	name string
	kind kind
	size int // of an element in raw_data
}{
	1: {"float", numbers, 4}, 2: {"uint8", whole, 1}, 3: {"int8", whole, 1}, 4: {"uint16", whole, 2}, 5: {"int16", whole, 2}, 6: {"int32", whole, 4},
	7: {"int64", whole, 8}, 9: {"bool", truth, 1}, 10: {"float16", numbers, 2}, 11: {"double", numbers, 8}, 12: {"uint32", whole, 4},
	13: {"uint64", whole, 8}, 16: {"bfloat16", numbers, 2},
}

// tensor is the values of an initializer or a constant, as the file holds them.
type tensor struct {
	name   string
	shape  []int
	elem   int       // ONNX's number of its type
	raw    []byte    // little-endian elements, or:
	values []float64 // numbers that stand in the message itself
	bits   []uint64  // whole numbers likewise, and the bits of those of 16 bits
}

func parseTensor(data []byte) (*tensor, error) {
	t := &tensor{}
	external := false
	err := message(data, func(num protowire.Number, v field) error {
		switch num {
		case 1:
			return v.varints(func(x uint64) {
				if len(t.shape) <= maxRank {
					t.shape = append(t.shape, int(min(x, maxElements+1)))
				}
			})
		case 2:
			t.elem = int(min(v.number, 100))
		case 4:
			return v.fixed(4, func(x float64) { t.values = append(t.values, x) })
		case 5, 7, 11:
			return v.varints(func(x uint64) { t.bits = append(t.bits, x) })
		case 8:
			t.name = string(v.bytes)
		case 9:
			t.raw = v.bytes
		case 10:
			return v.fixed(8, func(x float64) { t.values = append(t.values, x) })
		case 14:
			external = v.number == 1
		}
		return nil
	})
	if err == nil && external {
		err = fmt.Errorf("its values stand in another file: save the model with all tensors inside")
	}
	if err == nil {
		err = t.check()
	}
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", t.name, err)
	}
	return t, nil
}

// check compares the number of elements that the shape says with those that are there.
func (t *tensor) check() error {
	info, known := types[t.elem]
	if !known {
		return fmt.Errorf("elements of ONNX's type %d are not known", t.elem)
	}
	n, err := volume(t.shape)
	if err != nil {
		return err
	}
	have := len(t.values) + len(t.bits)
	if t.raw != nil {
		have = len(t.raw) / info.size
		if len(t.raw)%info.size != 0 {
			return fmt.Errorf("%d bytes of elements of %d bytes", len(t.raw), info.size)
		}
	}
	if have != n {
		return fmt.Errorf("shape %v has %d elements but %d are there", t.shape, n, have)
	}
	return nil
}

// volume is the number of elements of a shape.
func volume(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("shape %v has more than %d axes", shape, maxRank)
	}
	n, err := sizes.Product(shape, maxElements)
	if err != nil {
		err = fmt.Errorf("shape %v is too large: %w", shape, err)
	}
	return n, err
}

func (t *tensor) kind() kind { return types[t.elem].kind }

// read gives the elements in order, exactly; whole numbers beyond 2⁵³ are rounded.
func (t *tensor) read(into []float64) {
	size := types[t.elem].size
	for k := range into {
		switch {
		case t.raw != nil:
			into[k] = element(t.elem, bits(t.raw[k*size:(k+1)*size]))
		case len(t.values) > 0:
			into[k] = t.values[k]
		case t.elem == 10 || t.elem == 16:
			into[k] = element(t.elem, t.bits[k])
		default:
			into[k] = float64(int64(t.bits[k]))
		}
	}
}

// element is the number that some bits are in one of ONNX's types.
func element(elem int, b uint64) float64 {
	switch elem {
	case 1:
		return float64(math.Float32frombits(uint32(b)))
	case 3:
		return float64(int8(b))
	case 5:
		return float64(int16(b))
	case 6:
		return float64(int32(b))
	case 7:
		return float64(int64(b))
	case 10:
		return binary16.Float64(uint16(b))
	case 11:
		return math.Float64frombits(b)
	case 16:
		return binary16.BrainFloat64(uint16(b))
	}
	return float64(b)
}
