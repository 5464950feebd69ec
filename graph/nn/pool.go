package nn

import (
	"fmt"

	"drift/graph"
)

// window is the geometry of a pooling layer.
type window struct {
	Kernel  pair  `json:"kernel"`
	Stride  *pair `json:"stride,omitempty"` // nil: the kernel, so that windows tile the image
	Padding pair  `json:"padding"`
}

func (w window) stride() pair {
	if w.Stride == nil {
		return w.Kernel
	}
	return *w.Stride
}

func (w window) infer(_ scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	at, err := slide(in[1:], w.Kernel, w.stride(), w.Padding)
	if err != nil {
		return nil, err
	}
	if w.Padding[0] > w.Kernel[0]/2 || w.Padding[1] > w.Kernel[1]/2 {
		return nil, fmt.Errorf("padding %d×%d is more than half the kernel of %d×%d", w.Padding[0], w.Padding[1], w.Kernel[0], w.Kernel[1])
	}
	return []int{in[0], at[0], at[1]}, nil
}

// maxPool2D is the largest element of each window.
type maxPool2D struct{ window }

func (maxPool2D) kind() string { return "maxpool2d" }

func (l maxPool2D) build(_ *builder, x *graph.Node) *graph.Node {
	return graph.MaxPool2D(x, l.Kernel, l.stride(), l.Padding)
}

// avgPool2D is the mean of each window; padding counts as zeros.
type avgPool2D struct{ window }

func (avgPool2D) kind() string { return "avgpool2d" }

func (l avgPool2D) build(_ *builder, x *graph.Node) *graph.Node {
	return graph.AvgPool2D(x, l.Kernel, l.stride(), l.Padding)
}

// globalAvgPool is the mean of each channel.
type globalAvgPool struct{}

func (globalAvgPool) kind() string { return "globalavgpool" }

func (globalAvgPool) infer(_ scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	return in[:1], nil
}

func (globalAvgPool) build(_ *builder, x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Mean(graph.Reshape(x, s[0], s[1], s[2]*s[3]), 2)
}
