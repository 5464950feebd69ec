package objective

import (
	"errors"

	"drift/graph"
	"drift/kernels"
)

// PlanTraceGradient builds and plans ∂tr Σ over a batch of n, as a new batch size makes it.
func (f *Objective) PlanTraceGradient(n int, mean, trace kernels.Buffer) error {
	_, err := f.plan(n, func(b *Batch) {
		sigma := graph.NewCovariance(b.Here().PerExample())
		b.Sum(mean, sigma.Mean())
		b.Sum(trace, sigma.TraceGradient(b.Params))
	})
	return err
}

// Scarce makes the objective believe that its device has the given number of bytes free.
func (f *Objective) Scarce(bytes int64) { f.device = scarce{f.device, bytes} }

type scarce struct {
	kernels.Device
	free int64
}

func (s scarce) FreeBytes() int64 { return s.free }

// IDs reads an input of indices, and the targets where they are classes, from the device.
func (f *Objective) IDs(input int) (ids, classes []int32, err error) {
	ids, classes = make([]int32, f.inputs[input].Len()), make([]int32, f.targets.Len())
	return ids, classes, errors.Join(f.inputs[input].Read(ids), f.targets.Read(classes))
}

// CutFinely makes sums of this many elements and more go out by themselves.
func (f *Objective) CutFinely(elements int) { f.division.piece = elements }
