package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is the value of one field of a message: a number, whose bits those of its wire type are, or bytes.
type field struct {
	wire   protowire.Type
	number uint64
	bytes  []byte
}

// message calls f for each field of a message in turn. Bytes are parts of data, not copies.
func message(data []byte, f func(num protowire.Number, v field) error) error {
	for len(data) > 0 {
		num, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return fmt.Errorf("not a protobuf message: %w", protowire.ParseError(n))
		}
		data = data[n:]
		v := field{wire: wire}
		switch wire {
		case protowire.VarintType:
			v.number, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(data)
			v.number = uint64(bits)
		case protowire.Fixed64Type:
			v.number, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(data)
		default:
			return fmt.Errorf("not a protobuf message of ONNX: field %d has wire type %d", num, wire)
		}
		if n < 0 {
			return fmt.Errorf("not a protobuf message: field %d: %w", num, protowire.ParseError(n))
		}
		data = data[n:]
		if err := f(num, v); err != nil {
			return err
		}
	}
	return nil
}

// varints are the numbers of a repeated field, packed or one by one.
func (v field) varints(add func(uint64)) error {
	if v.wire == protowire.VarintType {
		add(v.number)
		return nil
	}
	for data := v.bytes; len(data) > 0; {
		x, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return fmt.Errorf("not a protobuf message: %w", protowire.ParseError(n))
		}
		add(x)
		data = data[n:]
	}
	return nil
}

// fixed are the numbers of a repeated field of floats or doubles, packed or one by one.
func (v field) fixed(size int, add func(float64)) error {
	value := func(bits uint64) float64 {
		if size == 4 {
			return float64(math.Float32frombits(uint32(bits)))
		}
		return math.Float64frombits(bits)
	}
	if v.wire != protowire.BytesType {
		add(value(v.number))
		return nil
	}
	if len(v.bytes)%size != 0 {
		return fmt.Errorf("not a protobuf message: %d bytes of numbers of %d bytes", len(v.bytes), size)
	}
	for data := v.bytes; len(data) > 0; data = data[size:] {
		add(value(bits(data[:size])))
	}
	return nil
}

// bits is a little-endian number.
func bits(b []byte) (x uint64) {
	for k, c := range b {
		x |= uint64(c) << (8 * k)
	}
	return x
}
