package onnx

import (
	"maps"
	"slices"

	"drift/graph/nn"
)

// Decode makes the model of a file's bytes.
func Decode(data []byte, example []int, loss nn.Loss) (*nn.Model, error) {
	return decode("onnx:test", data, example, loss)
}

// Operators lists those that are known.
func Operators() []string { return slices.Sorted(maps.Keys(rules)) }

// WithElements is a file whose initializers of numbers are of another type.
func WithElements(file []byte, elem int) []byte {
	return edited(file, 7, func(graph []byte) []byte {
		return edited(graph, 5, func(initializer []byte) []byte {
			t, err := parseTensor(initializer)
			if err != nil || t.kind() != numbers {
				return initializer
			}
			message, err := tensorMessage(t.name, elem, t.shape, t.array().values)
			if err != nil {
				panic(err)
			}
			return message
		})
	})
}

// Half and Brain are types of 16 bits.
const Half, Brain = elemHalf, elemBrain
