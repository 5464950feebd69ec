package cpu

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of a page of which the processor's table of addresses holds many times the memory.
const hugePage = 2 << 20

// onHugePages asks the system for huge pages under memory that was not yet touched. Kernels go through buffers of many
// megabytes in lines and tiles: with pages of 4 KB they wait for the translation of addresses, and the
// processor's own prefetching, which ends with a page, begins anew every 1,024 numbers. Where the system has none, nothing changes.
func onHugePages[T any](x []T) []T {
	var t T
	bytes := len(x) * int(unsafe.Sizeof(t))
	if bytes < 2*hugePage {
		return x
	}
	start := uintptr(unsafe.Pointer(&x[0]))
	skip := int(-start & (hugePage - 1))
	whole := (bytes - skip) / hugePage * hugePage
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), bytes)[skip:skip+whole], syscall.MADV_HUGEPAGE)
	return x
}
