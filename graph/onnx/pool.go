package onnx

import (
	"slices"

	"drift/graph"
)

// pooling reads what both kinds have in common.
func (n *node) pooling(x *graph.Node, axes int) windows {
	kernel := n.pair("kernel_shape", axes, 1)
	if n.integers("kernel_shape") == nil {
		fail("kernel_shape is missing")
	}
	w := n.windows(axes, kernel, [2]int{x.Shape()[2], x.Shape()[3]})
	if w.dilation != [2]int{1, 1} {
		fail("pooling with dilation %v is not supported", w.dilation)
	}
	if n.integer("storage_order", 0) != 0 {
		fail("storage_order is not 0")
	}
	if n.integer("ceil_mode", 0) != 0 {
		for k, size := range x.Shape()[2:] {
			if rest := size + w.before[k] + w.after[k] - kernel[k]; rest < 0 || rest%w.stride[k] != 0 {
				fail("ceil_mode counts windows that reach beyond images of %d: only sizes that windows fill are supported", size)
			}
		}
	}
	return w
}

func maxPool(b *builder, n *node, in []value) []value {
	x, axes := b.images(in[0])
	w := n.pooling(x, axes)
	if w.before != w.after {
		fail("padding %v at one side and %v at the other is not supported", w.before, w.after)
	}
	return imaged(graph.MaxPool2D(x, w.kernel, w.stride, w.before), axes)
}

// averagePool leaves padding out of the means unless told to count it.
func averagePool(b *builder, n *node, in []value) []value {
	x, axes := b.images(in[0])
	w := n.pooling(x, axes)
	h, wide := x.Shape()[2], x.Shape()[3]
	x, padding := w.padded(x)
	y := graph.AvgPool2D(x, w.kernel, w.stride, padding)
	if n.integer("count_include_pad", 0) != 0 || w.before == [2]int{} && w.after == [2]int{} {
		return imaged(y, axes)
	}
	s := y.Shape()
	share := b.array(numbers, 1, 1, s[2], s[3])
	for i := range s[2] {
		for j := range s[3] {
			inside := w.inside(0, i, h) * w.inside(1, j, wide)
			if inside == 0 {
				fail("a window lies in the padding alone")
			}
			share.values[i*s[3]+j] = float64(w.kernel[0]*w.kernel[1]) / float64(inside)
		}
	}
	return imaged(graph.Mul(y, b.nodeOf(b.broadcast(folded(share), s))), axes)
}

// inside is how many indices of the i-th window along an axis lie in the image.
func (w windows) inside(axis, i, size int) int {
	from := i*w.stride[axis] - w.before[axis]
	return min(from+w.kernel[axis], size) - max(from, 0)
}

// globalPool is the mean or the largest value of each channel.
func globalPool(largest bool) func(*builder, *node, []value) []value {
	return func(b *builder, _ *node, in []value) []value {
		x := in[0]
		if x.rank() < 3 {
			fail("takes images, not shape %v", x.shape)
		}
		rows := graph.Reshape(b.data(x), x.shape[0], x.shape[1], product(x.shape[2:]))
		y := graph.Mean(rows, 2)
		if largest {
			y = graph.MaxAxis(rows, 2)
		}
		return []value{result(y, numbers, append(slices.Clone(x.shape[:2]), slices.Repeat([]int{1}, x.rank()-2)...)...)}
	}
}
