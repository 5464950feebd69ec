package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// cnn is the calls of one step of gradient descent, as a compiler would emit them, of: convolution of 32 kernels 3×3, pooling, of 64
// kernels 3×3, pooling, a dense layer of 128, one of 10, with relu between; 28×28 pixels, 128 examples.
type cnn struct {
	device kernels.Device
	calls  []kernels.Call
	rng    *rand.Rand
}

const cnnBatch = 128

func (c *cnn) buffer(n int) kernels.Buffer {
	b, err := c.device.NewBuffer(kernels.Float32, n)
	if err != nil {
		panic(err)
	}
	x := host[float32](b)
	for i := range x {
		x[i] = float32(c.rng.NormFloat64()) * 0.05
	}
	return b
}

func (c *cnn) call(op kernels.Primitive, in ...kernels.Buffer) kernels.Buffer {
	out, _, err := op.Operands()
	if err != nil {
		panic(err)
	}
	var b kernels.Buffer = &indices{data: make([]int32, out[0])}
	if !kernels.IsIndex(op, true, 0) {
		b = c.buffer(out[0])
	}
	c.calls = append(c.calls, kernels.Call{Op: op, Out: []kernels.Buffer{b}, In: in})
	return b
}

func full(n int) kernels.Access { return kernels.Access{B: 1, C: n} }

// biasRelu is relu(z + b), with b [width] spread over places.
func (c *cnn) biasRelu(z, b kernels.Buffer, places int) kernels.Buffer {
	n, row := z.Len(), b.Len()*places
	wide := c.call(kernels.Map{N: row, Access: []kernels.Access{{B: places, C: 1}}, Results: []uint8{0}}, b)
	return c.call(kernels.Map{N: n, Access: []kernels.Access{full(n), {B: n / row, C: row}},
		Code: []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}, {Fn: kernels.FnRelu, X: 2}}, Results: []uint8{3}}, z, wide)
}

func (c *cnn) mask(g, a kernels.Buffer) kernels.Buffer {
	n := g.Len()
	return c.call(kernels.Map{N: n, Access: []kernels.Access{full(n), full(n)},
		Code: []kernels.Instr{{Fn: kernels.FnStep, X: 1}, {Fn: kernels.FnMul, X: 0, Y: 2}}, Results: []uint8{3}}, g, a)
}

// biasGradient sums g [batch, width, places] over batch and places.
func (c *cnn) biasGradient(g kernels.Buffer, width, places int) {
	n := width * places
	identity := func(n int) kernels.Map {
		return kernels.Map{N: n, Access: []kernels.Access{full(1)}, Results: []uint8{0}}
	}
	sum := c.call(kernels.Reduce{A: 1, B: g.Len() / n, C: n, Map: identity(g.Len())}, g)
	if places > 1 {
		c.call(kernels.Reduce{A: width, B: places, C: 1, Map: identity(n)}, sum)
	}
}

func (c *cnn) gemm(m, n, k int, ta, tb bool, a, b kernels.Buffer) kernels.Buffer {
	return c.call(kernels.Gemm{Batch: 1, M: m, N: n, K: k, TransA: ta, TransB: tb, Alpha: 1}, a, b)
}

func newCNN(threads int) *cnn {
	c := &cnn{device: New(Options{Threads: threads}), rng: rand.New(rand.NewPCG(1, 1))}
	const n = cnnBatch
	rows, classes := &indices{data: make([]int32, n)}, &indices{data: make([]int32, n)}
	for i := range n {
		rows.data[i], classes.data[i] = int32(c.rng.IntN(1000)), int32(c.rng.IntN(10))
	}
	w1, b1, w2, b2 := c.buffer(32*9), c.buffer(32), c.buffer(64*288), c.buffer(64)
	w3, b3, w4, b4 := c.buffer(128*1600), c.buffer(128), c.buffer(1280), c.buffer(10)
	conv1 := kernels.Conv{Window: kernels.Window{N: n, C: 1, H: 28, W: 28, KH: 3, KW: 3, StrideH: 1, StrideW: 1}, O: 32}
	pool1 := kernels.Window{N: n, C: 32, H: 26, W: 26, KH: 2, KW: 2, StrideH: 2, StrideW: 2}
	conv2 := kernels.Conv{Window: kernels.Window{N: n, C: 32, H: 13, W: 13, KH: 3, KW: 3, StrideH: 1, StrideW: 1}, O: 64}
	pool2 := kernels.Window{N: n, C: 64, H: 11, W: 11, KH: 2, KW: 2, StrideH: 2, StrideW: 2}

	x := c.call(kernels.Gather{Rows: n, Width: 784, Table: 1000}, c.buffer(784*1000), rows)
	a1 := c.biasRelu(c.call(conv1, x, w1), b1, 26*26)
	i1 := c.call(kernels.MaxIndex{Window: pool1}, a1)
	p1 := c.call(kernels.MaxGather{Window: pool1}, a1, i1)
	a2 := c.biasRelu(c.call(conv2, p1, w2), b2, 11*11)
	i2 := c.call(kernels.MaxIndex{Window: pool2}, a2)
	p2 := c.call(kernels.MaxGather{Window: pool2}, a2, i2)
	a3 := c.biasRelu(c.gemm(n, 128, 1600, false, true, p2, w3), b3, 1)
	z := c.gemm(n, 10, 128, false, true, a3, w4)
	z = c.call(kernels.Map{N: 10 * n, Access: []kernels.Access{full(1), {B: n, C: 10}},
		Code: []kernels.Instr{{Fn: kernels.FnAdd, X: 0, Y: 1}}, Results: []uint8{2}}, z, b4)
	c.call(kernels.CrossEntropy{Rows: n, Cols: 10}, z, classes)
	soft := c.call(kernels.Softmax{Rows: n, Cols: 10}, z)
	ones := c.call(kernels.Place{Rows: n, Cols: 10}, c.buffer(n), classes)
	g4 := c.call(kernels.Map{N: 10 * n, Access: []kernels.Access{full(1), full(1)},
		Code: []kernels.Instr{{Fn: kernels.FnSub, X: 0, Y: 1}, {Fn: kernels.FnScale, X: 2, Imm: 1.0 / n}}, Results: []uint8{3}}, soft, ones)
	c.gemm(10, 128, n, true, false, g4, a3)
	c.biasGradient(g4, 10, 1)
	g3 := c.mask(c.gemm(n, 128, 10, false, false, g4, w4), a3)
	c.gemm(128, 1600, n, true, false, g3, p2)
	c.biasGradient(g3, 128, 1)
	g2 := c.mask(c.call(kernels.MaxScatter{Window: pool2}, c.gemm(n, 1600, 128, false, false, g3, w3), i2), a2)
	c.biasGradient(g2, 64, 121)
	c.call(kernels.ConvWeight(conv2), p1, g2)
	g1 := c.mask(c.call(kernels.MaxScatter{Window: pool1}, c.call(kernels.ConvInput(conv2), g2, w2), i1), a1)
	c.biasGradient(g1, 32, 676)
	c.call(kernels.ConvWeight(conv1), x, g1)
	const parameters = 32*9 + 32 + 64*288 + 64 + 128*1600 + 128 + 1280 + 10
	c.call(kernels.Map{N: parameters, Access: []kernels.Access{full(1), full(1)},
		Code: []kernels.Instr{{Fn: kernels.FnScale, X: 1, Imm: -0.05}, {Fn: kernels.FnAdd, X: 0, Y: 2}}, Results: []uint8{3}},
		c.buffer(parameters), c.buffer(parameters))
	return c
}

func (c *cnn) bench(b *testing.B, calls []kernels.Call) {
	e, err := c.device.Load(calls)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := e.Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStep is the whole step.
func BenchmarkStep(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			c := newCNN(threads)
			defer c.device.Close()
			c.bench(b, c.calls)
		})
	}
}

// BenchmarkCalls is each call of the step by itself.
func BenchmarkCalls(b *testing.B) {
	c := newCNN(2)
	defer c.device.Close()
	for i, call := range c.calls {
		b.Run(fmt.Sprintf("%02d%s%d", i, call.Op.Name(), call.Out[0].Len()), func(b *testing.B) { c.bench(b, []kernels.Call{call}) })
	}
}
