package onnx

import (
	"math"

	"drift/graph"
)

// single is a function of one value by index: of numbers that are known, and of nodes.
type single struct {
	known func(x float64) float64
	node  func(x *graph.Node) *graph.Node
}

var (
	abs        = single{math.Abs, graph.Abs}
	neg        = single{func(x float64) float64 { return -x }, graph.Neg}
	exp        = single{math.Exp, graph.Exp}
	log        = single{math.Log, graph.Log}
	sqrt       = single{math.Sqrt, graph.Sqrt}
	reciprocal = single{func(x float64) float64 { return 1 / x }, graph.Recip}
	sin        = single{math.Sin, graph.Sin}
	cos        = single{math.Cos, graph.Cos}
	floor      = single{math.Floor, graph.Floor}
	ceil       = single{math.Ceil, graph.Ceil}
	tanh       = single{math.Tanh, graph.Tanh}
	sign       = single{func(x float64) float64 { return truthOf(x > 0) - truthOf(x < 0) }, graph.Sign}
	relu       = single{func(x float64) float64 { return max(x, 0) }, graph.Relu}
	erf        = single{math.Erf, func(x *graph.Node) *graph.Node {
		return graph.AddConst(graph.Scale(graph.NormCDF(graph.Scale(x, math.Sqrt2)), 2), -1) // Φ(x) = (1 + erf(x/√2))/2
	}}
	sigmoid  = single{nil, graph.Sigmoid}
	softplus = single{nil, graph.Softplus}
)

func unary(f single) func(*builder, *node, []value) []value {
	return func(b *builder, _ *node, in []value) []value {
		x := in[0]
		if !x.constant() || f.known == nil {
			return like(x, f.node(b.data(x)))
		}
		out := b.array(x.kind, x.shape...)
		for i, v := range x.array.values {
			out.values[i] = f.known(v)
		}
		return []value{folded(out)}
	}
}

// leakyRelu has the slope alpha at 0, as PyTorch's.
func leakyRelu(b *builder, n *node, in []value) []value {
	x, alpha := b.data(in[0]), n.real("alpha", 0.01)
	return like(in[0], graph.Add(graph.Scale(x, alpha), graph.Scale(graph.Relu(x), 1-alpha)))
}

// elu is x where it is positive, alpha·(eˣ − 1) elsewhere.
func elu(b *builder, n *node, in []value) []value {
	x := b.data(in[0])
	negative := graph.AddConst(graph.Exp(graph.Min(x, graph.Fill(x, 0))), -1)
	return like(in[0], graph.Add(graph.Relu(x), graph.Scale(negative, n.real("alpha", 1))))
}

// clamped is x within bounds, at which its derivative is still 1.
func clamped(x *graph.Node, low, high float64) *graph.Node {
	if !math.IsInf(low, -1) {
		x = graph.Max(graph.Fill(x, low), x)
	}
	if !math.IsInf(high, 1) {
		x = graph.Min(x, graph.Fill(x, high))
	}
	return x
}

func hardSigmoid(b *builder, n *node, in []value) []value {
	x := graph.AddConst(graph.Scale(b.data(in[0]), n.real("alpha", 0.2)), n.real("beta", 0.5))
	return like(in[0], clamped(x, 0, 1))
}

func hardSwish(b *builder, _ *node, in []value) []value {
	x := b.data(in[0])
	return like(in[0], graph.Mul(x, clamped(graph.AddConst(graph.Scale(x, 1./6), 0.5), 0, 1)))
}

func gelu(b *builder, n *node, in []value) []value {
	x := b.data(in[0])
	switch kind := n.text("approximate", "none"); kind {
	case "none":
		return like(in[0], graph.Gelu(x))
	case "tanh": // Hendrycks, Gimpel 2016
		inner := graph.Scale(graph.Add(x, graph.Scale(graph.Pow(x, graph.Fill(x, 3)), 0.044715)), math.Sqrt(2/math.Pi))
		return like(in[0], graph.Mul(graph.Scale(x, 0.5), graph.AddConst(graph.Tanh(inner), 1)))
	default:
		fail("approximate is %q", kind)
	}
	return nil
}

func mish(b *builder, _ *node, in []value) []value {
	x := b.data(in[0])
	return like(in[0], graph.Mul(x, graph.Tanh(graph.Softplus(x))))
}

func softsign(b *builder, _ *node, in []value) []value {
	x := b.data(in[0])
	return like(in[0], graph.Div(x, graph.AddConst(graph.Abs(x), 1)))
}

// clip is between two bounds, which are inputs, or attributes before version 11.
func clip(b *builder, n *node, in []value) []value {
	low, high := n.real("min", math.Inf(-1)), n.real("max", math.Inf(1))
	bound := func(k int, to *float64) {
		if v, ok := optional(in, k); ok {
			c, one := known(v, "bounds").uniform()
			if !one {
				fail("its bounds differ between elements")
			}
			*to = c
		}
	}
	bound(1, &low)
	bound(2, &high)
	return like(in[0], clamped(b.data(in[0]), low, high))
}

// softmax is along an axis; before version 13 it is over all axes from that one on.
func softmax(log bool) func(*builder, *node, []value) []value {
	return func(b *builder, n *node, in []value) []value {
		x := in[0]
		if b.opset >= 13 {
			return like(x, graph.SoftmaxAxis(b.data(x), axisOf(n.integer("axis", -1), x.rank()), log))
		}
		axis := axisOf(n.integer("axis", 1), x.rank())
		rows := graph.Reshape(b.data(x), product(x.shape[:axis]), product(x.shape[axis:]))
		return like(x, graph.SoftmaxAxis(rows, 1, log))
	}
}
