package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// convKind is one of three bilinear maps, each the derivative of the other two.
type convKind uint8

const (
	convForward convKind = iota // y from x and k
	convInput                   // x̄ from ȳ and k
	convWeight                  // k̄ from x and ȳ
)

// conv is a convolution or one of its adjoints, of which kernels.Conv tells the sizes.
type conv struct {
	kind convKind
	kernels.Conv
}

func (f conv) String() string { return fmt.Sprintf("conv%d%+v", f.kind, f.Conv) }

func (f conv) images() tensor.Shape { return tensor.Shape{f.N, f.C, f.H, f.W} }
func (f conv) output() tensor.Shape { return tensor.Shape{f.N, f.O, f.OutH(), f.OutW()} }

func (f conv) kernel() tensor.Shape {
	c := f.C / f.Parts()
	if f.PerExample {
		return tensor.Shape{f.N, f.O, c, f.KH, f.KW}
	}
	return tensor.Shape{f.O, c, f.KH, f.KW}
}

func (f conv) shape(in []tensor.Shape) tensor.Shape {
	x, k, y := f.images(), f.kernel(), f.output()
	var want [2]tensor.Shape
	var out tensor.Shape
	switch f.kind {
	case convForward:
		want, out = [2]tensor.Shape{x, k}, y
	case convInput:
		want, out = [2]tensor.Shape{y, k}, x
	default:
		want, out = [2]tensor.Shape{x, y}, k
	}
	mustMatch("convolution", in[0], want[0])
	mustMatch("convolution", in[1], want[1])
	return out
}

func (f conv) as(kind convKind, a, b *Node) *Node { f.kind = kind; return apply(f, a, b) }

func (f conv) vjp(in []*Node, out, g *Node) []*Node {
	a, b := in[0], in[1]
	switch f.kind {
	case convForward:
		return []*Node{f.as(convInput, g, b), f.as(convWeight, a, g)}
	case convInput:
		return []*Node{f.as(convForward, g, b), f.as(convWeight, g, a)}
	}
	if f.PerExample && f.Parts() == 1 {
		if c, m, ok := aboutMean(out, g); ok && (c == 0 || f.favoursProducts()) {
			return f.ownAdjoints(a, b, c, m)
		}
	}
	return []*Node{f.as(convInput, b, g), f.as(convForward, a, g)}
}

func (f conv) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	switch f.kind {
	case convInput:
		return kernels.ConvInput(f.Conv)
	case convWeight:
		return kernels.ConvWeight(f.Conv)
	}
	return f.Conv
}

// windowOver describes windows that slide over images [n,c,h,w].
func windowOver(x *Node, kernel, stride, padding, dilation [2]int) kernels.Window {
	s := x.Shape()
	if len(s) != 4 {
		misuse("images must have shape [n,c,h,w], not %v", s)
	}
	w := kernels.Window{N: s[0], C: s[1], H: s[2], W: s[3], KH: kernel[0], KW: kernel[1],
		StrideH: stride[0], StrideW: stride[1], PadH: padding[0], PadW: padding[1], DilationH: dilation[0], DilationW: dilation[1]}
	if err := w.Check(); err != nil {
		misuse("%v", err)
	}
	return w
}

// Conv2D is the cross-correlation of images with kernels and zero padding, as PyTorch's conv2d:
// Conv2D([n,c,h,w], [o,c,kh,kw]) → [n,o,oh,ow]. Kernels [n,o,c,kh,kw] give every image its own.
func Conv2D(x, k *Node, stride, padding [2]int) *Node {
	return GroupedConv2D(x, k, stride, padding, [2]int{1, 1}, 1)
}

// GroupedConv2D is Conv2D with pixels between the places of a kernel, dilation apart, and channels and outputs in groups of equal size, of
// which each sees its own alone: GroupedConv2D([n,c,h,w], [o,c/groups,kh,kw]) → [n,o,oh,ow].
func GroupedConv2D(x, k *Node, stride, padding, dilation [2]int, groups int) *Node {
	s := k.Shape()
	r := len(s)
	if r != 4 && r != 5 {
		misuse("convolution: kernels of shape %v", s)
	}
	if min(dilation[0], dilation[1], groups) < 1 {
		misuse("convolution: dilation %v, %d groups: both are at least 1", dilation, groups)
	}
	w := windowOver(x, [2]int{s[r-2], s[r-1]}, stride, padding, dilation)
	c := kernels.Conv{Window: w, O: s[r-4], PerExample: r == 5, Groups: groups}
	if _, _, err := c.Operands(); err != nil {
		misuse("convolution of images %v and kernels %v: %v", x.Shape(), s, err)
	}
	return apply(conv{convForward, c}, x, k)
}

// im2col lays windows out as rows; its adjoint adds them back.
type im2col struct {
	kernels.Window
	back bool
}

func (f im2col) String() string { return fmt.Sprintf("im2col%+v", f.Window) + fmt.Sprint(f.back) }

func (f im2col) shape([]tensor.Shape) tensor.Shape {
	if f.back {
		return tensor.Shape{f.N, f.C, f.H, f.W}
	}
	return tensor.Shape{f.N, f.OutH() * f.OutW(), f.C * f.KH * f.KW}
}

func (f im2col) vjp(_ []*Node, _, g *Node) []*Node { f.back = !f.back; return []*Node{apply(f, g)} }

func (f im2col) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	if f.back {
		return kernels.Col2Im{Window: f.Window}
	}
	return kernels.Im2Col{Window: f.Window}
}

// Im2Col lays every window of images [n,c,h,w] out as a row: [n, oh·ow, c·kh·kw].
func Im2Col(x *Node, kernel, stride, padding [2]int) *Node {
	return apply(im2col{Window: windowOver(x, kernel, stride, padding, [2]int{1, 1})}, x)
}
