package objective

import (
	"testing"

	"drift/data"
	"drift/graph"
	"drift/graph/nn"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// BenchmarkPlan is what a new batch size costs: building the expression of ∂tr Σ and planning it.
func BenchmarkPlan(b *testing.B) {
	for _, model := range []string{mlp, "cnn", "resnet20"} {
		b.Run(model, func(b *testing.B) {
			set := images(64)
			m, err := nn.Parse(model, set.Shape, 10, nn.CrossEntropy)
			must(b, err)
			f, err := New(devicetest.Open(0), m, &data.Split{Train: set}, Options{DType: kernels.Float32})
			must(b, err)
			defer f.Close()
			mean, trace := vector(b, f), vector(b, f)
			for b.Loop() {
				batch := f.newBatch([2]int{64}, true)
				sigma := graph.NewCovariance(batch.PerExample())
				batch.Sum(mean, sigma.Mean())
				batch.Sum(trace, sigma.TraceGradient(batch.Params))
				_, err := graph.NewPlan(batch.outputs, batch.updates, nil)
				must(b, err)
			}
		})
	}
}
