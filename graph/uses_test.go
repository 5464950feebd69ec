package graph_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	. "drift/graph"
)

// init adds networks that use parameters in ways that no layer does.
func init() {
	zero := func(x *Node) *Node { return Fill(x, 0) }
	nets = append(nets, []net{
		{"weight [in,out]", [][]int{{4, 5}, {5, 3}}, []int{4}, func(p []*Node, x *Node) *Node {
			return MatMul(Tanh(MatMul(x, p[0])), p[1])
		}},
		{"tied weight", [][]int{{4, 6}, {4, 3}}, []int{4}, func(p []*Node, x *Node) *Node {
			return MatMul(Linear(Tanh(MatMul(x, p[0])), p[0]), p[1])
		}},
		{"tied by a transpose and a multiple", [][]int{{4, 6}, {4, 3}}, []int{4}, func(p []*Node, x *Node) *Node {
			return MatMul(MatMul(Tanh(MatMul(x, p[0])), Scale(Transpose(p[0]), 0.5)), p[1])
		}},
		{"features first", [][]int{{5, 4}, {5}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			h := Tanh(Bias(MatMul(p[0], Transpose(x)), p[1], 0))
			return Transpose(MatMul(p[2], h))
		}},
		{"positions first", [][]int{{5, 4}, {5}, {3, 15}}, []int{3, 4}, func(p []*Node, x *Node) *Node {
			h := Tanh(Bias(Linear(Transpose(x, 1, 0, 2), p[0]), p[1], 2))
			return Linear(Reshape(Transpose(h, 1, 0, 2), x.Shape()[0], 15), p[2])
		}},
		{"a matrix for each position", [][]int{{3, 4, 2}, {3, 6}}, []int{3, 4}, func(p []*Node, x *Node) *Node {
			h := Tanh(MatMul(Transpose(x, 1, 0, 2), p[0]))
			return Linear(Reshape(Transpose(h, 1, 0, 2), x.Shape()[0], 6), p[1])
		}},
		{"weight in another shape", [][]int{{20}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			return Linear(Tanh(Linear(x, Reshape(p[0], 5, 4))), p[1])
		}},
		{"positive weight", [][]int{{5, 4}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			return Linear(Tanh(Linear(x, Softplus(p[0]))), p[1])
		}},
		{"weight of unit rows", [][]int{{5, 4}, {5}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			w := Mul(p[0], BroadcastTail(Mul(p[1], Rsqrt(SumTail(Square(p[0])))), 5, 4))
			return Linear(Tanh(Linear(x, w)), p[2])
		}},
		{"product of weights", [][]int{{5, 3}, {3, 4}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			return Linear(Tanh(Linear(x, MatMul(p[0], p[1]))), p[2])
		}},
		{"softmax, slices and padding of weights", [][]int{{5, 4}, {3, 5}}, []int{4}, func(p []*Node, x *Node) *Node {
			w := Add(Softmax(p[0]), PadAxis(SliceAxis(p[0], 0, 1, 4), 0, 2, 5))
			return Linear(Tanh(Linear(x, w)), Transpose(Transpose(p[1])))
		}},
		{"kernels made of kernels", [][]int{{2, 1, 5, 5}, {2, 2, 3, 3}, {3, 2}}, []int{1, 4, 4}, func(p []*Node, x *Node) *Node {
			k := Reshape(Conv2D(p[0], Reshape(p[1], 4, 1, 3, 3), [2]int{1, 1}, [2]int{}), 8, 1, 3, 3)
			h := Tanh(Conv2D(x, SliceAxis(k, 0, 1, 3), [2]int{1, 1}, [2]int{1, 1}))
			return Linear(Mean(Reshape(MaxPool2D(h, [2]int{2, 2}, [2]int{2, 2}, [2]int{}), x.Shape()[0], 2, 4), 2), p[2])
		}},
		{"images that share kernels", [][]int{{2, 1, 2, 2}, {3, 8}}, []int{4, 3, 3}, func(p []*Node, x *Node) *Node {
			n := x.Shape()[0]
			h := Tanh(Conv2D(Reshape(x, 4*n, 1, 3, 3), p[0], [2]int{1, 1}, [2]int{}))
			return Linear(Mean(Reshape(h, n, 8, 4), 2), p[1])
		}},
		{"look-up", [][]int{{2, 3}}, []int{1}, func(p []*Node, x *Node) *Node {
			return Gather(p[0], Flatten(Greater(x, zero(x))))
		}},
		{"look-ups of a sequence", [][]int{{2, 2, 2}, {3, 20}}, []int{5}, func(p []*Node, x *Node) *Node {
			e := Tanh(Gather(p[0], Flatten(Greater(x, zero(x)))))
			return Linear(Reshape(e, x.Shape()[0], 20), p[1])
		}},
		{"tied look-up", [][]int{{3, 4}, {4, 4}}, []int{1}, func(p []*Node, x *Node) *Node {
			return Linear(Linear(Gather(p[0], Flatten(Greater(x, zero(x)))), p[1]), p[0])
		}},
		{"look-up in a table made of one", [][]int{{2, 3}}, []int{1}, func(p []*Node, x *Node) *Node {
			return Gather(Tanh(p[0]), Flatten(Greater(x, zero(x))))
		}},
		{"look-up of parameters by parameters' signs", [][]int{{2, 3}, {3}}, []int{3}, func(p []*Node, x *Node) *Node {
			rows := Gather(p[0], Greater(p[1], zero(p[1])))
			return Linear(x, Scatter(rows, Greater(p[1], zero(p[1])), 3))
		}},
		{"parameter as an output", [][]int{{3}, {1}}, []int{3}, func(p []*Node, x *Node) *Node {
			shape := x.Shape()
			return Add(Mul(x, BroadcastScalar(p[1], shape...)), Broadcast(Exp(p[0]), 0, shape[0]))
		}},
		{"a sum with itself", [][]int{{3, 4}, {3}}, []int{4}, func(p []*Node, x *Node) *Node {
			return Bias(Bias(Add(Linear(x, p[0]), Linear(x, p[0])), p[1], 1), p[1], 1)
		}},
		{"residual branches through one weight", [][]int{{4, 4}, {3, 4}}, []int{4}, func(p []*Node, x *Node) *Node {
			h := Add(x, Tanh(Linear(x, p[0])))
			return Linear(Add(h, Tanh(Linear(h, p[0]))), p[1])
		}},
		{"attention", [][]int{{2, 2}, {2, 2}, {2, 2}, {3, 6}}, []int{3, 2}, func(p []*Node, x *Node) *Node {
			q, k, v := Linear(x, p[0]), Linear(x, p[1]), Linear(x, p[2])
			n := x.Shape()[0]
			a := Reshape(Softmax(Reshape(MatMulT(q, k, false, true), 3*n, 3)), n, 3, 3)
			return Linear(Reshape(MatMul(a, v), n, 6), p[3])
		}},
		{"attention of one product", [][]int{{12, 2}, {3, 12}}, []int{3, 2}, func(p []*Node, x *Node) *Node {
			return Linear(Reshape(Attention(Linear(x, p[0]), 2, true), x.Shape()[0], 12), p[1])
		}},
		{"attention among parameters", [][]int{{3, 12}, {3, 12}}, []int{12}, func(p []*Node, x *Node) *Node {
			seen := Attention(Reshape(p[0], 1, 3, 12), 2, false)
			return Linear(Mul(x, Broadcast(Reshape(seen, 12), 0, x.Shape()[0])), p[1])
		}},
	}...)
}

// One example alone has the gradient of its loss, in every network and in the same factored form.
func TestSingleExample(t *testing.T) {
	for _, f := range nets {
		t.Run(f.name, func(t *testing.T) {
			b := f.over(1, true)
			got := evaluate(t, b.values, NewPerExample(b.loss, b.params).Materialize()...)
			near(t, "gradient", flat(got), f.explicit(t, 1, true)[0], 1e-10)
		})
	}
}

// A penalty on parameters in every example's loss counts in every example's gradient, also where it is all of the loss.
func TestPenaltyInTheLoss(t *testing.T) {
	for _, n := range []int{1, 4} {
		for _, alone := range []bool{false, true} {
			g := New()
			x, w := Input(g, f64, "x", n, 3), Input(g, f64, "w", 1, 3)
			v := values{x: normal(rand.New(rand.NewPCG(1, 2)), 3*n), w: {0.5, -1, 2}}
			loss := BroadcastScalar(SumAll(Square(w)), n)
			if !alone {
				loss = Add(loss, Flatten(Linear(x, w)))
			}
			got := evaluate(t, v, NewPerExample(loss, []*Node{w}).Materialize()...)[0]
			want := make([]float64, 3*n)
			for i := range want {
				if want[i] = 2 * v[w][i%3]; !alone {
					want[i] += v[x][i]
				}
			}
			near(t, fmt.Sprint(n, " examples"), got, want, 1e-14)
		}
	}
}

// Parameters need not be leaves: those of a network at θ+v are sums.
func TestComputedParameters(t *testing.T) {
	const n = 4
	g := New()
	x, w, v := Input(g, f64, "x", n, 3), Input(g, f64, "w", 2, 3), Input(g, f64, "v", 2, 3)
	r := rand.New(rand.NewPCG(1, 2))
	at := values{x: normal(r, 3*n), w: normal(r, 6), v: normal(r, 6)}
	moved := Add(w, v)
	norms := func(p *Node) *Node {
		return NewPerExample(Sum(Square(Tanh(Linear(x, p))), 1), []*Node{p}).SquaredNorms()
	}
	there := evaluate(t, at, norms(moved))[0]
	for i := range at[w] {
		at[w][i] += at[v][i]
	}
	near(t, "squared norms", there, evaluate(t, at, norms(w))[0], 1e-12)
}

// Examples that are cut out of a batch and put together again keep apart.
func TestBatchesPutTogether(t *testing.T) {
	g := New()
	x, y, w := Input(g, f64, "x", 2, 3), Input(g, f64, "y", 3, 3), Input(g, f64, "w", 1, 3)
	index := Input(g, f64, "index", 5)
	both := Concat(0, Gather(x, SliceAxis(index, 0, 0, 2)), Gather(y, SliceAxis(index, 0, 2, 5)))
	p := NewPerExample(Flatten(Linear(both, w)), []*Node{w})
	r := rand.New(rand.NewPCG(1, 2))
	v := values{x: normal(r, 6), y: normal(r, 9), w: normal(r, 3), index: {1, 0, 2, 1, 0}}
	want := append(append([]float64{}, v[x][3:]...), v[x][:3]...)
	want = append(append(append(want, v[y][6:]...), v[y][3:6]...), v[y][:3]...)
	near(t, "gradients", evaluate(t, v, p.Materialize()...)[0], want, 0)
}

// A loss in which an example depends on another is refused, and so is a parameter that belongs to places in the batch.
func TestExamplesThatInfluenceEachOtherAreRefused(t *testing.T) {
	const n = 4
	cases := []struct {
		name string
		loss func(x, w *Node) *Node
		says string
	}{
		{"centred by the batch", func(x, w *Node) *Node {
			z := Linear(x, w)
			return SumTail(Square(Sub(z, Broadcast(Mean(z, 0), 0, n))))
		}, "influence"},
		{"x·xᵀ", func(x, w *Node) *Node { z := Linear(x, w); return SumTail(MatMulT(z, z, false, true)) }, "influence"},
		{"softmax over the batch", func(x, w *Node) *Node {
			return SumTail(Transpose(Softmax(Transpose(Linear(x, w)))))
		}, "apart"},
		{"reshape across the batch", func(x, w *Node) *Node {
			return SumTail(Transpose(Reshape(Linear(x, w), n, n)))
		}, "axis of the batch"},
		{"the first example's", func(x, w *Node) *Node {
			z := Linear(x, w)
			return SumTail(Mul(z, Broadcast(Flatten(SliceAxis(z, 0, 0, 1)), 0, n)))
		}, "influence"},
		{"neighbours", func(x, w *Node) *Node {
			z := Linear(x, w)
			return SumTail(Mul(z, Concat(0, SliceAxis(z, 0, 1, n), SliceAxis(z, 0, 0, 1))))
		}, "influence"},
		{"a parameter a place", func(x, w *Node) *Node { return SumTail(Mul(x, w)) }, "axis of the batch"},
	}
	for _, c := range cases {
		g := New()
		x, w := Input(g, f64, "x", n, n), Input(g, f64, "w", n, n)
		err := Try(func() { NewPerExample(c.loss(x, w), []*Node{w}) })
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: want an error that says %q, got %v", c.name, c.says, err)
		}
	}
}

// Gradients are kept as what they are made of: numbers in another graph stand for them.
func TestGradientsOfOtherNodes(t *testing.T) {
	const n = 5
	for _, f := range nets {
		t.Run(f.name, func(t *testing.T) {
			b := f.over(n, true)
			p := NewPerExample(b.loss, b.params)
			want := evaluate(t, b.values, p.Gram())[0]
			g, kept := New(), values{}
			var leaves []*Node
			for k, node := range p.Nodes() {
				leaf := Input(g, f64, fmt.Sprint("kept ", k), node.Shape()...)
				kept[leaf] = evaluate(t, b.values, node)[0]
				leaves = append(leaves, leaf)
			}
			near(t, "gram", evaluate(t, kept, p.On(leaves).Gram())[0], want, 1e-12)
		})
	}
}
