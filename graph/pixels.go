package graph

import "drift/kernels"

// way is how the norms of per-example gradients of kernels are found.
type way uint8

const (
	byGradients way = iota // which are formed, [n,o,c,kh,kw]
	byWindows              // Σ_pq (u_p·u_q)(d_p·d_q) over the windows u_p of an image
	byPixels               // the same, (u_p·u_q) as sums of products (x_i·x_j) of pixels: Σ_r x_{p+r}·x_{q+r} over places r of a window
)

// elementWork is the multiply-adds of a large product in the time that an element takes to memory or back.
const elementWork = 30

// wayOf is the cheapest of the three, by the work that norms of deviations and their derivatives add to that of a gradient, in multiply-adds of a
// large product. Gradients that are formed go to memory and come from it twice, in a product that takes a quarter more time than a shared one;
// their adjoints are those of ownWork. The other ways add products of pixels or windows, of images and of means, and of outputs, at half the rate
// of large ones, and their results. Groups are formed: their gradients are small.
func wayOf(g kernels.Conv) way {
	t, in, out, pixels := work(g)
	formed := t*in*out/4 + elementWork*3*in*out + min(ownWork(g))
	outputs := 2*4*t*t*out + elementWork*12*t*t
	windows := 2*7*t*t*in + elementWork*10*t*in + outputs
	products := 2*7*pixels*pixels*float64(g.C) + elementWork*8*pixels*pixels + outputs
	switch {
	case g.Parts() > 1 || formed <= min(windows, products):
		return byGradients
	case windows <= products:
		return byWindows
	}
	return byPixels
}

// work is the sizes that work follows from: outputs' pixels, elements of a window, outputs and pixels of an image.
func work(g kernels.Conv) (t, in, out, pixels float64) {
	return float64(g.OutH() * g.OutW()), float64(g.C * g.KH * g.KW), float64(g.O), float64(g.H * g.W)
}

// ownWork is what the adjoints of images and outputs of kernels' gradients, one of each image, add to those of shared ones, in the units of wayOf: as
// two convolutions with kernels of each image, which go to memory and come from it, or by products of pixels (see conv.ownAdjoints).
func ownWork(g kernels.Conv) (convolutions, products float64) {
	t, in, out, pixels := work(g)
	return t*in*out/3 + elementWork*2*in*out, 2*2*(pixels*pixels*float64(g.C)+t*t*out) + elementWork*2*(pixels*pixels+t*t)
}

// outer is the gradients as outer products over the windows of the images, [n,t,c·kh·kw] and [n,t,o].
func (f convolved) outer() outer {
	g := f.geometry
	d := Transpose(Reshape(f.d, g.N, g.O, g.OutH()*g.OutW()), 0, 2, 1)
	return outer{apply(im2col{Window: g.Window}, f.x), d}
}

// windowProducts is the inner products a_p·b_q of windows p of images a and q of images b, [n,t,t].
func (f convolved) windowProducts(a, b *Node) *Node {
	g := f.geometry
	if f.way == byPixels {
		pixels := func(x *Node) *Node { return Reshape(x, g.N, g.C, g.H*g.W) }
		return overWindows(windowGram{Window: f.planes()}, MatMulT(pixels(a), pixels(b), true, false))
	}
	return MatMulT(apply(im2col{Window: g.Window}, a), apply(im2col{Window: g.Window}, b), false, true)
}

// planes are the windows over images of one channel.
func (f convolved) planes() kernels.Window {
	w := f.geometry.Window
	w.C = 1
	return w
}

// outputProducts is the inner products a_p·b_q of outputs at pixels p and q, [n,t,t].
func (f convolved) outputProducts(a, b *Node) *Node {
	g := f.geometry
	outputs := func(x *Node) *Node { return Reshape(x, x.Shape()[0], g.O, g.OutH()*g.OutW()) }
	return MatMulT(outputs(a), outputs(b), true, false)
}

// convolvedApart is convolved less that of the means: r_n = Σ_t (δ_nt a_ntᵀ + d̄_t α_ntᵀ) over windows a_nt and α_nt of the images x_n and of
// χ_n = x_n − x̄, with δ_n = d_n − d̄.
type convolvedApart struct {
	geometry      kernels.Conv
	way           way
	x, chi, delta *Node // [n,c,h,w] twice, [n,o,oh,ow]
	meanX, meanD  *Node // of a single image
}

// parts is r_n as two sums.
func (f convolvedApart) parts() (first, second convolved) {
	over := func(mean *Node) *Node { return overExamples(Reshape(mean, mean.Shape()[1:]...), f.geometry.N) }
	return convolved{f.geometry, f.way, f.x, f.delta}, convolved{f.geometry, f.way, f.chi, over(f.meanD)}
}

// mean is the convolution of a single image.
func (f convolvedApart) mean(x, d *Node) convolved {
	g := f.geometry
	g.N = 1
	return convolved{g, f.way, x, d}
}

func (f convolvedApart) squaredNorms() *Node {
	first, second := f.parts()
	inner := SumTail(Mul(first.windowProducts(f.x, f.chi), first.outputProducts(f.delta, second.d)))
	return Add(Add(first.squaredNorms(), Scale(inner, 2)), f.steady())
}

// steady is ‖Σ_t d̄_t α_ntᵀ‖², in which the products of d̄ are the same for all examples.
func (f convolvedApart) steady() *Node {
	if f.way != byPixels {
		_, second := f.parts()
		return second.squaredNorms()
	}
	g, one := f.geometry, f.mean(f.meanX, f.meanD)
	products := one.outputProducts(f.meanD, f.meanD) // [1,t,t]
	pixels := g.H * g.W
	spread := Reshape(overWindows(windowGram{one.planes(), true}, products), pixels, pixels)
	chi := Reshape(f.chi, g.N*g.C, pixels)
	return SumTail(Reshape(Mul(chi, MatMul(chi, spread)), g.N, g.C*pixels))
}

func (f convolvedApart) gram() *Node { return gramOf(f.materialize()) }

func (f convolvedApart) dot(v *Node) *Node {
	first, _ := f.parts()
	back := apply(conv{convInput, f.mean(nil, nil).geometry}, f.meanD, v)
	return Add(first.dot(v), SumTail(Mul(f.chi, overExamples(Reshape(back, back.Shape()[1:]...), f.geometry.N))))
}

// combine keeps Σ_n c_n χ_n, as apart does.
func (f convolvedApart) combine(c *Node) *Node {
	first, _ := f.parts()
	steady := Sum(weighted(f.chi, c), 0)
	return Add(first.combine(c), f.mean(Reshape(steady, f.meanX.Shape()...), f.meanD).combine(nil))
}

func (f convolvedApart) squares() *Node { return Sum(Square(f.formed()), 0) }

// formed is r_n, [n,o,c,kh,kw].
func (f convolvedApart) formed() *Node {
	first, second := f.parts()
	return Add(first.formed(), second.formed())
}

func (f convolvedApart) materialize() *Node {
	w := f.formed()
	return Reshape(w, f.geometry.N, Size(w)/f.geometry.N)
}

// outer is the same as outer products over the windows of the images.
func (f convolvedApart) outer() apart {
	first, second := f.parts()
	rest, mean := first.outer(), f.mean(f.meanX, f.meanD).outer()
	one := func(x *Node) *Node { return Reshape(x, x.Shape()[1:]...) }
	return apart{rest.a, second.outer().a, rest.d, one(mean.a), one(mean.d)}
}

func (f convolvedApart) nodes() []*Node { return []*Node{f.x, f.chi, f.delta, f.meanX, f.meanD} }
func (f convolvedApart) on(n []*Node) factor {
	return convolvedApart{f.geometry, f.way, n[0], n[1], n[2], n[3], n[4]}
}
