package objective_test

import (
	"testing"

	"drift/data"
	"drift/graph/nn"
	. "drift/graph/objective"
	"drift/kernels"
	"drift/kernels/devicetest"
)

// BenchmarkPlan is what a new batch size costs: building the expression of ∂tr Σ and planning it.
func BenchmarkPlan(b *testing.B) {
	for _, model := range []string{mlp, "cnn", "resnet20"} {
		b.Run(model, func(b *testing.B) {
			set := images(64)
			m, err := nn.Parse(model, set.Shape, 10, nn.CrossEntropy{})
			must(b, err)
			f, err := New(devicetest.Open(0), m, &data.Split{Train: set}, Options{DType: kernels.Float32})
			must(b, err)
			defer f.Close()
			mean, trace := vector(b, f), vector(b, f)
			for b.Loop() {
				must(b, f.PlanTraceGradient(64, mean, trace))
			}
		})
	}
}
