package timing

import (
	"math/rand/v2"

	"drift/data"
)

// layer is a layer of a network as the matrix product that each of its positions in an example takes: [positions,in]·[in,out].
type layer struct {
	name               string
	positions, in, out int
}

// network is a model whose training steps are timed.
type network struct {
	name, spec string
	batch      int // of a step
	chunk      int // of the exact ∂tr Σ, which is for large batches
	layers     []layer
	shape      []int // of an example; nil: 1×28×28
	tokens     int   // above 0: examples are positions of tokens below it, which predict the next
}

// example is the shape of an example.
func (w network) example() []int {
	if w.shape == nil {
		return []int{1, 28, 28}
	}
	return w.shape
}

var networks = []network{
	{"mlp", "mlp:1024,1024", 512, 1024, []layer{{"first", 1, 784, 1024}, {"second", 1, 1024, 1024}, {"last", 1, 1024, 10}}, nil, 0},
	{"cnn", "cnn", 128, 128, []layer{{"conv1", 784, 9, 32}, {"conv2", 196, 288, 64}, {"dense", 1, 3136, 128}, {"last", 1, 128, 10}}, nil, 0},
}

// resnet20 is timed at small images.
var resnet20 = network{name: "resnet20", spec: "resnet20", batch: 128, chunk: 128, shape: []int{3, 32, 32}}

// resnet18 has many channels on small planes, which its per-example statistics depend on.
var resnet18 = network{name: "resnet18", spec: "resnet18", batch: 32, chunk: 32, shape: []int{3, 32, 32}}

// gpt is a small language model of characters, at nanoGPT's small setting.
var gpt = network{name: "gpt", spec: "gpt:4,4,128", batch: 12, chunk: 12, shape: []int{64}, tokens: 65}

// flops of a gradient over n examples: a product forward and two backward for each layer, save that nothing asks for
// the gradient in the inputs of the first.
func (w network) flops(n int) float64 {
	sum := 0.0
	for k, l := range w.layers {
		products := 3
		if k == 0 {
			products = 2
		}
		sum += float64(products) * 2 * float64(n) * float64(l.positions) * float64(l.in) * float64(l.out)
	}
	return sum
}

const classes = 10

// examples is n random ones.
func (w network) examples(n int) data.Set {
	if w.tokens > 0 {
		return randomTokens(n, w.shape[0], w.tokens)
	}
	return randomImages(n, w.example())
}

// randomTokens is n rows of length random tokens below count, and the tokens that follow them.
func randomTokens(n, length, count int) data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	x, labels := make([]float32, n*length), make([]int32, n*length)
	for i := range labels {
		labels[i] = int32(r.IntN(count))
		if i+1 < len(x) {
			x[i+1] = float32(labels[i])
		}
	}
	return data.Set{Name: "random", Shape: []int{length}, Tokens: count, Classes: count, Positions: length, X: data.ValuesOf(x), Labels: labels}
}

// randomImages is n random images of a shape in ten classes.
func randomImages(n int, shape []int) data.Set {
	r := rand.New(rand.NewPCG(1, 2))
	size := n
	for _, d := range shape {
		size *= d
	}
	x, labels := make([]float32, size), make([]int32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(r.IntN(classes))
	}
	return data.Set{Name: "random", Shape: shape, Classes: classes, X: data.ValuesOf(x), Labels: labels}
}
