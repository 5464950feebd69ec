//go:build gpu

// Package driver lets gorgonia.org/cu link without the CUDA toolkit and start without a driver, and adds the calls that cu
// lacks: pinned host memory, capture of a stream into a graph, graph launch, launches with one struct of arguments, words for errors.
package driver

/*
#cgo CFLAGS: -I${SRCDIR}/include
#cgo LDFLAGS: -ldl
#include "trampoline.h"
*/
import "C"

import (
	"fmt"
	"sync"
)

// Open opens libcuda.so.1 and initialises it, once; later calls return the first one's result. All of cu fails before.
var Open = sync.OnceValue(func() error {
	var reason [512]C.char
	if C.drift_open_driver(&reason[0], C.size_t(len(reason))) != 0 {
		return fmt.Errorf("no usable NVIDIA driver: %s; install the driver (nvidia-smi should list the GPU) or choose the device cpu",
			C.GoString(&reason[0]))
	}
	return nil
})
