package imported

import (
	"math"

	"gorgonia.org/gorgonia"

	"drift/graph"
)

// binary is a function of two values, index by index, of which one may be a scalar.
func binary(t *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	a, b := fitted(in[0], shapeOf(n)), fitted(in[1], shapeOf(n))
	switch kind := binaryKind(n); kind {
	case 0:
		return graph.Add(a, b)
	case 1:
		return graph.Sub(a, b)
	case 2:
		return graph.Mul(a, b)
	case 3:
		return graph.Div(a, b)
	case 4:
		return graph.Pow(a, b)
	default:
		if !attribute(n, "retSame").Bool() {
			fail(n, "gives true and false: ask for numbers (retSame)")
		}
		return comparison(n, kind, a, b)
	}
}

// fitted repeats a scalar, and gives an operand with axes of length 1 the rank of the result.
func fitted(x *graph.Node, shape []int) *graph.Node {
	if graph.Size(x) == 1 {
		return graph.BroadcastScalar(x, shape...)
	}
	return graph.Reshape(x, shape...)
}

// comparison is 1 where it holds, else 0. Its derivative is zero.
func comparison(n *gorgonia.Node, kind uint64, a, b *graph.Node) *graph.Node {
	not := func(x *graph.Node) *graph.Node { return graph.AddConst(graph.Neg(x), 1) }
	less, more := graph.Greater(b, a), graph.Greater(a, b)
	switch kind {
	case 5:
		return less
	case 6:
		return more
	case 7:
		return not(more)
	case 8:
		return not(less)
	case 9:
		return not(graph.Add(less, more))
	case 10:
		return graph.Add(less, more)
	}
	fail(n, "has no translation")
	return nil
}

// smaller and larger are the functions of two values that are ops of their own.
func smaller(_ *translator, _ *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Min(in[0], in[1])
}

func larger(_ *translator, _ *gorgonia.Node, in []*graph.Node) *graph.Node {
	return graph.Max(in[0], in[1])
}

// unary is a function of one value.
func unary(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x := in[0]
	switch unaryKind(n) {
	case 0:
		return graph.Abs(x)
	case 1:
		return graph.Sign(x)
	case 2:
		return graph.Ceil(x)
	case 3:
		return graph.Floor(x)
	case 4:
		return graph.Sin(x)
	case 5:
		return graph.Cos(x)
	case 6:
		return graph.Exp(x)
	case 7:
		return graph.Log(x)
	case 8:
		return graph.Scale(graph.Log(x), 1/math.Ln2)
	case 9:
		return graph.Neg(x)
	case 10:
		return graph.Square(x)
	case 11:
		return graph.Sqrt(x)
	case 12:
		return graph.Recip(x)
	case 13:
		return graph.Rsqrt(x)
	case 14:
		return graph.Mul(x, graph.Square(x))
	case 15:
		return graph.Tanh(x)
	case 16:
		return graph.Sigmoid(x)
	case 17:
		return graph.Log(graph.AddConst(x, 1))
	case 18:
		return graph.AddConst(graph.Exp(x), -1)
	case 19:
		return graph.Softplus(x)
	}
	fail(n, "has no translation: devices have no such function")
	return nil
}
