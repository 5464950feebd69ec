package graph_test

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	. "drift/graph"
)

// opCase is an op over inputs of given shapes. Inputs named in index hold whole numbers below the given bound; the others are normal,
// moved away from zero where the op wants positive values, or for a kinked op spread so that no kink is near.
type opCase struct {
	name     string
	shapes   [][]int
	build    func(in []*Node) *Node
	positive bool
	kinked   bool
	index    map[int]int
}

func one(f func(*Node) *Node) func([]*Node) *Node { return func(in []*Node) *Node { return f(in[0]) } }
func two(f func(x, y *Node) *Node) func([]*Node) *Node {
	return func(in []*Node) *Node { return f(in[0], in[1]) }
}

// cases draws an op of every family, with sizes from r.
func cases(r *rand.Rand) []opCase {
	n, m, k, b := 2+r.IntN(3), 2+r.IntN(3), 2+r.IntN(3), 2+r.IntN(2)
	h, w := 5+r.IntN(2), 4+r.IntN(3)
	var all []opCase
	for name, f := range sorted(map[string]func(*Node) *Node{"exp": Exp, "tanh": Tanh, "sigmoid": Sigmoid, "softplus": Softplus, "relu": Relu,
		"abs": Abs, "square": Square, "normcdf": NormCDF, "normpdf": NormPDF, "sin": Sin, "cos": Cos, "gelu": Gelu, "silu": Silu}) {
		all = append(all, opCase{name: name, shapes: [][]int{{n, m}}, build: one(f), kinked: name == "relu" || name == "abs"})
	}
	for name, f := range sorted(map[string]func(*Node) *Node{"floor": Floor, "ceil": Ceil}) {
		product := one(func(x *Node) *Node { return Mul(x, f(Scale(x, 5))) }) // 5x is 0.125 or more from whole numbers
		all = append(all, opCase{name: name, shapes: [][]int{{n, m}}, build: product, kinked: true})
	}
	for name, f := range sorted(map[string]func(*Node) *Node{"log": Log, "sqrt": Sqrt, "rsqrt": Rsqrt, "recip": Recip}) {
		all = append(all, opCase{name: name, shapes: [][]int{{n, m}}, build: one(f), positive: true})
	}
	for name, f := range sorted(map[string]func(x, y *Node) *Node{"add": Add, "sub": Sub, "mul": Mul, "div": Div, "max": Max, "min": Min, "pow": Pow}) {
		all = append(all, opCase{name: name, shapes: [][]int{{n, m}, {n, m}}, build: two(f), positive: name == "div" || name == "pow", kinked: name == "max" || name == "min"})
	}
	for _, ta := range []bool{false, true} {
		for _, tb := range []bool{false, true} {
			x, y := []int{n, k}, []int{k, m}
			if ta {
				x[0], x[1] = x[1], x[0]
			}
			if tb {
				y[0], y[1] = y[1], y[0]
			}
			product := two(func(x, y *Node) *Node { return MatMulT(x, y, ta, tb) })
			all = append(all, opCase{name: fmt.Sprintf("matmul %t %t", ta, tb), shapes: [][]int{x, y}, build: product},
				opCase{name: fmt.Sprintf("batched %t %t", ta, tb), shapes: [][]int{append([]int{b}, x...), append([]int{b}, y...)}, build: product})
		}
	}
	stride, pad := [2]int{1 + r.IntN(2), 1 + r.IntN(2)}, [2]int{r.IntN(2), r.IntN(2)}
	for name, f := range sorted(map[string]func([]*Node) *Node{
		"sum":            one(func(x *Node) *Node { return Sum(x, 1) }),
		"mean":           one(func(x *Node) *Node { return Mean(x, 0) }),
		"sum all":        one(SumAll),
		"sum tail":       one(SumTail),
		"broadcast":      one(func(x *Node) *Node { return Broadcast(x, 1, 3) }),
		"reshape":        one(func(x *Node) *Node { return Reshape(x, n*m, k) }),
		"transpose":      one(func(x *Node) *Node { return Transpose(x, 1, 2, 0) }),
		"slice":          one(func(x *Node) *Node { return SliceAxis(x, 1, 1, m) }),
		"pad":            one(func(x *Node) *Node { return PadAxis(x, 2, 1, k+3) }),
		"scaled, moved":  one(func(x *Node) *Node { return AddConst(Scale(x, -1.7), 0.3) }),
		"broadcast tail": one(func(x *Node) *Node { return BroadcastTail(Flatten(x), n*m*k, 2, 2) }),
	}) {
		all = append(all, opCase{name: name, shapes: [][]int{{n, m, k}}, build: f})
	}
	for _, c := range []float64{-2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 1.7} {
		power := one(func(x *Node) *Node { return Pow(x, Fill(x, c)) })
		all = append(all, opCase{name: fmt.Sprint("power ", c), shapes: [][]int{{n, m}}, build: power, positive: c < 0 || c != math.Trunc(c)})
	}
	for step := 2; step < 4; step++ {
		all = append(all, opCase{name: fmt.Sprint("slice in steps of ", step), shapes: [][]int{{n, 7, k}},
			build: one(func(x *Node) *Node { return SliceStep(x, 1, 1, 6, step) })})
	}
	for _, causal := range []bool{false, true} {
		attention := one(func(x *Node) *Node { return Attention(x, k, causal) })
		all = append(all, opCase{name: fmt.Sprintf("attention %t", causal), shapes: [][]int{{n, m, 3 * k * b}}, build: attention})
	}
	images, kernel := []int{b, 2, h, w}, []int{3, 2, 3, 2}
	return append(all,
		opCase{name: "concat", shapes: [][]int{{n, m}, {n, k}}, build: func(in []*Node) *Node { return Concat(1, in...) }},
		opCase{name: "broadcast axis", shapes: [][]int{{m}}, build: one(func(x *Node) *Node { return BroadcastAxis(x, 1, n, m, k) })},
		opCase{name: "softmax", shapes: [][]int{{n, m}}, build: one(Softmax)},
		opCase{name: "logsoftmax", shapes: [][]int{{n, m}}, build: one(LogSoftmax)},
		opCase{name: "cross entropy", shapes: [][]int{{n, m}, {n}}, build: two(CrossEntropy), index: map[int]int{1: m}},
		opCase{name: "squared error", shapes: [][]int{{n, m}, {n, m}}, build: two(SquaredError)},
		opCase{name: "pick", shapes: [][]int{{n, m}, {n}}, build: two(Pick), index: map[int]int{1: m}},
		opCase{name: "place", shapes: [][]int{{n}, {n}}, build: two(func(x, i *Node) *Node { return Place(x, i, m) }), index: map[int]int{1: m}},
		opCase{name: "gather", shapes: [][]int{{m, k}, {n}}, build: two(Gather), index: map[int]int{1: m}},
		opCase{name: "scatter", shapes: [][]int{{n, k}, {n}}, build: two(func(x, i *Node) *Node { return Scatter(x, i, m) }), index: map[int]int{1: m}},
		opCase{name: "conv", shapes: [][]int{images, kernel}, build: two(func(x, k *Node) *Node { return Conv2D(x, k, stride, pad) })},
		opCase{name: "grouped conv", shapes: [][]int{{2, 4, 5, 4}, {6, 2, 2, 2}}, build: two(func(x, k *Node) *Node { return GroupedConv2D(x, k, stride, pad, [2]int{2, 1}, 2) })},
		opCase{name: "grouped conv per example", shapes: [][]int{{2, 4, 5, 4}, {2, 4, 1, 2, 2}}, build: two(func(x, k *Node) *Node { return GroupedConv2D(x, k, stride, pad, [2]int{1, 2}, 4) })},
		opCase{name: "conv per example", shapes: [][]int{images, append([]int{b}, kernel...)}, build: two(func(x, k *Node) *Node { return Conv2D(x, k, stride, pad) })},
		opCase{name: "im2col", shapes: [][]int{images}, build: one(func(x *Node) *Node { return Im2Col(x, [2]int{3, 2}, stride, pad) })},
		opCase{name: "max pool", shapes: [][]int{images}, build: one(func(x *Node) *Node { return MaxPool2D(x, [2]int{3, 2}, stride, pad) }), kinked: true},
		opCase{name: "avg pool", shapes: [][]int{images}, build: one(func(x *Node) *Node { return AvgPool2D(x, [2]int{3, 2}, stride, pad) })},
	)
}

// sorted goes through a map in the order of its keys, so that the random draws are the same each time.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// problem is an op under a weighted, curved sum, so that second derivatives do not vanish, with values for everything.
type problem struct {
	inputs, wrt, tangents []*Node
	output, loss          *Node
	values                values
}

func (c opCase) problem(r *rand.Rand) problem {
	g := New()
	p := problem{values: values{}}
	for k, shape := range c.shapes {
		n := Input(g, f64, fmt.Sprintf("x%d", k), shape...)
		x := normal(r, Size(n))
		order := r.Perm(len(x))
		for i := range x {
			if c.kinked { // steps of 0.1, those of the second input between those of the first, none at zero
				x[i] = 0.1*float64(order[i]-len(x)/2) + 0.025 + 0.05*float64(k)
			}
			if bound, ok := c.index[k]; ok {
				x[i] = float64(r.IntN(bound))
			} else if c.positive {
				x[i] = 0.5 + math.Abs(x[i])
			}
		}
		p.inputs, p.values[n] = append(p.inputs, n), x
		if _, ok := c.index[k]; !ok {
			v := Input(g, f64, fmt.Sprintf("v%d", k), shape...)
			p.wrt, p.tangents, p.values[v] = append(p.wrt, n), append(p.tangents, v), normal(r, Size(n))
		}
	}
	p.output = c.build(p.inputs)
	w := Input(g, f64, "w", p.output.Shape()...)
	p.values[w] = normal(r, Size(w))
	p.loss = SumAll(Mul(w, Add(p.output, Square(p.output))))
	return p
}

// along evaluates an expression at x + s·v.
func (p problem) along(t *testing.T, s float64, outputs ...*Node) [][]float64 {
	moved := values{}
	for n, x := range p.values {
		moved[n] = x
	}
	for k, n := range p.wrt {
		x := append([]float64(nil), p.values[n]...)
		for i, v := range p.values[p.tangents[k]] {
			x[i] += s * v
		}
		moved[n] = x
	}
	return evaluate(t, moved, outputs...)
}

// central is the derivative of each output along v by central differences extrapolated from two steps: error O(step⁴).
func (p problem) central(t *testing.T, outputs ...*Node) [][]float64 {
	const step = 1e-3
	a, b := p.along(t, step, outputs...), p.along(t, -step, outputs...)
	c, d := p.along(t, 2*step, outputs...), p.along(t, -2*step, outputs...)
	all := make([][]float64, len(outputs))
	for k := range outputs {
		all[k] = make([]float64, len(a[k]))
		for i := range all[k] {
			all[k][i] = (8*(a[k][i]-b[k][i]) - (c[k][i] - d[k][i])) / (12 * step)
		}
	}
	return all
}

// defined replaces vanishing derivatives by zeros.
func defined(nodes, like []*Node) []*Node {
	for k, n := range nodes {
		if n == nil {
			nodes[k] = Fill(like[k], 0)
		}
	}
	return nodes
}

// Every op's first derivative (backward and forward) and second derivative agree with central differences.
func TestDerivativesAgreeWithCentralDifferences(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		for _, c := range cases(r) {
			t.Run(fmt.Sprintf("%s/%d", c.name, seed), func(t *testing.T) {
				p := c.problem(r)
				gradient := defined(Grad([]*Node{p.loss}, []*Node{nil}, p.wrt), p.wrt)
				hvp := defined(HVP([]*Node{p.loss}, p.wrt, p.tangents), p.wrt)
				jvp := defined(JVP([]*Node{p.output}, p.wrt, p.tangents), []*Node{p.output})
				near(t, "jvp", evaluate(t, p.values, jvp...)[0], p.central(t, p.output)[0], 1e-8)
				near(t, "directional derivative", evaluate(t, p.values, Inner(gradient, p.tangents))[0], p.central(t, p.loss)[0], 1e-8)
				want := p.central(t, gradient...)
				for k, got := range evaluate(t, p.values, hvp...) {
					near(t, fmt.Sprintf("hvp %d", k), got, want[k], 1e-7)
				}
			})
		}
	}
}

// A program computes what Gorgonia's TapeMachine computes from the same graph, second derivatives included.
func TestProgramAgreesWithTapeMachine(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range cases(r) {
		t.Run(c.name, func(t *testing.T) {
			p := c.problem(r)
			outputs := append(defined(HVP([]*Node{p.loss}, p.wrt, p.tangents), p.wrt), p.loss)
			got, want := evaluate(t, p.values, outputs...), interpret(t, p.loss.Graph(), p.values, outputs...)
			for k := range outputs {
				near(t, fmt.Sprint(outputs[k]), got[k], want[k], 1e-12)
			}
		})
	}
}
