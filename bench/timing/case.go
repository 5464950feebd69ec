package timing

import (
	"context"
	"math"
	"runtime"
	"time"

	"drift/bench/peers"
	"drift/kernels"
)

// Case is work to be timed.
type Case struct {
	Name    string         // "gemm/float32/256": kind, and what sets it apart
	Flops   float64        // of one call; 0 where its arithmetic is not what takes the time
	Count   bool           // Flops is that of the products of a step, counted when it is measured
	DType   kernels.DType  // of what Flops counts
	Request *peers.Request // the same work in other libraries
	Base    string         // the case whose time and memory are the unit: a gradient over the same examples
	Open    func(dev kernels.Device) (*Work, error)
}

// Work is a case made ready.
type Work struct {
	Run    func() error // does it and waits for the device
	submit func() error // does it without waiting
	Steps  int          // that one Run takes, where not all take the same time; 0: one
	Memory func() int64 // bytes that running it takes besides its operands; nil where there is nothing to tell
	Close  func()
}

// steps is the number of steps of a Run.
func (w *Work) steps() float64 { return float64(max(w.Steps, 1)) }

// timer gives the time of a step.
func (w *Work) timer(c Clock) Timer {
	run := c.Repeat(w.Run)
	return func(ctx context.Context, slot time.Duration) (float64, error) {
		s, err := run(ctx, slot)
		return s / w.steps(), err
	}
}

// memory is what Memory says, or 0.
func (w *Work) memory() int64 {
	if w.Memory == nil {
		return 0
	}
	return w.Memory()
}

// allocations is the number of heap allocations of a step: the least of a few counts, since the runtime allocates now and then too.
func (w *Work) allocations() (float64, error) {
	least := math.Inf(1)
	for range 4 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := w.Run(); err != nil {
			return 0, err
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs))
	}
	return math.Ceil(least / w.steps()), nil
}

// Cases is everything that there is to time, in order. Products are timed in both types, all else in dtype.
func Cases(dtype kernels.DType) []Case {
	all := append(products(kernels.Float32), products(kernels.Float64)...)
	all = append(all, elementwise(dtype)...)
	all = append(all, rows(dtype)...)
	all = append(all, images(dtype)...)
	return append(all, steps(dtype)...)
}
