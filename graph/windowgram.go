package graph

import (
	"fmt"

	"gorgonia.org/tensor"

	"drift/kernels"
)

// windowGram is the Gram matrices [n,t,t] of windows from those of pixels [n,h·w,h·w], for images of a single plane; its adjoint
// gives each pair of pixels the sum over the pairs of windows that have them at the same place.
type windowGram struct {
	kernels.Window
	back bool
}

func (f windowGram) String() string { return fmt.Sprintf("windowgram%+v%t", f.Window, f.back) }

func (f windowGram) sides() (pixels, windows tensor.Shape) {
	p, t := f.H*f.W, f.OutH()*f.OutW()
	return tensor.Shape{f.N, p, p}, tensor.Shape{f.N, t, t}
}

func (f windowGram) shape(in []tensor.Shape) tensor.Shape {
	from, to := f.sides()
	if f.back {
		from, to = to, from
	}
	mustMatch("Gram matrices of windows", in[0], from)
	return to
}

func (f windowGram) vjp(_ []*Node, _, g *Node) []*Node { f.back = !f.back; return []*Node{apply(f, g)} }

func (f windowGram) primitive([]tensor.Shape, tensor.Shape) kernels.Primitive {
	if f.back {
		return kernels.PixelGram{Window: f.Window}
	}
	return kernels.WindowGram{Window: f.Window}
}

// overWindows applies f; where each pixel is a window, nothing changes.
func overWindows(f windowGram, x *Node) *Node {
	if f.KH*f.KW == 1 && f.PadH+f.PadW == 0 && f.StrideH == 1 && f.StrideW == 1 {
		return x
	}
	return apply(f, x)
}

// mostLooked is the nodes behind one another at which symmetric looks.
const mostLooked = 8

// symmetric reports matrices [m,m], one behind the other, that are symmetric by the way they are made, as far as depth nodes tell.
func symmetric(n *Node, m, depth int) bool {
	n = root(n)
	in := inputsOf(n)
	if depth == 0 || len(in) == 0 {
		return false
	}
	switch f := familyOf(n).(type) {
	case matmul:
		return in[0] == in[1] && f.transA != f.transB && n.Shape()[n.Dims()-1] == m
	case windowGram:
		return n.Shape()[2] == m && symmetric(in[0], in[0].Shape()[2], depth-1)
	case broadcast:
		return f.c == 1 && f.b%(m*m) == 0 || f.c%(m*m) == 0 && symmetric(in[0], m, depth-1)
	case elementwise:
		for _, x := range in {
			if !symmetric(x, m, depth-1) {
				return false
			}
		}
		return true
	}
	return false
}
