package onnx_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/onnx"
	"drift/kernels"
	"drift/kernels/devicetest"
)

var device = devicetest.Open(2)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// networks are the files of testdata, which make.py made.
var networks = []string{"mlp", "cnn", "resnet", "depthwise", "encoder", "vit", "language", "assorted"}

// expected is what a network computes: single in float32 by onnxruntime, double in float64 by PyTorch.
type expected struct {
	Shape             []int
	X, Single, Double []float64
}

func open(t testing.TB, name string) (*nn.Model, expected) {
	t.Helper()
	var e expected
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	must(t, err)
	must(t, json.Unmarshal(text, &e))
	m, err := onnx.Load(filepath.Join("testdata", name+".onnx"), e.Shape[1:], nn.CrossEntropy{})
	must(t, err)
	return m, e
}

// built is a model for some examples with values for its leaves.
type built struct {
	params, buffers []*graph.Node
	output, loss    *graph.Node
	values          map[*graph.Node][]float64
}

func build(t testing.TB, m *nn.Model, dt kernels.DType, e expected, examples ...int) built {
	t.Helper()
	b := built{values: make(map[*graph.Node][]float64)}
	must(t, graph.Try(func() {
		g := graph.New()
		leaf := func(dt kernels.DType, name string, x []float64, shape ...int) *graph.Node {
			l := graph.Input(g, dt, name, shape...)
			b.values[l] = x
			return l
		}
		var net objective.Net
		first := objective.Draw(m, 1)
		for i, p := range objective.Tensors(m) {
			l := leaf(dt, p.Name, first[p.Offset:p.Offset+p.Len], p.Shape...)
			if i < len(m.Params()) {
				net.Params = append(net.Params, l)
			} else {
				net.Buffers = append(net.Buffers, l)
			}
		}
		in, target := m.Inputs()[0], m.Target()
		var x, y []float64
		random := rand.New(rand.NewPCG(5, 6))
		labels := make([]float64, e.Shape[0]*target.Size())
		for i := range labels {
			labels[i] = float64(random.IntN(target.Index))
		}
		for _, i := range examples {
			x = append(x, e.X[i*in.Size():(i+1)*in.Size()]...)
			y = append(y, labels[i*target.Size():(i+1)*target.Size()]...)
		}
		n := len(examples)
		net.Inputs = []*graph.Node{leaf(in.DType(dt), "data", x, append([]int{n}, in.Shape...)...)}
		b.params, b.buffers, b.output = net.Params, net.Buffers, m.Build(net)
		b.loss = m.Losses(b.output, leaf(target.DType(dt), "target", y, append([]int{n}, target.Shape...)...))
	}))
	return b
}

func (b built) evaluate(t testing.TB, nodes ...*graph.Node) [][]float64 {
	t.Helper()
	p, err := graph.Compile(device, nodes, nil, nil)
	must(t, err)
	defer p.Close()
	for leaf, x := range b.values {
		buf := p.Buffer(leaf)
		switch {
		case buf == nil:
		case graph.DTypeOf(leaf) == kernels.Int32:
			index := make([]int32, len(x))
			for i := range x {
				index[i] = int32(x[i])
			}
			must(t, buf.Write(index))
		default:
			must(t, buf.Write(x))
		}
	}
	must(t, p.Run())
	all := make([][]float64, len(nodes))
	for k, n := range nodes {
		all[k] = make([]float64, graph.Size(n))
		must(t, p.Buffer(n).Read(all[k]))
	}
	return all
}

// near compares with the largest of the wanted numbers as the scale.
func near(t testing.TB, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	scale, worst := 0., 0.
	for i, w := range want {
		scale = max(scale, math.Abs(w))
		if d := math.Abs(got[i] - w); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= tol*scale) {
		t.Errorf("%s: off by %.2g of %.3g, allowed %g of it", what, worst, scale, tol)
	}
}

// Outputs are PyTorch's in float64 and onnxruntime's in float32, at whatever size of the batch.
func TestOutputsAgree(t *testing.T) {
	for _, name := range networks {
		t.Run(name, func(t *testing.T) {
			m, e := open(t, name)
			double := build(t, m, kernels.Float64, e, 0, 1, 2, 3, 4)
			near(t, "float64", double.evaluate(t, double.output)[0], e.Double, 1e-10)
			single := build(t, m, kernels.Float32, e, 0, 1, 2, 3, 4)
			near(t, "float32", single.evaluate(t, single.output)[0], e.Single, 1e-5)
			one := build(t, m, kernels.Float64, e, 3)
			width := len(e.Double) / e.Shape[0]
			near(t, "one example", one.evaluate(t, one.output)[0], e.Double[3*width:4*width], 1e-10)
		})
	}
}

// Per-example gradients and tr Σ are those of each example in a batch of its own; ∂tr Σ and Hessian products those of central differences
// are checked for every op in package graph.
func TestStatisticsAgreeWithExplicit(t *testing.T) {
	for _, name := range networks {
		t.Run(name, func(t *testing.T) {
			m, e := open(t, name)
			all := build(t, m, kernels.Float64, e, 0, 1, 2, 3, 4)
			n, size := 5, m.NumParams()
			rows := make([][]float64, n)
			mean, trace := make([]float64, size), 0.
			for i := range rows {
				one := build(t, m, kernels.Float64, e, i)
				for _, g := range one.evaluate(t, one.gradient()...) {
					rows[i] = append(rows[i], g...)
				}
				for k, v := range rows[i] {
					mean[k] += v / float64(n)
				}
			}
			for _, g := range rows {
				for k, v := range g {
					trace += (v - mean[k]) * (v - mean[k]) / float64(n-1)
				}
			}
			must(t, graph.Try(func() {
				per := graph.NewPerExample(all.loss, all.params)
				got := all.evaluate(t, append(per.Materialize(), graph.NewCovariance(per).Trace())...)
				near(t, "tr Σ", got[len(got)-1], []float64{trace}, 1e-10)
				for i, want := range rows {
					var g []float64
					for k, p := range all.params {
						g = append(g, got[k][i*graph.Size(p):(i+1)*graph.Size(p)]...)
					}
					near(t, fmt.Sprint("gradient of example ", i), g, want, 1e-10)
				}
			}))
		})
	}
}

// gradient is that of the summed loss in every parameter.
func (b built) gradient() []*graph.Node {
	all := graph.Grad([]*graph.Node{b.loss}, []*graph.Node{nil}, b.params)
	for k, g := range all {
		if g == nil {
			all[k] = graph.Fill(b.params[k], 0)
		}
	}
	return all
}
