package cpu

import (
	"math"
	"runtime/metrics"
	"syscall"
)

// addressSpace is what a limit on this process's addresses (ulimit -v) leaves. Go ends a process that runs into it with a trace of all
// its goroutines, so that nothing may be asked for that does not fit.
func addressSpace() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || limit.Cur > math.MaxInt64 {
		return math.MaxInt64
	}
	kb, ok := field("/proc/self/status", "VmSize:")
	if !ok {
		return math.MaxInt64
	}
	return leftOf(int64(limit.Cur), kb<<10, idleHeap())
}

// grown is by how much the runtime's address space grows at once, for what it needs itself.
const grown = 64 << 20

// leftOf is what a limit leaves beside the addresses that are taken, those of the heap that lie idle counted as free.
func leftOf(limit, taken, idle int64) int64 { return max(0, limit-taken-grown+idle) }

// idleHeap is the bytes that the heap has addresses for and does not use.
func idleHeap() (bytes int64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			bytes += int64(s.Value.Uint64())
		}
	}
	return bytes
}
