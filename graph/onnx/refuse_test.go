package onnx_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"drift/graph/onnx"
)

// part is one field of a message under way: bytes, a string, a number or a message.
func part(num protowire.Number, v any) []byte {
	switch v := v.(type) {
	case int:
		return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), uint64(v))
	case float64:
		return protowire.AppendFixed32(protowire.AppendTag(nil, num, protowire.Fixed32Type), math.Float32bits(float32(v)))
	case string:
		return protowire.AppendString(protowire.AppendTag(nil, num, protowire.BytesType), v)
	case [][]byte:
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), join(v...))
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), v.([]byte))
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// operator is a node "here" with inputs, the output y and further fields.
func operator(op string, inputs []string, more ...[]byte) []byte {
	fields := [][]byte{part(4, op), part(3, "here"), part(2, "y")}
	for _, in := range inputs {
		fields = append(fields, part(1, in))
	}
	return part(1, append(fields, more...))
}

func integerAttribute(name string, v int) []byte {
	return part(5, [][]byte{part(1, name), part(3, v), part(20, 2)})
}

// wholes is an initializer of int64.
func wholes(name string, values ...int) []byte {
	fields := [][]byte{part(1, len(values)), part(2, 7), part(8, name)}
	for _, v := range values {
		fields = append(fields, part(7, v))
	}
	return part(5, fields)
}

// weight is an initializer of float32 with the given dimensions and bytes.
func weight(name string, data int, dims ...int) []byte {
	fields := [][]byte{part(2, 1), part(8, name), part(9, make([]byte, data))}
	for _, d := range dims {
		fields = append(fields, part(1, d))
	}
	return part(5, fields)
}

// value is an input (11) or output (12) of float32 with 4 columns and an open batch.
func value(num protowire.Number, name string) []byte {
	shape := part(2, [][]byte{part(1, [][]byte{part(2, "batch")}), part(1, [][]byte{part(1, 4)})})
	return part(num, [][]byte{part(1, name), part(2, [][]byte{part(1, [][]byte{part(1, 1), shape})})})
}

// file is a model of the given parts of a graph, which maps x to y.
func file(parts ...[]byte) []byte {
	whole := append([][]byte{value(11, "x"), value(12, "y")}, parts...)
	return join(part(7, whole), part(8, [][]byte{part(1, ""), part(2, 17)}))
}

func load(data []byte) error {
	_, err := onnx.Decode(data, nil, nil)
	return err
}

// A file that is damaged, claims more than it holds, or holds what is not supported is refused in one line that names the place.
func TestRefused(t *testing.T) {
	product := operator("MatMul", []string{"x", "w"})
	w := weight("w", 64, 4, 4)
	if err := load(file(product, w)); err != nil {
		t.Fatalf("the file that the others are made of: %v", err)
	}
	huge := 1 << 40
	cases := []struct {
		says string
		data []byte
	}{
		{"holds 0 graphs", nil},
		{"not a protobuf message", []byte("<html></html>")},
		{"not a protobuf message", file(product, w)[:90]},
		{"export it for 9 … 23", join(part(7, [][]byte{value(11, "x"), value(12, "y"), product, w}), part(8, [][]byte{part(2, 3)}))},
		{`node "here": operator Loop is not supported`, file(operator("Loop", []string{"x"}), w)},
		{`operator com.microsoft.Attention is not supported`, file(operator("Attention", []string{"x"}, part(7, "com.microsoft")), w)},
		{`attribute "cubic" of Relu is not supported`, file(operator("Relu", []string{"x"}, integerAttribute("cubic", 1)), w)},
		{"MatMul has 1 inputs", file(operator("MatMul", []string{"x"}), w)},
		{`it reads "v", which no node before it computes`, file(operator("MatMul", []string{"x", "v"}), w)},
		{"it has inputs x, z", file(product, w, value(11, "z"))},
		{`two initializers are called "w"`, file(product, w, w)},
		{"is too large", file(product, weight("w", 64, huge, huge))},
		{"has 1000000 elements but 16 are there", file(product, weight("w", 64, 1000, 1000))},
		{"stand in another file", file(product, part(5, [][]byte{part(2, 1), part(8, "w"), part(1, 4), part(14, 1)}))},
		{"multiplies values of shape [2 4] and [5 4]", file(product, weight("w", 80, 5, 4))},
		{"export with a dynamic batch axis", file(operator("Reshape", []string{"x", "s"}), wholes("s", 1, 4), w)},
		{"is too large", file(operator("Expand", []string{"x", "s"}), wholes("s", 1<<30, 1, 4), w)},
		{"a constant of shape", file(part(1, [][]byte{part(4, "ConstantOfShape"), part(1, "s"), part(2, "c")}), operator("Add", []string{"x", "c"}), wholes("s", 1<<25, 4))},
		{"its layers have no parameters", file(operator("Relu", []string{"x"}), w)},
		{"holds neither floating nor whole", join(part(7, [][]byte{part(11, [][]byte{part(1, "x")}), value(12, "y"), product, w}), part(8, [][]byte{part(2, 17)}))},
		{"statistics of the batch", file(operator("BatchNormalization", []string{"x", "v", "v", "v", "v"}, integerAttribute("training_mode", 1)), weight("v", 16, 4))},
	}
	for _, c := range cases {
		err := load(c.data)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("want one line that says %q, got %v", c.says, err)
		}
	}
}

// Whatever the bytes are, they are read or refused.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"mlp", "cnn", "assorted", "language"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".onnx"))
		must(f, err)
		f.Add(data)
	}
	f.Add(file(operator("MatMul", []string{"x", "w"}), weight("w", 64, 4, 4)))
	f.Fuzz(func(_ *testing.T, data []byte) { load(data) })
}
