package nn

import (
	"fmt"

	"drift/graph"
)

// window is the geometry of a pooling layer.
type window struct {
	kernel, stride, padding Pair
}

// windowOf is the geometry where the stride is the kernel, so that windows tile the image, unless given.
func windowOf(kernel Pair, stride *Pair, padding Pair) window {
	if stride == nil {
		stride = &kernel
	}
	return window{kernel, *stride, padding}
}

// shape is [c,h,w] → [c,h′,w′].
func (w window) shape(in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	at, err := slide(in[1:], w.kernel, w.stride, w.padding, Pair{1, 1})
	if err != nil {
		return nil, err
	}
	if w.padding[0] > w.kernel[0]/2 || w.padding[1] > w.kernel[1]/2 {
		return nil, fmt.Errorf("padding %d×%d is more than half the kernel of %d×%d", w.padding[0], w.padding[1], w.kernel[0], w.kernel[1])
	}
	return []int{in[0], at[0], at[1]}, nil
}

// MaxPool2D is the largest element of each window; padding counts as −∞.
type MaxPool2D struct {
	Kernel  Pair  `json:"kernel"`
	Stride  *Pair `json:"stride,omitempty"` // nil: the kernel
	Padding Pair  `json:"padding"`
}

func (l MaxPool2D) window() window { return windowOf(l.Kernel, l.Stride, l.Padding) }

// Shape is [c,h,w] → [c,h′,w′].
func (l MaxPool2D) Shape(_ *Scope, in []int) ([]int, error) { return l.window().shape(in) }

// Build takes the largest elements.
func (l MaxPool2D) Build(_ *Build, x *graph.Node) *graph.Node {
	w := l.window()
	return graph.MaxPool2D(x, w.kernel, w.stride, w.padding)
}

// AvgPool2D is the mean of each window; padding counts as zeros.
type AvgPool2D struct {
	Kernel  Pair  `json:"kernel"`
	Stride  *Pair `json:"stride,omitempty"` // nil: the kernel
	Padding Pair  `json:"padding"`
}

func (l AvgPool2D) window() window { return windowOf(l.Kernel, l.Stride, l.Padding) }

// Shape is [c,h,w] → [c,h′,w′].
func (l AvgPool2D) Shape(_ *Scope, in []int) ([]int, error) { return l.window().shape(in) }

// Build takes the means.
func (l AvgPool2D) Build(_ *Build, x *graph.Node) *graph.Node {
	w := l.window()
	return graph.AvgPool2D(x, w.kernel, w.stride, w.padding)
}

// GlobalAvgPool is the mean of each channel.
type GlobalAvgPool struct{}

// Shape is [c,h,w] → [c].
func (GlobalAvgPool) Shape(_ *Scope, in []int) ([]int, error) {
	if err := images(in); err != nil {
		return nil, err
	}
	return in[:1], nil
}

// Build takes the means.
func (GlobalAvgPool) Build(_ *Build, x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Mean(graph.Reshape(x, s[0], s[1], s[2]*s[3]), 2)
}
