package onnx_test

import (
	"bytes"
	"testing"

	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/onnx"
)

// A network that is written with other weights and read again has these, rounded to float32, and buffers as before; with its own it is as it was.
func TestWritesWhatItReads(t *testing.T) {
	for _, name := range networks {
		m, e := open(t, name)
		first := objective.Draw(m, 1)
		values := make([]float64, len(first))
		copy(values, first)
		for i := range m.NumParams() {
			values[i] = float64(float32(1.5*values[i] + 0.25))
		}
		for _, want := range [][]float64{first, values} {
			var file bytes.Buffer
			must(t, onnx.Write(&file, m, want))
			again, err := onnx.Decode(file.Bytes(), e.Shape[1:], nn.CrossEntropy{})
			must(t, err)
			near(t, name, objective.Draw(again, 1), want, 0)
		}
	}
	plain, err := nn.Parse("mlp:3", []int{4}, 2, nn.CrossEntropy{})
	must(t, err)
	if err := onnx.Write(&bytes.Buffer{}, plain, plain.Init(1)); err == nil {
		t.Error("a network of layers was written")
	}
}
