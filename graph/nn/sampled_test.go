package nn

import (
	"math"
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// The mean of squared gradients at drawn targets is the Fisher information of the loss's distribution, which for the mean of squares over K outputs is
// (2/K)·∂outᵀ∂out, and for classes ∂outᵀ(diag p − ppᵀ)∂out. Both are compared by their traces for a linear layer, over 400 steps of 32 examples: the
// relative deviation of such a mean is about 0.01, four times which is the bound.
func TestGradientsAtDrawnTargetsHaveTheFisherInformation(t *testing.T) {
	const n, width, out, steps = 32, 3, 4, 400
	for _, loss := range []Loss{MSE{}, CrossEntropy{}} {
		x := make([]float64, n*width)
		for i := range n {
			x[width*i], x[width*i+1], x[width*i+2] = math.Sin(float64(i)), math.Cos(float64(i)), 1
		}
		set := data.Set{Name: "waves", Shape: []int{width}, X: data.ValuesOf(x)}
		if _, classes := loss.(CrossEntropy); classes {
			set.Classes, set.Labels = out, make([]int32, n)
		} else {
			set.Outputs, set.Y = out, make([]float64, n*out)
		}
		m, err := New(objective.Input{Shape: []int{width}}, loss, Linear{Out: out})
		if err != nil {
			t.Fatal(err)
		}
		f, err := objective.New(devicetest.Open(1), m, &data.Split{Train: set}, objective.Options{DType: kernels.Float64, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		key, err := f.NewKey("test")
		if err != nil {
			t.Fatal(err)
		}
		defer key.Close()
		var norms, exact objective.Number
		pass, err := f.Compile(n, func(b *objective.Batch) {
			p := graph.NewPerExample(b.SampledLosses(b.Here(), key), b.Params)
			b.Number(&norms, graph.SumAll(p.SquaredNorms()))
			b.Number(&exact, graph.SumAll(fisherTrace(loss, b.Here().Output)))
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer pass.Close()
		got, want := 0.0, 0.0
		for step := range steps {
			if err := key.Set(7, step); err != nil {
				t.Fatal(err)
			}
			if err := pass.Run(f.All(objective.Train)); err != nil {
				t.Fatal(err)
			}
			if err := pass.Numbers(); err != nil {
				t.Fatal(err)
			}
			got, want = got+norms.Value, want+exact.Value
		}
		if math.Abs(got/want-1) > 0.04 {
			t.Errorf("%T: tr F is %v, want %v", loss, got/steps, want/steps)
		}
	}
}

// fisherTrace is that of each example, with inputs of squared norm 2.
func fisherTrace(loss Loss, out *graph.Node) *graph.Node {
	p := graph.Softmax(out)
	if _, classes := loss.(CrossEntropy); !classes {
		return graph.Fill(graph.SumTail(p), 2*2)
	}
	return graph.Scale(graph.AddConst(graph.Neg(graph.SumTail(graph.Square(p))), 1), 2)
}
