package onnx

import "drift/graph/nn"

// Decode makes the model of a file's bytes.
func Decode(data []byte, example []int, loss nn.Loss) (*nn.Model, error) {
	return decode("onnx:test", data, example, loss)
}
