package onnx

import (
	little "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"drift/graph/nn"
)

// Write writes the file that a model came from with other values of its parameters, θ. They are rounded to the type that the file has them
// in. All else in it stays as it is; what is behind θ in values, as the statistics of objective.Tensors, is not read. Models that came from no file of ONNX's are refused.
func Write(w io.Writer, m *nn.Model, values []float64) error {
	var net *network
	if len(m.Layers) == 1 {
		net, _ = m.Layers[0].(*network)
	}
	if net == nil {
		return errors.New("writing ONNX: only a network that came from a file of ONNX's can be written to one: save its weights in another format")
	}
	changed := make(map[string][]float64)
	for _, p := range m.Params() {
		changed[p.Name] = values[p.Offset : p.Offset+p.Len]
	}
	for _, t := range net.params {
		if t.elem != 1 && t.elem != 11 {
			return fmt.Errorf("writing ONNX: parameter %q is of type %s: only float and double are written", t.name, types[t.elem].name)
		}
	}
	_, err := w.Write(edited(net.source, 7, func(graph []byte) []byte { // ModelProto.graph
		return edited(graph, 5, func(initializer []byte) []byte { // GraphProto.initializer
			t, err := parseTensor(initializer)
			if x, own := changed[t.name]; err == nil && own && t.kind() == numbers {
				return t.with(x)
			}
			return initializer
		})
	}))
	return err
}

// with is the message of a tensor with other values.
func (t *tensor) with(values []float64) (message []byte) {
	for _, d := range t.shape {
		message = protowire.AppendVarint(protowire.AppendTag(message, 1, protowire.VarintType), uint64(d))
	}
	message = protowire.AppendVarint(protowire.AppendTag(message, 2, protowire.VarintType), uint64(t.elem))
	message = protowire.AppendString(protowire.AppendTag(message, 8, protowire.BytesType), t.name)
	raw := make([]byte, 0, len(values)*types[t.elem].size)
	for _, v := range values {
		if t.elem == 1 {
			raw = little.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		} else {
			raw = little.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
	}
	return protowire.AppendBytes(protowire.AppendTag(message, 9, protowire.BytesType), raw)
}

// edited is a message, read before, in which f replaces the bytes of one field wherever it stands.
func edited(data []byte, field protowire.Number, f func([]byte) []byte) (out []byte) {
	for len(data) > 0 {
		num, wire, tag := protowire.ConsumeTag(data)
		size := protowire.ConsumeFieldValue(num, wire, data[tag:])
		if num == field && wire == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(data[tag:])
			out = protowire.AppendBytes(append(out, data[:tag]...), f(value))
		} else {
			out = append(out, data[:tag+size]...)
		}
		data = data[tag+size:]
	}
	return out
}
