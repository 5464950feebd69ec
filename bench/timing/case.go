package timing

import (
	"runtime"

	"drift/bench/peers"
	"drift/kernels"
)

// Case is work to be timed.
type Case struct {
	Name    string         // "gemm/float32/256": kind, and what sets it apart
	Flops   float64        // of one call; 0 where its arithmetic is not what takes the time
	Request *peers.Request // the same work in other libraries
	Base    string         // the case whose time and memory are the unit: a gradient over the same examples
	Open    func(dev kernels.Device) (*Work, error)
}

// Work is a case made ready.
type Work struct {
	Run    func() error
	Memory func() int64 // bytes that running it takes besides its operands; nil where there is nothing to tell
	Close  func()
}

// memory is what Memory says, or 0.
func (w *Work) memory() int64 {
	if w.Memory == nil {
		return 0
	}
	return w.Memory()
}

// allocations is the mean number of heap allocations of a call.
func (w *Work) allocations() (float64, error) {
	const calls = 3
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		if err := w.Run(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64((after.Mallocs - before.Mallocs) / calls), nil
}

// Cases is everything that there is to time, in order. Products are timed in both types, all else in dtype.
func Cases(dtype kernels.DType) []Case {
	all := append(products(kernels.Float32), products(kernels.Float64)...)
	all = append(all, elementwise(dtype)...)
	all = append(all, rows(dtype)...)
	all = append(all, images(dtype)...)
	return append(all, steps(dtype)...)
}
