package objective

import (
	"drift/graph"
	"drift/kernels"
)

// PlanTraceGradient builds and plans ∂tr Σ over a batch of n, as a new batch size makes it.
func (f *Objective) PlanTraceGradient(n int, mean, trace kernels.Buffer) error {
	b := f.newBatch([2]int{n}, true)
	sigma := graph.NewCovariance(b.PerExample())
	b.Sum(mean, sigma.Mean())
	b.Sum(trace, sigma.TraceGradient(b.Params))
	_, err := graph.NewPlan(b.outputs, b.updates, nil)
	return err
}
