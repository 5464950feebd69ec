package onnx

import "drift/graph"

// windows is how windows lie on images [n,c,h,w]; rows of values [n,c,w] are images of height 1.
type windows struct {
	kernel, stride, dilation [2]int
	before, after            [2]int // padding at the top and left, at the bottom and right
}

// pair is an attribute with a number for each axis; those of one axis are its second.
func (n *node) pair(name string, axes, without int) [2]int {
	list := n.integers(name)
	p := [2]int{without, without}
	switch {
	case list == nil:
	case len(list) != axes:
		fail("%s is %v for %d axes", name, list, axes)
	default:
		copy(p[2-axes:], list)
	}
	if axes == 1 {
		p[0] = 1
	}
	for _, v := range p {
		if v < 1 || v > maxElements {
			fail("%s is %v", name, list)
		}
	}
	return p
}

// windows reads the attributes for images of a size.
func (n *node) windows(axes int, kernel, size [2]int) windows {
	w := windows{kernel: kernel, stride: n.pair("strides", axes, 1), dilation: n.pair("dilations", axes, 1)}
	switch how := n.text("auto_pad", "NOTSET"); how {
	case "NOTSET":
		list := n.integers("pads")
		if list == nil {
			break
		}
		if len(list) != 2*axes {
			fail("pads are %v for %d axes", list, axes)
		}
		copy(w.before[2-axes:], list[:axes])
		copy(w.after[2-axes:], list[axes:])
	case "VALID":
	case "SAME_UPPER", "SAME_LOWER":
		for k := range size {
			wide := (w.kernel[k]-1)*w.dilation[k] + 1
			total := max(0, ((size[k]+w.stride[k]-1)/w.stride[k]-1)*w.stride[k]+wide-size[k])
			w.before[k], w.after[k] = total/2, total-total/2
			if how == "SAME_LOWER" {
				w.before[k], w.after[k] = w.after[k], w.before[k]
			}
		}
	default:
		fail("auto_pad is %q", how)
	}
	for k := range w.before {
		if p, q := w.before[k], w.after[k]; p < 0 || q < 0 || p > maxElements || q > maxElements {
			fail("padding of %d and %d", p, q)
		}
	}
	return w
}

// images is a value as images, with the number of axes that it has behind the channels.
func (b *builder) images(v value) (x *graph.Node, axes int) {
	switch s := v.shape; len(s) {
	case 3:
		return graph.Reshape(b.data(v), s[0], s[1], 1, s[2]), 1
	case 4:
		return b.data(v), 2
	}
	fail("takes images [n,c,h,w] or rows of values [n,c,w], not shape %v", v.shape)
	return nil, 0
}

// imaged is images as a value with as many axes as before.
func imaged(y *graph.Node, axes int) []value {
	s := y.Shape()
	if axes == 1 {
		return []value{result(y, numbers, s[0], s[1], s[3])}
	}
	return []value{result(y, numbers, s...)}
}

// padded puts zeros around images where the two sides differ, and gives the padding that is left.
func (w windows) padded(x *graph.Node) (*graph.Node, [2]int) {
	if w.before == w.after {
		return x, w.before
	}
	for k := range w.before {
		size := x.Shape()[2+k]
		if graph.Size(x)/size > maxElements/(size+w.before[k]+w.after[k]) {
			fail("padding of %d and %d", w.before[k], w.after[k])
		}
		x = graph.PadAxis(x, 2+k, w.before[k], size+w.before[k]+w.after[k])
	}
	return x, [2]int{}
}

func convolution(b *builder, n *node, in []value) []value {
	x, axes := b.images(in[0])
	k := b.data(in[1])
	s := in[1].shape
	if len(s) != 2+axes {
		fail("has kernels of shape %v for values of shape %v", s, in[0].shape)
	}
	kernel := [2]int{1, s[len(s)-1]}
	if axes == 2 {
		kernel[0] = s[2]
	}
	groups := n.integer("group", 1)
	w := n.windows(axes, kernel, [2]int{x.Shape()[2], x.Shape()[3]})
	if c := x.Shape()[1]; groups < 1 || groups > c || c != groups*s[1] || s[0]%groups != 0 {
		fail("has kernels of shape %v for values of shape %v in %d groups", s, in[0].shape, groups)
	}
	x, padding := w.padded(x)
	y := graph.GroupedConv2D(x, graph.Reshape(k, s[0], s[1], kernel[0], kernel[1]), w.stride, padding, w.dilation, groups)
	b.products += graph.Size(y) * in[1].size() / s[0]
	if bias, ok := optional(in, 2); ok {
		if bias.rank() != 1 || bias.shape[0] != s[0] {
			fail("has a bias of shape %v for %d channels", bias.shape, s[0])
		}
		y = graph.Bias(y, b.data(bias), 1)
	}
	return imaged(y, axes)
}
