package nn

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drift/graph"
)

// drawModel is a random network of smooth layers over small images that need not be square: windows overlap, leave gaps and hang
// over the edge, strides and paddings differ by axis.
func drawModel(t *rapid.T) *Model {
	shape := []int{between(t, "channels", 1, 3), between(t, "height", 3, 8), between(t, "width", 3, 8)}
	var layers []string
	add := func(format string, args ...any) bool {
		trial := append(slices.Clone(layers), fmt.Sprintf(format, args...))
		if _, err := Parse(described(shape, append(trial, `"flatten"`, `{"linear":{"out":2}}`)), nil, 0, nil); err != nil {
			return false // does not fit: left out
		}
		layers = trial
		return true
	}
	for range between(t, "layers", 1, 4) {
		window := fmt.Sprintf(`"kernel":%s,"stride":%s,"padding":%s`,
			drawPair(t, "kernel", 1, 4), drawPair(t, "stride", 1, 5), drawPair(t, "padding", 0, 2))
		switch rapid.SampledFrom([]string{"conv2d", "avgpool2d", "groupnorm", "layernorm", "residual", "rmsnorm", "batchnorm2d", "concat"}).Draw(t, "layer") {
		case "conv2d":
			groups := between(t, "groups", 1, 3)
			add(`{"conv2d":{"out":%d,"groups":%d,"dilation":%s,"bias":%t,%s}}`, groups*between(t, "out", 1, 2), groups,
				drawPair(t, "dilation", 1, 2), rapid.Bool().Draw(t, "bias"), window)
		case "avgpool2d":
			add(`{"avgpool2d":{%s}}`, window)
		case "groupnorm":
			add(`{"groupnorm":{"groups":%d}}`, between(t, "groups", 1, 2))
		case "layernorm":
			add(`"layernorm"`)
		case "rmsnorm":
			add(`"rmsnorm"`)
		case "batchnorm2d":
			add(`{"batchnorm2d":{"statistics":"frozen"}}`)
		case "concat":
			add(`{"concat":{"branches":[[],[{"conv2d":{"out":2,"kernel":1}},"gelu_tanh"]]}}`)
		case "residual":
			add(`{"residual":{"layers":[{"conv2d":{"out":2,"kernel":3,"padding":1}},"gelu"],"shortcut":[{"conv2d":{"out":2,"kernel":1}}]}}`)
		}
		add(`%s`, rapid.SampledFrom([]string{`"tanh"`, `"sigmoid"`, `"gelu"`, `"gelu_tanh"`, `"silu"`, `"softplus"`, `{"softplus":{"beta":4}}`}).Draw(t, "activation"))
	}
	tail := []string{`"flatten"`, `{"linear":{"out":2}}`}
	if rapid.Bool().Draw(t, "tokens") {
		add(`"tokens",{"positions":{"length":64}},{"residual":{"layers":[{"attention":{"heads":1,"causal":%t,"bias":%t}}]}},"meanpool"`,
			rapid.Bool().Draw(t, "causal"), rapid.Bool().Draw(t, "projection bias"))
	}
	m, err := Parse(described(shape, append(layers, tail...)), nil, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Rows of a norm and of attention are worked on together without kernels that wait for each other.
func TestDerivativesOfNormAndAttentionArePlanned(t *testing.T) {
	m, err := Parse(described([]int{3, 5, 4}, []string{`{"groupnorm":{"groups":1}}`, `{"softplus":{"beta":4}}`, `"tokens"`, `{"positions":{"length":64}}`,
		`{"residual":{"layers":[{"attention":{"heads":1,"causal":true,"bias":true}}]}}`, `"meanpool"`, `"flatten"`, `{"linear":{"out":2}}`}), nil, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	net := build(t, m, 3)
	total := graph.SumAll(net.loss)
	sigma := graph.NewCovariance(graph.NewPerExample(net.loss, net.params))
	gradient := graph.Grad([]*graph.Node{total}, []*graph.Node{nil}, net.params)
	nodes := []*graph.Node{sigma.Trace(), graph.Inner(gradient, net.tangents), graph.Inner(graph.HVP([]*graph.Node{total}, net.params, net.tangents), net.tangents),
		graph.Inner(sigma.TraceGradient(net.params), net.tangents)}
	for i := range net.n {
		one := graph.SliceAxis(net.loss, 0, i, i+1)
		nodes = append(nodes, graph.SquaredNorm(graph.Grad([]*graph.Node{one}, []*graph.Node{nil}, net.params)))
	}
	net.evaluator(t, nodes...)
}

func described(shape []int, layers []string) string {
	return fmt.Sprintf(`{"input":[%d,%d,%d],"loss":"mse","layers":[%s]}`, shape[0], shape[1], shape[2], strings.Join(layers, ","))
}

func between(t *rapid.T, what string, low, high int) int {
	return rapid.IntRange(low, high).Draw(t, what)
}

func drawPair(t *rapid.T, what string, low, high int) string {
	return fmt.Sprintf("[%d,%d]", between(t, what, low, high), between(t, what, low, high))
}

// The gradient of a random network along a direction is the central difference of its loss, the Hessian product that of its
// gradient; tr Σ is that of the gradients of single losses, and ∂tr Σ its central difference.
func TestDerivativesOfRandomModels(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawModel(rt)
		net := build(t, m, 3)
		theta, v := m.Init(rapid.Uint64().Draw(rt, "seed")), waves(math.Cos, m.NumParams())
		total, ones := graph.SumAll(net.loss), []*graph.Node{nil}
		gradient := graph.Grad([]*graph.Node{total}, ones, net.params)
		sigma := graph.NewCovariance(graph.NewPerExample(net.loss, net.params))
		curvature := graph.HVP([]*graph.Node{total}, net.params, net.tangents)
		nodes := []*graph.Node{total, sigma.Trace(), graph.Inner(gradient, net.tangents), graph.Inner(curvature, net.tangents),
			graph.Inner(sigma.TraceGradient(net.params), net.tangents)}
		for i := range net.n {
			one := graph.SliceAxis(net.loss, 0, i, i+1)
			nodes = append(nodes, graph.SquaredNorm(graph.Grad([]*graph.Node{one}, ones, net.params)))
		}
		evaluate := net.evaluator(t, append(nodes, graph.SquaredNorm(gradient))...)
		const h = 1e-5
		at := func(h float64) []float64 {
			moved := slices.Clone(theta)
			for i := range moved {
				moved[i] += h * v[i]
			}
			return slices.Concat(evaluate(moved, v)...)
		}
		here, up, down, farUp, farDown := at(0), at(h), at(-h), at(4*h), at(-4*h)
		singles := here[5 : 5+net.n]
		squares := 0.0
		for _, s := range singles {
			squares += s
		}
		n := float64(net.n)
		agree := func(what string, got, want, slack float64) {
			if !(math.Abs(got-want) <= 1e-5*math.Abs(want)+1e-7*(1+squares)+slack) {
				rt.Errorf("%s is %v, want %v", what, got, want)
			}
		}
		agree("tr Σ", here[1], (squares-here[5+net.n]/n)/(n-1), 0)
		for what, k := range map[string][2]int{"gradient": {2, 0}, "Hessian product": {3, 2}, "∂tr Σ": {4, 1}} {
			near, far := (up[k[1]]-down[k[1]])/(2*h), (farUp[k[1]]-farDown[k[1]])/(8*h)
			agree(what, here[k[0]], near, math.Abs(near-far)) // which errs 16 times as much
		}
	})
}
