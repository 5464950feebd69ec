package graph

import (
	"gorgonia.org/tensor"

	"drift/kernels"
)

// Uses records every application of a parameter to a batch of examples, the first axis of all activations. What it records
// is enough to write the gradient of each example in factored form.
type Uses struct{ list []use }

// use is one application: param enters the node via; the gradient of example n follows from input and from the adjoint of output.
type use struct {
	param, via    *Node
	input, output *Node
	kind          useKind
	axis          int          // the axis that belongs to the parameter, for bias and scale
	shape         tensor.Shape // of the result, for bias and scale: output is its root
}

type useKind uint8

const (
	useLinear useKind = iota // output [n·t,out] = input [n·t,in] · paramᵀ
	useConv                  // output = input ⋆ param
	useBias                  // output = input + param along axis
	useScale                 // output = input · param along axis
)

// Linear applies a weight to the last axis: x [n,…,in], w [out,in] → [n,…,out].
func (u *Uses) Linear(x, w *Node) *Node {
	rank := x.Dims()
	if rank < 2 || w.Dims() != 2 || x.Shape()[rank-1] != w.Shape()[1] {
		misuse("linear: input %v does not end in the %v inputs of weight %v", x.Shape(), w.Shape()[len(w.Shape())-1], w.Shape())
	}
	rows := Reshape(x, Size(x)/w.Shape()[1], w.Shape()[1])
	z := MatMulT(rows, w, false, true)
	u.list = append(u.list, use{param: w, via: z, input: rows, output: z, kind: useLinear})
	shape := x.Shape().Clone()
	shape[rank-1] = w.Shape()[0]
	return Reshape(z, shape...)
}

// Conv2D applies kernels [o,c,kh,kw] to images, as the function of this name.
func (u *Uses) Conv2D(x, k *Node, stride, padding [2]int) *Node {
	z := Conv2D(x, k, stride, padding)
	u.list = append(u.list, use{param: k, via: z, input: x, output: z, kind: useConv})
	return z
}

// Bias adds a vector along an axis other than the first: x [n,…,c,…], b [c].
func (u *Uses) Bias(x, b *Node, axis int) *Node {
	wide := BroadcastAxis(b, axis, x.Shape()...)
	y := Add(x, wide)
	u.list = append(u.list, use{param: b, via: consumer(wide, b), input: x, output: root(y), kind: useBias, axis: axis, shape: y.Shape()})
	return y
}

// Scale multiplies by a vector along an axis other than the first: x [n,…,c,…], s [c].
func (u *Uses) Scale(x, s *Node, axis int) *Node {
	wide := BroadcastAxis(s, axis, x.Shape()...)
	y := Mul(x, wide)
	u.list = append(u.list, use{param: s, via: consumer(wide, s), input: x, output: root(y), kind: useScale, axis: axis, shape: y.Shape()})
	return y
}

// consumer is the node on the way down from n that takes the parameter p itself.
func consumer(n, p *Node) *Node {
	for len(inputsOf(n)) == 1 && inputsOf(n)[0] != p {
		n = inputsOf(n)[0]
	}
	return n
}

// geometry is the convolution that the use applied.
func (u use) geometry() kernels.Conv { return familyOf(u.output).(conv).Conv }
