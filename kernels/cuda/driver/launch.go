//go:build gpu

package driver

/*
#include <cuda.h>

// The kernel's only parameter is a struct, which the driver copies before it returns.
static CUresult launch(CUfunction f, unsigned int x, unsigned int y, unsigned int z, unsigned int threads, CUstream s, void *args) {
	void *params[1] = {args};
	return cuLaunchKernel(f, x, y, z, threads, 1, 1, 0, s, params, NULL);
}
*/
import "C"

import (
	"unsafe"

	"gorgonia.org/cu"
)

// Grid is the number of blocks along each axis and the threads of a block.
type Grid struct{ X, Y, Z, Threads int }

func handle(f cu.Function) C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&f)) }

// Launch submits a kernel that takes one struct by value; args points to it and holds no Go pointers.
func Launch(f cu.Function, g Grid, s cu.Stream, args unsafe.Pointer) error {
	return result(C.launch(handle(f), C.uint(g.X), C.uint(g.Y), C.uint(g.Z), C.uint(g.Threads), raw(s), args))
}
