//go:build gpu

package driver

// #include <cuda.h>
import "C"

import "unsafe"

// HostAlloc returns pinned host memory, from which copies run without the driver's own staging; cu.MemFreeHost frees it.
func HostAlloc(bytes int) (unsafe.Pointer, error) {
	var p unsafe.Pointer
	err := result(C.cuMemHostAlloc(&p, C.size_t(bytes), 0))
	return p, err
}
