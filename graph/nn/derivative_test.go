package nn

import (
	"math"
	"slices"
	"testing"

	"drift/graph"
)

// smooth is a net of every smooth layer with parameters and every way of using one.
const smooth = `{"input":[2,5,4],"loss":"cross_entropy","layers":[{"conv2d":{"out":4,"kernel":3,"padding":1,"stride":[2,1]}},
 {"groupnorm":{"groups":2}},"silu",{"residual":{"layers":["layernorm",{"conv2d":{"out":6,"kernel":1}},"gelu"],"shortcut":[{"conv2d":{"out":6,"kernel":1}}]}},
 {"layernorm":{"shape":[3,4]}},{"avgpool2d":{"kernel":2,"stride":1}},"flatten",{"linear":{"out":7}},"tanh",{"layernorm":{}},{"linear":{"out":3}}]}`

// perceiver is a transformer on images with a frozen batch normalisation.
const perceiver = `{"input":[2,4,4],"loss":"mse","layers":[{"conv2d":{"out":4,"kernel":2,"stride":2}},{"batchnorm2d":{"statistics":"frozen"}},"tokens",
 {"positions":{"length":5}},{"residual":{"layers":["rmsnorm",{"attention":{"heads":2}}]}},{"concat":{"branches":[["gelu_tanh"],[]]}},"meanpool",{"linear":{"out":2}}]}`

// language is a transformer whose scores come from the table of its embedding.
const language = `{"input":{"shape":[4],"index":6},"loss":{"cross_entropy":{"label_smoothing":0.1}},"layers":[{"embedding":{"tokens":6,"width":4}},{"positions":{"length":4}},
 {"residual":{"layers":["layernorm",{"attention":{"heads":2,"causal":true}}]}},"rmsnorm",{"linear":{"out":6,"weight":"0.weight"}}]}`

// TestDerivativesOfEveryLayer compares the gradient along a direction v, and the gradient's own change along v, with central
// differences. Normalising few values makes third derivatives large, hence the small step.
func TestDerivativesOfEveryLayer(t *testing.T) {
	for _, spec := range []string{smooth, perceiver, language} {
		net := build(t, parsed(t, spec, nil, 0, nil), 3)
		checkDerivatives(t, net, net.Init(3))
	}
}

// checkDerivatives compares the gradient along a direction v, and the gradient's own change along v, with central differences.
func checkDerivatives(t *testing.T, net *network, theta []float64) {
	t.Helper()
	v := waves(func(x float64) float64 { return math.Sin(x * x) }, net.NumParams())
	total := graph.SumAll(net.loss)
	curvature := definedParts(graph.HVP([]*graph.Node{total}, net.params, net.tangents), net.params)
	gradient := definedParts(graph.Grad([]*graph.Node{total}, []*graph.Node{nil}, net.params), net.params)
	at := func(h float64) (loss float64, g []float64) {
		moved := slices.Clone(theta)
		for i := range moved {
			moved[i] += h * v[i]
		}
		out := net.values(t, moved, v, append([]*graph.Node{total}, gradient...)...)
		return out[0][0], slices.Concat(out[1:]...)
	}
	const h = 1e-6
	_, g := at(0)
	lossUp, gUp := at(h)
	lossDown, gDown := at(-h)
	slope := 0.0
	for i := range v {
		slope += g[i] * v[i]
	}
	near(t, "gradient·v", []float64{slope}, []float64{(lossUp - lossDown) / (2 * h)}, 1e-6)
	difference := make([]float64, len(g))
	for i := range g {
		difference[i] = (gUp[i] - gDown[i]) / (2 * h)
	}
	near(t, "Hessian·v", slices.Concat(net.values(t, theta, v, curvature...)...), difference, 1e-6)
}

// TestPerExampleGradientsOfEveryLayer compares the factored squared norms with those of the gradients of single losses.
func TestPerExampleGradientsOfEveryLayer(t *testing.T) {
	for _, c := range forwardCases(t) {
		net := build(t, parsed(t, string(c.Model), nil, 0, nil), 3)
		theta := waves(math.Sin, net.NumParams())
		nodes := []*graph.Node{graph.NewPerExample(net.loss, net.params).SquaredNorms()}
		for i := range net.n {
			one := graph.SliceAxis(net.loss, 0, i, i+1)
			nodes = append(nodes, graph.SquaredNorm(graph.Grad([]*graph.Node{one}, []*graph.Node{nil}, net.params)))
		}
		got := net.values(t, theta, theta, nodes...)
		near(t, c.Name, got[0], slices.Concat(got[1:]...), 1e-10)
	}
}

// TestStatisticsArePyTorchs: squared norms of gradients, tr Σ, its gradient and Hessian products. ∂tr Σ and Hv of deep normalised networks
// cancel to a thousandth of their terms, hence 1e-10.
func TestStatisticsArePyTorchs(t *testing.T) {
	for _, c := range forwardCases(t) {
		net := build(t, parsed(t, string(c.Model), nil, 0, nil), 3)
		total := []*graph.Node{graph.SumAll(net.loss)}
		examples := graph.NewPerExample(net.loss, net.params)
		sigma := graph.NewCovariance(examples)
		slope, product := definedParts(sigma.TraceGradient(net.params), net.params), definedParts(graph.HVP(total, net.params, net.tangents), net.params)
		got := net.values(t, waves(math.Sin, net.NumParams()), waves(math.Cos, net.NumParams()), examples.SquaredNorms(), sigma.Trace(),
			graph.SquaredNorm(slope), graph.Inner(product, net.tangents), graph.SquaredNorm(product))
		near(t, c.Name+": ‖g_n‖²", got[0], c.SquaredNorms, 1e-10)
		near(t, c.Name+": tr Σ, ‖∂tr Σ‖²", slices.Concat(got[1], got[2]), c.Trace, 1e-10)
		near(t, c.Name+": vᵀHv, ‖Hv‖²", slices.Concat(got[3], got[4]), c.Product, 1e-10)
	}
}
