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
		return power(n, a)
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

// power is a constant power: by products for small whole ones, else through the logarithm, for x > 0.
func power(n *gorgonia.Node, x *graph.Node) *graph.Node {
	c, ok := uniform(children(n)[1])
	if !ok {
		fail(n, "has no translation: only powers with a constant exponent are known")
	}
	switch {
	case c == 0.5:
		return graph.Sqrt(x)
	case c == 0:
		return graph.Fill(x, 1)
	case c != math.Trunc(c) || math.Abs(c) > 64:
		return graph.Exp(graph.Scale(graph.Log(x), c))
	case c < 0:
		return graph.Recip(whole(x, int(-c)))
	}
	return whole(x, int(c))
}

// whole is xᵏ for k ≥ 1.
func whole(x *graph.Node, k int) *graph.Node {
	if k == 1 {
		return x
	}
	y := graph.Square(whole(x, k/2))
	if k%2 == 1 {
		y = graph.Mul(y, x)
	}
	return y
}

// unary is a function of one value.
func unary(_ *translator, n *gorgonia.Node, in []*graph.Node) *graph.Node {
	x := in[0]
	switch unaryKind(n) {
	case 0:
		return graph.Abs(x)
	case 1:
		return graph.Sign(x)
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
