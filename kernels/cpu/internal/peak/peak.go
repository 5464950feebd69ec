// Package peak measures what a processor's fused multiply-adds reach.
package peak

import (
	"runtime"
	"sync"
	"time"

	"drift/kernels/cpu/internal/level"
)

//go:generate go run drift/kernels/cpu/internal/gen ..

// loop is a kernel that adds x·y to each lane of some vectors, n times.
type loop[T float32 | float64] struct {
	run func(n int, x, y T)
	ops float64 // of one time, a multiply-add being two
}

// Factors of which neither sum nor product is special, as processors multiply zeros with less power, and thus faster, than numbers.
const x, y = 0.7283, -0.6171

// repeats is the times between two looks at the clock, some microseconds.
const repeats = 1000

// Rate32 is the operations a second of float32 multiply-adds on a number of threads at once, measured for a time; 0 where the instruction
// set in use has none.
func Rate32(threads int, d time.Duration) float64 { return rate(loops32[level.Active()], threads, d) }

// Rate64 is the same of float64.
func Rate64(threads int, d time.Duration) float64 { return rate(loops64[level.Active()], threads, d) }

func rate[T float32 | float64](l loop[T], threads int, d time.Duration) (sum float64) {
	if l.run == nil {
		return 0
	}
	rates := make([]float64, threads)
	var workers sync.WaitGroup
	for w := range rates {
		workers.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			l.run(repeats, x, y) // a processor widens its units at their first use
			start, times := time.Now(), 0
			for elapsed := time.Duration(0); elapsed < d; elapsed = time.Since(start) {
				l.run(repeats, x, y)
				times += repeats
			}
			rates[w] = float64(times) * l.ops / time.Since(start).Seconds()
		})
	}
	workers.Wait()
	for _, r := range rates {
		sum += r
	}
	return sum
}
