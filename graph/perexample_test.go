package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	. "drift/graph"
)

// net is a small network as it is built for n examples: parameter shapes, one example's shape, and the outputs [n,3].
type net struct {
	name   string
	params [][]int
	input  []int
	build  func(p []*Node, x *Node) *Node
}

var nets = []net{
	{"dense", [][]int{{5, 4}, {5}, {3, 5}, {3}}, []int{4}, func(p []*Node, x *Node) *Node {
		h := Tanh(Bias(Linear(x, p[0]), p[1], 1))
		return Bias(Linear(h, p[2]), p[3], 1)
	}},
	{"conv and pool", [][]int{{3, 2, 3, 3}, {3}, {2, 3, 2, 2}, {3, 8}}, []int{2, 6, 6}, func(p []*Node, x *Node) *Node {
		h := Gelu(Bias(Conv2D(x, p[0], [2]int{1, 1}, [2]int{1, 1}), p[1], 1))
		h = MaxPool2D(h, [2]int{2, 2}, [2]int{2, 2}, [2]int{})
		h = Tanh(Conv2D(h, p[2], [2]int{1, 1}, [2]int{}))
		return Linear(Reshape(h, h.Shape()[0], 8), p[3])
	}},
	{"groups, dilated", [][]int{{6, 2, 3, 2}, {6}, {9, 2, 2, 2}, {3, 18}}, []int{4, 6, 5}, func(p []*Node, x *Node) *Node {
		h := Tanh(Bias(GroupedConv2D(x, p[0], [2]int{1, 1}, [2]int{1, 1}, [2]int{2, 1}, 2), p[1], 1))
		h = Tanh(GroupedConv2D(h, p[2], [2]int{2, 3}, [2]int{}, [2]int{1, 3}, 3))
		return Linear(Reshape(h, h.Shape()[0], 18), p[3])
	}},
	{"depthwise", [][]int{{3, 1, 3, 3}, {6, 1, 2, 2}, {3, 24}}, []int{3, 4, 4}, func(p []*Node, x *Node) *Node {
		h := Tanh(GroupedConv2D(x, p[0], [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, 3))
		h = Tanh(GroupedConv2D(h, p[1], [2]int{2, 2}, [2]int{}, [2]int{1, 1}, 3))
		return Linear(Reshape(h, h.Shape()[0], 24), p[2])
	}},
	{"kernels that groups share", [][]int{{2, 1, 2, 2}, {3, 24}}, []int{4, 3, 3}, func(p []*Node, x *Node) *Node {
		n := x.Shape()[0]
		k := Reshape(Broadcast(p[0], 0, 2), 4, 1, 2, 2)
		h := Tanh(GroupedConv2D(x, k, [2]int{1, 1}, [2]int{}, [2]int{1, 1}, 4))
		h = GroupedConv2D(h, GroupedConv2D(k, Fill(k, 1), [2]int{1, 1}, [2]int{1, 1}, [2]int{2, 1}, 1), [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, 1)
		return Linear(Reshape(h, n, 24), p[1])
	}},
	{"few windows, many channels", [][]int{{9, 8, 2, 2}, {3, 36}}, []int{8, 3, 3}, func(p []*Node, x *Node) *Node {
		h := Sigmoid(Conv2D(x, p[0], [2]int{1, 1}, [2]int{}))
		return Linear(Reshape(h, h.Shape()[0], 36), p[1])
	}},
	{"wide kernels on small planes", [][]int{{16, 2, 1, 1}, {16, 16, 3, 3}, {24, 16, 3, 2}, {3, 144}}, []int{2, 4, 4}, func(p []*Node, x *Node) *Node {
		h := Tanh(Conv2D(x, p[0], [2]int{1, 1}, [2]int{}))
		h = Tanh(Conv2D(h, p[1], [2]int{1, 1}, [2]int{1, 1}))
		h = Tanh(GroupedConv2D(h, p[2], [2]int{1, 2}, [2]int{1, 2}, [2]int{2, 3}, 1))
		return Linear(Reshape(h, h.Shape()[0], 24*6), p[3])
	}},
	{"wide kernels, few windows", [][]int{{16, 1, 1, 1}, {32, 16, 2, 2}, {24, 32, 1, 1}, {3, 96}}, []int{1, 6, 6}, func(p []*Node, x *Node) *Node {
		h := Tanh(Conv2D(x, p[0], [2]int{1, 1}, [2]int{}))
		h = Tanh(Conv2D(h, p[1], [2]int{2, 2}, [2]int{}))
		h = Tanh(Conv2D(h, p[2], [2]int{2, 2}, [2]int{}))
		return Linear(Reshape(h, h.Shape()[0], 96), p[3])
	}},
	{"layer norm", [][]int{{6, 4}, {6}, {6}, {3, 6}}, []int{4}, func(p []*Node, x *Node) *Node {
		h := normalized(Linear(x, p[0]))
		return Linear(Silu(Bias(ScaleAxis(h, p[1], 1), p[2], 1)), p[3])
	}},
	{"group norm on images", [][]int{{4, 1, 2, 2}, {4}, {4}, {3, 36}}, []int{1, 4, 4}, func(p []*Node, x *Node) *Node {
		h := Conv2D(x, p[0], [2]int{1, 1}, [2]int{})
		n, shape := h.Shape()[0], h.Shape()
		h = Reshape(normalized(Reshape(h, n*2, 18)), shape...)
		h = Softplus(Bias(ScaleAxis(h, p[1], 1), p[2], 1))
		return Linear(Reshape(h, n, 36), p[3])
	}},
	{"positions", [][]int{{5, 4}, {5}, {3, 15}}, []int{3, 4}, func(p []*Node, x *Node) *Node {
		h := Tanh(Bias(Linear(x, p[0]), p[1], 2))
		return Linear(Reshape(h, h.Shape()[0], 15), p[2])
	}},
	{"many positions", [][]int{{2, 2}, {3, 24}}, []int{12, 2}, func(p []*Node, x *Node) *Node {
		h := Tanh(Linear(x, p[0]))
		return Linear(Reshape(h, h.Shape()[0], 24), p[1])
	}},
	{"shared weights", [][]int{{4, 4}, {4}, {3, 4}}, []int{4}, func(p []*Node, x *Node) *Node {
		h := Tanh(Bias(Linear(x, p[0]), p[1], 1))
		h = Tanh(Bias(Linear(h, p[0]), p[1], 1))
		return Linear(h, p[2])
	}},
	{"shared kernels", [][]int{{2, 2, 3, 3}, {3, 32}}, []int{2, 4, 4}, func(p []*Node, x *Node) *Node {
		h := Tanh(Conv2D(x, p[0], [2]int{1, 1}, [2]int{1, 1}))
		h = Tanh(Conv2D(h, p[0], [2]int{1, 1}, [2]int{1, 1}))
		return Linear(Reshape(h, h.Shape()[0], 32), p[1])
	}},
	{"unused parameter", [][]int{{3, 4}, {7}}, []int{4}, func(p []*Node, x *Node) *Node {
		return Linear(x, p[0])
	}},
}

// normalized is x [r,c] with mean 0 and variance 1 in every row.
func normalized(x *Node) *Node {
	shape := x.Shape()
	x = Sub(x, BroadcastTail(Mean(x, 1), shape...))
	return Mul(x, BroadcastTail(Rsqrt(AddConst(Mean(Square(x), 1), 1e-5)), shape...))
}

// fitted is a net over n examples with its loss and values.
type fitted struct {
	params, tangents []*Node
	loss, x, y       *Node
	values           values
}

func (f net) over(n int, crossEntropy bool) fitted {
	g := New()
	b := fitted{values: values{}}
	r := rand.New(rand.NewPCG(3, 4))
	for k, shape := range f.params {
		p := Input(g, f64, fmt.Sprintf("p%d", k), shape...)
		v := Input(g, f64, fmt.Sprintf("v%d", k), shape...)
		b.params, b.tangents = append(b.params, p), append(b.tangents, v)
		b.values[p], b.values[v] = normal(r, Size(p)), normal(r, Size(p))
		for i := range b.values[v] {
			b.values[v][i] *= 0.05 // short steps for central differences
		}
	}
	b.x = Input(g, f64, "x", append([]int{n}, f.input...)...)
	out := f.build(b.params, b.x)
	if crossEntropy {
		b.y = Input(g, f64, "y", n)
		b.loss = CrossEntropy(out, b.y)
	} else {
		b.y = Input(g, f64, "y", n, 3)
		b.loss = SquaredError(out, b.y)
	}
	data := rand.New(rand.NewPCG(5, 6))
	b.values[b.x] = normal(data, Size(b.x))
	b.values[b.y] = normal(data, Size(b.y))
	if crossEntropy {
		for i := range b.values[b.y] {
			b.values[b.y][i] = float64(data.IntN(3))
		}
	}
	return b
}

// explicit is the gradient of each example by itself, [n][P].
func (f net) explicit(t *testing.T, n int, crossEntropy bool) [][]float64 {
	all, single := f.over(n, crossEntropy), f.over(1, crossEntropy)
	gradient := defined(Grad([]*Node{single.loss}, []*Node{nil}, single.params), single.params)
	rows := make([][]float64, n)
	for i := range rows {
		for _, leaf := range []struct{ one, whole *Node }{{single.x, all.x}, {single.y, all.y}} {
			size := Size(leaf.one)
			single.values[leaf.one] = all.values[leaf.whole][i*size : (i+1)*size]
		}
		for _, part := range evaluate(t, single.values, gradient...) {
			rows[i] = append(rows[i], part...)
		}
	}
	return rows
}

func flat(parts [][]float64) []float64 {
	var all []float64
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func inner(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}

// Every factored statistic equals the one formed from explicit per-example gradients.
func TestFactoredAgreesWithExplicit(t *testing.T) {
	const n = 5
	for _, f := range nets {
		for _, crossEntropy := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%t", f.name, crossEntropy), func(t *testing.T) {
				b, rows := f.over(n, crossEntropy), f.explicit(t, n, crossEntropy)
				c := Input(b.loss.Graph(), f64, "c", n)
				b.values[c] = []float64{0.3, -1.2, 0, 2, 0.7}
				v := make([][]float64, 0, len(b.tangents))
				for _, k := range b.tangents {
					v = append(v, b.values[k])
				}
				pe := NewPerExample(b.loss, b.params)
				sigma := NewCovariance(pe)
				want := statistics(rows, flat(v), b.values[c])

				check := func(what string, outputs ...*Node) {
					t.Helper()
					near(t, what, flat(evaluate(t, b.values, outputs...)), want[what], 1e-10)
				}
				check("squared norms", pe.SquaredNorms())
				check("gram", pe.Gram())
				check("dot", pe.Dot(b.tangents))
				check("combine", pe.Combine(c)...)
				check("squares", pe.Squares()...)
				check("mean", sigma.Mean()...)
				check("trace", sigma.Trace())
				check("apply", sigma.Apply(b.tangents)...)
				check("diagonal", sigma.Diagonal()...)
				near(t, "materialize", flat(transposed(evaluate(t, b.values, pe.Materialize()...), n)), flat(rows), 1e-10)
			})
		}
	}
}

// transposed turns per-parameter matrices [n,p_k] into rows of all parameters.
func transposed(parts [][]float64, n int) [][]float64 {
	rows := make([][]float64, n)
	for _, p := range parts {
		w := len(p) / n
		for i := range rows {
			rows[i] = append(rows[i], p[i*w:(i+1)*w]...)
		}
	}
	return rows
}

// statistics computes everything from the rows g_n by its definition.
func statistics(rows [][]float64, v, c []float64) map[string][]float64 {
	n, p := len(rows), len(rows[0])
	s := map[string][]float64{"combine": make([]float64, p), "squares": make([]float64, p), "mean": make([]float64, p),
		"apply": make([]float64, p), "diagonal": make([]float64, p), "trace": make([]float64, 1)}
	for i, g := range rows {
		s["squared norms"] = append(s["squared norms"], inner(g, g))
		s["dot"] = append(s["dot"], inner(g, v))
		for _, k := range rows {
			s["gram"] = append(s["gram"], inner(g, k))
		}
		for j := range g {
			s["combine"][j] += c[i] * g[j]
			s["squares"][j] += g[j] * g[j]
			s["mean"][j] += g[j] / float64(n)
		}
	}
	for _, g := range rows {
		d := make([]float64, p)
		for j := range g {
			d[j] = g[j] - s["mean"][j]
		}
		dv := inner(d, v)
		for j := range g {
			s["apply"][j] += dv * d[j] / float64(n-1)
			s["diagonal"][j] += d[j] * d[j] / float64(n-1)
			s["trace"][0] += d[j] * d[j] / float64(n-1)
		}
	}
	return s
}

// ∂tr Σ agrees with central differences of tr Σ, and its chunks add up to the whole.
func TestTraceGradient(t *testing.T) {
	const n = 6
	for _, f := range nets {
		t.Run(f.name, func(t *testing.T) {
			b := f.over(n, true)
			pe := NewPerExample(b.loss, b.params)
			sigma, rest := NewCovariance(pe), pe.Deviations()
			gradient := sigma.TraceGradient(b.params)
			got := evaluate(t, b.values, append(gradient, Inner(gradient, b.tangents))...)
			p := problem{wrt: b.params, tangents: b.tangents, values: b.values}
			near(t, "directional derivative", got[len(gradient)], p.central(t, sigma.Trace())[0], 1e-8)

			given := evaluate(t, b.values, append(slices.Clone(rest.Means), rest.Sum()...)...)
			for _, sum := range given[len(rest.Means):] {
				for i := range sum {
					sum[i] /= n
				}
			}
			near(t, "in chunks", f.chunked(t, b, given), flat(got[:len(gradient)]), 1e-11)
		})
	}
}

// chunked is ∂tr Σ over the examples of b taken two at a time, given the means over all of them and r̄.
func (f net) chunked(t *testing.T, b fitted, given [][]float64) []float64 {
	const size = 2
	n := b.x.Shape()[0]
	part := f.over(size, true)
	pe := NewPerExample(part.loss, part.params)
	own := pe.Means()
	var leaves []*Node
	for k, p := range append(slices.Clone(own), part.params...) {
		leaf := Input(p.Graph(), f64, fmt.Sprintf("given %d", k), p.Shape()...)
		leaves, part.values[leaf] = append(leaves, leaf), given[k]
	}
	weight := Fill(part.loss, 2/float64(n-1))
	centered := pe.Around(leaves[:len(own)]).Slope(pe, leaves[len(own):], SliceAxis(weight, 0, 0, 1), part.params)
	var total []float64
	for from := 0; from < n; from += size {
		w := Size(b.x) / n
		part.values[part.x] = b.values[b.x][from*w : (from+size)*w]
		part.values[part.y] = b.values[b.y][from : from+size]
		chunk := flat(evaluate(t, part.values, centered...))
		if total == nil {
			total = make([]float64, len(chunk))
		}
		for j := range chunk {
			total[j] += chunk[j]
		}
	}
	return total
}
