package imported_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph/imported"
)

// network is one written with Gorgonia's functions: build uses values that params holds, or draws them where it holds none.
type network struct {
	name   string
	build  func(b *builder, n int) (inputs []*Node, target, cost *Node)
	oneHot bool
}

// builder makes the leaves of one build.
type builder struct {
	g      *ExprGraph
	params []*Node
	random *rand.Rand
}

func (b *builder) param(name string, shape ...int) *Node {
	x := make([]float64, tensor.Shape(shape).TotalSize())
	for i := range x {
		x[i] = b.random.NormFloat64() * 0.5
	}
	var p *Node
	if len(shape) == 0 {
		p = NewScalar(b.g, Float64, WithName(name), WithValue(b.random.NormFloat64()))
	} else {
		p = NewTensor(b.g, Float64, len(shape), WithShape(shape...), WithName(name), WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))))
	}
	b.params = append(b.params, p)
	return p
}

func (b *builder) data(name string, shape ...int) *Node {
	return NewTensor(b.g, Float64, len(shape), WithShape(shape...), WithName(name))
}

// at is the network for a batch of n, as imported.New asks for it.
func (w network) at(g *ExprGraph, n int) (imported.Graph, error) {
	b := &builder{g: g, random: rand.New(rand.NewPCG(3, 4))}
	inputs, target, cost := w.build(b, n)
	return imported.Graph{Params: b.params, Inputs: inputs, Target: target, Losses: cost, OneHot: w.oneHot}, nil
}

// crossEntropy is −mean log p of the classes that y [n,c] is 1 at, as the examples write it.
func crossEntropy(p, y *Node) *Node {
	return Must(Neg(Must(Mean(Must(Sum(Must(HadamardProd(Must(Log(p)), y)), 1))))))
}

// biased adds a bias [1,c] to every row.
func biased(x, b *Node) *Node { return Must(BroadcastAdd(x, b, nil, []byte{0})) }

var networks = []network{
	{"linear regression", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n), b.data("y", n)
		pred := Must(Add(Must(Mul(x, b.param("m"))), b.param("c")))
		return []*Node{x}, y, Must(Mean(Must(Square(Must(Sub(pred, y))))))
	}, false},
	{"linear regression in many variables", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 4), b.data("y", n)
		pred := Must(Mul(x, b.param("theta", 4)))
		return []*Node{x}, y, Must(Mean(Must(Square(Must(Sub(pred, y))))))
	}, false},
	{"logistic regression", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 3), b.data("y", n)
		w := b.param("w", 3)
		p := Must(Sigmoid(Must(Add(Must(Mul(x, w)), b.param("b")))))
		cost := Must(Mean(Must(BinaryXent(p, y))))
		return []*Node{x}, y, Must(Add(cost, Must(Mul(NewConstant(0.01), Must(Sum(Must(Square(w))))))))
	}, false},
	{"iris", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 5), b.data("y", n, 1)
		pred := Must(Mul(x, b.param("theta", 5, 1)))
		return []*Node{x}, y, Must(Mean(Must(Square(Must(Sub(pred, y))))))
	}, false},
	{"perceptron", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 6), b.data("y", n, 3)
		h := Must(LeakyRelu(biased(Must(Mul(x, b.param("w0", 6, 5))), b.param("b0", 1, 5)), 0.1))
		p := Must(SoftMax(biased(Must(Mul(h, b.param("w1", 5, 3))), b.param("b1", 1, 3))))
		decay := Must(Mul(NewConstant(1e-3), Must(Sum(Must(Square(b.params[0]))))))
		return []*Node{x}, y, Must(Add(crossEntropy(p, y), decay))
	}, true},
	{"convnet", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 1, 8, 8), b.data("y", n, 3)
		layer := func(x *Node, name string, out, in int) *Node {
			c := Must(Conv2d(x, b.param(name, out, in, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
			return Must(MaxPool2D(Must(Rectify(c)), tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
		}
		h := layer(layer(x, "k0", 3, 1), "k1", 4, 3)
		flat := Must(Reshape(h, tensor.Shape{n, 16}))
		fc := Must(Rectify(Must(Mul(flat, b.param("w", 16, 6)))))
		return []*Node{x}, y, crossEntropy(Must(SoftMax(Must(Mul(fc, b.param("out", 6, 3))))), y)
	}, true},
	{"stacked autoencoder with tied weights", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x := b.data("x", n, 6)
		w0, w1 := b.param("w0", 6, 5), b.param("w1", 5, 3)
		h := Must(Sigmoid(biased(Must(Mul(x, w0)), b.param("b0", 1, 5))))
		h = Must(Sigmoid(biased(Must(Mul(h, w1)), b.param("b1", 1, 3))))
		h = Must(Sigmoid(biased(Must(Mul(h, Must(Transpose(w1)))), b.param("c1", 1, 5))))
		z := Must(Sigmoid(biased(Must(Mul(h, Must(Transpose(w0)))), b.param("c0", 1, 6))))
		return []*Node{x}, nil, Must(Mean(Must(Square(Must(Sub(z, x))))))
	}, false},
	{"LSTM of eight steps", lstm, false},
	{"residual block", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, y := b.data("x", n, 2, 5, 5), b.data("y", n, 3)
		conv := func(x *Node, name string) *Node {
			return Must(Conv2d(x, b.param(name, 2, 2, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		}
		h := Must(Add(x, conv(Must(Tanh(conv(x, "k0"))), "k1")))
		pooled := Must(Reshape(Must(GlobalAveragePool2D(Must(Tanh(h)))), tensor.Shape{n, 2}))
		return []*Node{x}, y, crossEntropy(Must(SoftMax(Must(Mul(pooled, b.param("out", 2, 3))))), y)
	}, true},
	{"embedding", func(b *builder, n int) ([]*Node, *Node, *Node) {
		word := NewVector(b.g, Int, WithShape(n), WithName("word"))
		x, y := b.data("x", n, 2), b.data("y", n, 3)
		e := Must(ByIndices(b.param("table", 4, 2), word, 0))
		p := Must(SoftMax(Must(Mul(Must(Tanh(Must(Add(e, x)))), b.param("out", 2, 3)))))
		return []*Node{word, x}, y, crossEntropy(p, y)
	}, true},
	{"two inputs, losses of the examples", func(b *builder, n int) ([]*Node, *Node, *Node) {
		x, u, y := b.data("x", n, 4), b.data("u", n, 3), b.data("y", n, 2)
		w := b.param("w", 4, 4)
		h := Must(Add(x, Must(Tanh(Must(Mul(x, Must(Softplus(w))))))))
		both := Must(Concat(1, h, Must(Mul(u, b.param("v", 3, 2)))))
		pred := Must(Mul(both, b.param("out", 6, 2)))
		return []*Node{x, u}, y, Must(Sum(Must(Cube(Must(Sub(pred, y)))), 1))
	}, false},
}

// lstm reads eight steps of three values, as unrolled by a loop, and predicts two classes.
func lstm(b *builder, n int) ([]*Node, *Node, *Node) {
	const steps, in, hidden = 8, 3, 4
	x, y := b.data("x", n, steps, in), b.data("y", n, 2)
	weights := map[string][3]*Node{}
	for _, gate := range []string{"i", "f", "o", "c"} {
		weights[gate] = [3]*Node{b.param("wx."+gate, in, hidden), b.param("wh."+gate, hidden, hidden), b.param("b."+gate, 1, hidden)}
	}
	zeros := func(name string) *Node {
		return NewMatrix(b.g, Float64, WithShape(n, hidden), WithName(name), WithValue(tensor.New(tensor.WithShape(n, hidden), tensor.Of(Float64))))
	}
	h, c := zeros("h0"), zeros("c0")
	for t := range steps {
		xt := Must(Slice(x, nil, S(t)))
		gate := func(name string, f func(*Node) (*Node, error)) *Node {
			w := weights[name]
			return Must(f(biased(Must(Add(Must(Mul(xt, w[0])), Must(Mul(h, w[1])))), w[2])))
		}
		write := Must(HadamardProd(gate("i", Sigmoid), gate("c", Tanh)))
		forget, out := gate("f", Sigmoid), gate("o", Sigmoid)
		c = Must(Add(Must(HadamardProd(forget, c)), write))
		h = Must(HadamardProd(out, Must(Tanh(c))))
	}
	p := Must(SoftMax(Must(Mul(h, b.param("out", hidden, 2)))))
	return []*Node{x}, y, crossEntropy(p, y)
}

// batch is values of the data of a network for n examples, by leaf: inputs, then the target.
func (w network) batch(n int, b imported.Graph) [][]float64 {
	r := rand.New(rand.NewPCG(7, 8))
	var all [][]float64
	leaves := slices.Clone(b.Inputs)
	if b.Target != nil {
		leaves = append(leaves, b.Target)
	}
	for _, leaf := range leaves {
		x := make([]float64, leaf.Shape().TotalSize())
		for i := range x {
			if x[i] = r.NormFloat64(); leaf.Dtype() == Int {
				x[i] = float64(r.IntN(4))
			}
		}
		if leaf == b.Target {
			w.targets(x, n, r)
		}
		all = append(all, x)
	}
	return all
}

// targets makes classes of numbers where the loss takes a cross entropy.
func (w network) targets(x []float64, n int, r *rand.Rand) {
	width := len(x) / n
	switch {
	case w.name == "logistic regression":
		for i := range x {
			x[i] = float64(r.IntN(2))
		}
	case w.oneHot:
		clear(x)
		for i := range n {
			x[i*width+r.IntN(width)] = 1
		}
	}
}

func (w network) String() string { return fmt.Sprint(w.name) }
