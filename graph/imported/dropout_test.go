package imported_test

import (
	"math"
	"testing"

	. "gorgonia.org/gorgonia"

	"drift/data"
	"drift/graph/imported"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/kernels"
)

// dropping is a perceptron with a dropout, switched on or off.
func dropping(on bool) func(g *ExprGraph, n int) (imported.Graph, error) {
	return func(g *ExprGraph, n int) (imported.Graph, error) {
		leaf := func(name string, shape ...int) *Node {
			return NewTensor(g, Float64, len(shape), WithShape(shape...), WithName(name), WithInit(Zeroes()))
		}
		x, y := NewTensor(g, Float64, 2, WithShape(n, 6), WithName("x")), NewTensor(g, Float64, 2, WithShape(n, 3), WithName("y"))
		w, v := leaf("w", 6, 8), leaf("v", 8, 3)
		hidden := Must(Dropout(Must(Tanh(Must(Mul(x, w)))), 0.25))
		if !on {
			if err := hidden.Op().(interface{ SetTraining(bool) error }).SetTraining(false); err != nil {
				return imported.Graph{}, err
			}
		}
		p := Must(SoftMax(Must(Mul(hidden, v))))
		losses := Must(Neg(Must(Sum(Must(HadamardProd(Must(Log(p)), y)), 1))))
		return imported.Graph{Params: []*Node{w, v}, Inputs: []*Node{x}, Target: y, Losses: losses, OneHot: true}, nil
	}
}

// waved is an objective at fixed parameters, in the layout of the imported network.
func waved(t *testing.T, m objective.Model, turned bool) *objective.Objective {
	t.Helper()
	f, err := objective.New(device, m, &data.Split{Train: classified(20)}, objective.Options{DType: kernels.Float64, Chunk: 7})
	must(t, err)
	t.Cleanup(f.Close)
	theta, at := make([]float64, f.NumParams()), 0
	for _, s := range [][2]int{{6, 8}, {8, 3}} {
		for i := range s[0] {
			for j := range s[1] {
				k := at + i*s[1] + j
				if turned {
					k = at + j*s[0] + i
				}
				theta[k] = math.Sin(float64(at + 3*i + 7*j))
			}
		}
		at += s[0] * s[1]
	}
	must(t, f.SetValues(theta))
	must(t, f.SetStep(4, 9))
	return f
}

// Gorgonia's Dropout is nn.Dropout: the same masks while the network trains, the identity in evaluation and where it is switched off.
func TestDropoutIsThatOfLayers(t *testing.T) {
	m, err := imported.New(dropping(true))
	must(t, err)
	off, err := imported.New(dropping(false))
	must(t, err)
	own, err := nn.New(objective.Input{Shape: []int{6}}, nn.CrossEntropy{}, nn.Linear{Out: 8}, nn.Tanh, nn.Dropout{P: 0.25}, nn.Linear{Out: 3})
	must(t, err)
	f, without, want := waved(t, m, false), waved(t, off, false), waved(t, own, true)
	loss := func(f *objective.Objective) []float64 {
		v, err := f.Evaluate(f.All(objective.Train))
		must(t, err)
		mean, err := f.NewVector()
		must(t, err)
		slope, err := f.NewVector()
		must(t, err)
		trace, err := f.TraceGradient(f.All(objective.Train), mean, slope)
		must(t, err)
		return []float64{v.Loss, v.Accuracy, trace}
	}
	masked := loss(f.Training())
	near(t, "in training", masked, loss(want.Training()), 1e-12)
	near(t, "in evaluation", loss(f), loss(want), 1e-12)
	near(t, "switched off", loss(without.Training()), loss(want), 1e-12)
	if masked[0] == loss(f)[0] {
		t.Error("dropout changes nothing")
	}
}
