package imported_test

import (
	"fmt"
	"log"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"drift/graph"
	"drift/graph/imported"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/cpu"
)

// regression is logistic regression on two features as Gorgonia writes it, for a batch of n.
func regression(g *ExprGraph, n int) (imported.Graph, error) {
	x := NewMatrix(g, Float64, WithShape(n, 2), WithName("x"))
	y := NewVector(g, Float64, WithShape(n), WithName("y"))
	w := NewVector(g, Float64, WithName("w"), WithShape(2), WithValue(tensor.New(tensor.WithBacking([]float64{0.5, -1}))))
	p, err := Sigmoid(Must(Mul(x, w)))
	if err != nil {
		return imported.Graph{}, err
	}
	cost, err := Mean(Must(BinaryXent(p, y)))
	return imported.Graph{Params: Nodes{w}, Inputs: Nodes{x}, Target: y, Losses: cost}, err
}

// A Gorgonia graph with the gradient of tr Σ, the trace of the covariance of its per-example gradients, and a Hessian product.
func Example() {
	m, err := imported.New(regression)
	if err != nil {
		log.Fatal(err)
	}
	p, g := m.Params()[0], graph.New()
	w := graph.Input(g, kernels.Float64, p.Name, p.Shape...)
	v := graph.Input(g, kernels.Float64, "v", p.Shape...)
	x, y := graph.Input(g, kernels.Float64, "x", 4, 2), graph.Input(g, kernels.Float64, "y", 4)
	loss := m.Losses(m.Build(objective.Net{Params: []*graph.Node{w}, Inputs: []*graph.Node{x}}), y)

	params := []*graph.Node{w}
	sigma := graph.NewCovariance(graph.NewPerExample(loss, params))
	slope := sigma.TraceGradient(params)[0]
	hv := graph.HVP([]*graph.Node{graph.MeanAll(loss)}, params, []*graph.Node{v})[0]

	program, err := graph.Compile(cpu.New(cpu.Options{Threads: 1}), []*graph.Node{sigma.Trace(), slope, hv}, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	for leaf, values := range map[*graph.Node][]float64{
		w: objective.Initial(m.Params(), 1), v: {1, 0}, x: {1, 0, 0, 1, 1, 1, -1, 2}, y: {1, 0, 1, 0},
	} {
		if err := program.Buffer(leaf).Write(values); err != nil {
			log.Fatal(err)
		}
	}
	if err := program.Run(); err != nil {
		log.Fatal(err)
	}
	for _, result := range []struct {
		name string
		node *graph.Node
	}{{"tr Σ", sigma.Trace()}, {"∂tr Σ", slope}, {"H·(1,0)", hv}} {
		values := make([]float64, graph.Size(result.node))
		if err := program.Buffer(result.node).Read(values); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s = %.4f\n", result.name, values)
	}
	// Output:
	// tr Σ = [0.2397]
	// ∂tr Σ = [-0.1719 -0.0834]
	// H·(1,0) = [0.1350 0.0237]
}
