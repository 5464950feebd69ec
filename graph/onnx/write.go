package onnx

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// Write writes a model with the given values of its objective.Tensors. A model that came from a file of ONNX's becomes that file with other
// values of its parameters, rounded to the types that the file has them in; all else stays as it is, statistics included. A model of layers
// is written in the operators of version 17, with the batch left open, with numbers of the type dt, and with dropout off; its tensors keep
// their names. Layers that have no form in ONNX are refused by name.
func Write(w io.Writer, m *nn.Model, dt kernels.DType, values []float64) error {
	file, err := encode(m, dt, values)
	if err == nil && len(file) > maxFile {
		err = fmt.Errorf("%d bytes are more than the %d that a file may have", len(file), maxFile)
	}
	if err != nil {
		return fmt.Errorf("writing ONNX: %w", err)
	}
	_, err = w.Write(file)
	return err
}

// encode is the bytes of a file.
func encode(m *nn.Model, dt kernels.DType, values []float64) ([]byte, error) {
	if want := objective.NumParams(objective.Tensors(m)); len(values) != want {
		return nil, fmt.Errorf("%d values for the %d of the model's parameters and buffers", len(values), want)
	}
	if len(m.Layers) == 1 {
		if net, ok := m.Layers[0].(*network); ok {
			return net.withValues(m, values)
		}
	}
	return encodeLayers(m, dt, values)
}

// withValues is the network's file with other values of its parameters.
func (net *network) withValues(m *nn.Model, values []float64) ([]byte, error) {
	changed := make(map[string][]float64)
	for _, p := range m.Params() {
		changed[p.Name] = values[p.Offset : p.Offset+p.Len]
	}
	var problems []error
	file := edited(net.source, 7, func(graph []byte) []byte { // ModelProto.graph
		return edited(graph, 5, func(initializer []byte) []byte { // GraphProto.initializer
			t, err := parseTensor(initializer)
			x, own := changed[t.name]
			if err != nil || !own || t.kind() != numbers {
				return initializer
			}
			message, err := tensorMessage(t.name, t.elem, t.shape, x)
			problems = append(problems, err)
			return message
		})
	})
	return file, errors.Join(problems...)
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
