package profile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"drift/kernels"
)

// Ceiling is what a device does at best, measured on itself.
type Ceiling struct {
	DType string  `json:"dtype"`
	Bytes float64 `json:"bytes_per_second"` // read and written by a copy
	Flops float64 `json:"flops_per_second"` // of a square product, in the device's precision
	Copy  int     `json:"copy_elements"`    // the size at which they were measured
	Gemm  int     `json:"gemm_size"`
}

// Share is the part of a row's time that the device would take at its ceiling, 1 being as fast as can be. A row that only moves
// numbers is held against the copy alone; one whose operands stay in a cache can come out above 1.
func (c Ceiling) Share(r Row) float64 {
	least := math.Max(r.Bytes/c.Bytes, r.Flops/c.Flops) * float64(r.Count)
	if !(r.Seconds > 0) || math.IsNaN(least) {
		return 0
	}
	return least / r.Seconds
}

// Limits of the works that are measured: they grow until one takes long enough, or is this large.
const (
	longEnough = 20 * time.Millisecond
	mostCopied = 1 << 28 // elements
	mostSquare = 8192
)

// Measure finds a device's ceiling for a type, in a second or less.
func Measure(dev kernels.Device, dt kernels.DType) (Ceiling, error) {
	c := Ceiling{DType: dt.String()}
	for n := 1 << 16; ; n *= 2 {
		m := kernels.Map{N: n, Access: []kernels.Access{{B: 1, C: 1}}, Results: []uint8{0}}
		s, err := least(dev, dt, m)
		if err != nil {
			return c, fmt.Errorf("measuring the bandwidth of %s: %w", dev.Name(), err)
		}
		c.Bytes, c.Copy = 2*float64(n)*float64(dt.Size())/s, n // of the largest: smaller ones fit a cache
		if s > longEnough.Seconds() || n >= mostCopied || 16*int64(n)*int64(dt.Size()) > dev.FreeBytes() {
			break
		}
	}
	for n := 256; ; n *= 2 {
		s, err := least(dev, dt, kernels.Gemm{Batch: 1, M: n, N: n, K: n, Alpha: 1})
		if err != nil {
			return c, fmt.Errorf("measuring the rate of products of %s: %w", dev.Name(), err)
		}
		c.Flops, c.Gemm = math.Max(c.Flops, 2*math.Pow(float64(n), 3)/s), n
		if s > longEnough.Seconds() || n >= mostSquare || 32*int64(n*n)*int64(dt.Size()) > dev.FreeBytes() {
			break
		}
	}
	return c, nil
}

// least is the least time of a primitive among three, after one that is not counted.
func least(dev kernels.Device, dt kernels.DType, op kernels.Primitive) (seconds float64, err error) {
	call, free, err := kernels.Allocate(dev, dt, op)
	if err != nil {
		return 0, err
	}
	defer free()
	for _, b := range call.In {
		if err := fill(b); err != nil {
			return 0, err
		}
	}
	e, err := dev.Load([]kernels.Call{call})
	if err != nil {
		return 0, err
	}
	defer e.Close()
	seconds = math.Inf(1)
	for k := range 4 {
		start := time.Now()
		if err := e.Run(); err != nil {
			return 0, err
		}
		if err := dev.Synchronize(); err != nil {
			return 0, err
		}
		if s := time.Since(start).Seconds(); k > 0 {
			seconds = math.Min(seconds, s)
		}
	}
	return math.Max(seconds, 1e-9), nil
}

// fill writes random numbers: a device multiplies zeros faster than others, as it takes less power.
func fill(b kernels.Buffer) error {
	r := rand.New(rand.NewPCG(1, 2))
	some := make([]float32, min(b.Len(), 1<<20))
	for i := range some {
		some[i] = float32(r.NormFloat64())
	}
	for from := 0; from < b.Len(); from += len(some) {
		to := min(from+len(some), b.Len())
		if err := b.Slice(from, to).Write(some[:to-from]); err != nil {
			return err
		}
	}
	return nil
}
