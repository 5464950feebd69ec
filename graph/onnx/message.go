package onnx

import (
	little "encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"drift/data/binary16"
)

// The messages of ONNX's files by the numbers of their fields (onnx.proto of release 1.12).

func putInt(message []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, field, protowire.VarintType), uint64(v))
}

func putBytes[T []byte | string](message []byte, field protowire.Number, v T) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, field, protowire.BytesType), []byte(v))
}

// tensorMessage is a TensorProto of numbers, rounded to its type. What becomes infinite by that is refused.
func tensorMessage(name string, elem int, shape []int, values []float64) (message []byte, err error) {
	for _, d := range shape {
		message = putInt(message, 1, d)
	}
	message = putBytes(putInt(message, 2, elem), 8, name)
	size := types[elem].size
	raw := make([]byte, 0, len(values)*size)
	for _, v := range values {
		raw = appendElement(raw, elem, v)
		if stored := element(elem, bits(raw[len(raw)-size:])); math.IsInf(stored, 0) && !math.IsInf(v, 0) {
			return nil, fmt.Errorf("tensor %q holds %v, which is too large for numbers of type %s", name, v, types[elem].name)
		}
	}
	return putBytes(message, 9, raw), nil
}

// appendElement appends a number, rounded to one of ONNX's types, or a whole number.
func appendElement(raw []byte, elem int, v float64) []byte {
	switch elem {
	case elemFloat:
		return little.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	case elemHalf:
		return little.LittleEndian.AppendUint16(raw, binary16.Bits(v))
	case elemBrain:
		return little.LittleEndian.AppendUint16(raw, binary16.BrainBits(v))
	case elemInt64:
		return little.LittleEndian.AppendUint64(raw, uint64(int64(v)))
	}
	return little.LittleEndian.AppendUint64(raw, math.Float64bits(v))
}

// attributeMessage begins an AttributeProto.
func attributeMessage(name string, kind int) []byte { return putInt(putBytes(nil, 1, name), 20, kind) }

func whole64(name string, v int) []byte { return putInt(attributeMessage(name, kindInt), 3, v) }

func single32(name string, v float64) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(attributeMessage(name, kindFloat), 2, protowire.Fixed32Type), math.Float32bits(float32(v)))
}

func wholes64(name string, v ...int) []byte {
	message := attributeMessage(name, kindInts)
	for _, x := range v {
		message = putInt(message, 8, x)
	}
	return message
}

// nodeMessage is a NodeProto with one or more outputs.
func nodeMessage(name, op string, inputs, outputs []string, attributes ...[]byte) (message []byte) {
	for _, in := range inputs {
		message = putBytes(message, 1, in)
	}
	for _, out := range outputs {
		message = putBytes(message, 2, out)
	}
	message = putBytes(putBytes(message, 3, name), 4, op)
	for _, a := range attributes {
		message = putBytes(message, 5, a)
	}
	return message
}

// batchMessage is a ValueInfoProto of a batch, whose size is left open, of examples of a shape.
func batchMessage(name string, elem int, example []int) []byte {
	shape := putBytes(nil, 1, putBytes(nil, 2, "batch"))
	for _, d := range example {
		shape = putBytes(shape, 1, putInt(nil, 1, d))
	}
	tensor := putBytes(putInt(nil, 1, elem), 2, shape)
	return putBytes(putBytes(nil, 1, name), 2, putBytes(nil, 1, tensor))
}
