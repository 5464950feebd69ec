package cpu

import (
	"math"
	"time"

	"drift/kernels"
	"drift/kernels/cpu/internal/peak"
)

// peakTime is how long multiply-adds are timed at a time, and peakTurns how often: on a machine that others use too the best of them counts.
const (
	peakTime  = 10 * time.Millisecond
	peakTurns = 3
)

// Peak is the operations a second that fused multiply-adds between registers reach on all threads of a device of this package at once, a
// multiply-add being two: what no product can exceed. It is 0 for another device, and for an instruction set without them.
func Peak(dev kernels.Device, dt kernels.DType) float64 {
	d, ok := dev.(*device)
	if !ok {
		return 0
	}
	rate, best := peak.Rate32, 0.0
	if dt == kernels.Float64 {
		rate = peak.Rate64
	}
	for range peakTurns {
		best = math.Max(best, rate(d.pool.Threads(), peakTime))
	}
	return best
}
