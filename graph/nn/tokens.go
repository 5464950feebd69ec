package nn

import (
	"fmt"

	"drift/graph"
)

// Tokens turns an image into a row of channels for each of its places, line by line: [c,h,w] → [h·w,c].
type Tokens struct{}

// Shape is [c,h,w] → [h·w,c].
func (Tokens) Shape(_ *Scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	return []int{in[1] * in[2], in[0]}, nil
}

// Build moves the channels behind the places.
func (Tokens) Build(_ *Build, x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Transpose(graph.Reshape(x, s[0], s[1], s[2]*s[3]), 0, 2, 1)
}

// MeanPool is the mean of the rows of an example: [t,e] → [e].
type MeanPool struct{}

// Shape is [t,e] → [e].
func (MeanPool) Shape(_ *Scope, in []int) ([]int, error) {
	if err := sequences(in); err != nil {
		return nil, err
	}
	return in[1:], nil
}

// Build takes the means.
func (MeanPool) Build(_ *Build, x *graph.Node) *graph.Node { return graph.Mean(x, 1) }

// sequences checks that an example has the shape [positions,width].
func sequences(in []int) error {
	if len(in) != 2 {
		return fmt.Errorf("takes examples of shape [positions,width], not %s", dims(in))
	}
	return nil
}
