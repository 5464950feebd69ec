//go:build gpu

// Package cudnn opens cuDNN 8.3 or later at run time, and computes graphs of operations with it by its graph API (the "backend").
//
// A Graph is tensors and the operations that link them. The library's heuristics propose Engines for it, each with notes on its numbers; an
// engine that can be planned is a Plan, which is called with operands at addresses. An engine's name, with its settings, is enough to have it again.
package cudnn

/*
#include "cudnn.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels/cuda/driver"
)

// Handle is the library, bound to a stream of the current context.
type Handle struct {
	lib     C.drift_cudnn
	Version string // "9.1.0"
}

// names are the functions in the order of drift_cudnn.
var names = []string{
	"cudnnGetVersion", "cudnnCreate", "cudnnDestroy", "cudnnSetStream", "cudnnGetErrorString",
	"cudnnBackendCreateDescriptor", "cudnnBackendDestroyDescriptor", "cudnnBackendFinalize", "cudnnBackendSetAttribute", "cudnnBackendGetAttribute",
	"cudnnBackendExecute", "cudnnGetLastErrorString?",
}

// Open loads the library at path.
func Open(path string, s cu.Stream) (*Handle, error) {
	h := new(Handle)
	if err := driver.Symbols(path, unsafe.Pointer(&h.lib), names...); err != nil {
		return nil, fmt.Errorf("opening cuDNN: %w; set DRIFT_CUDNN to a libcudnn.so of version 8.3 or later", err)
	}
	var why *C.char
	if C.drift_cudnn_bind(&h.lib, unsafe.Pointer(s.C()), &why) != 0 {
		return nil, fmt.Errorf("opening cuDNN %s: %s; set DRIFT_CUDNN to a libcudnn.so of version 8.3 or later", path, C.GoString(why))
	}
	h.Version = driver.Version(int(C.drift_cudnn_version(&h.lib)))
	return h, nil
}

// Close frees the handle. The library stays loaded.
func (h *Handle) Close() { C.drift_cudnn_close(&h.lib) }

// explain is the library's own words for a status.
func (h *Handle) explain(s status) error {
	var text [512]C.char
	C.drift_dnn_last_error(&h.lib, &text[0], C.size_t(len(text)))
	word := C.GoString(C.drift_cudnn_text(&h.lib, C.int(s)))
	if more := strings.Join(strings.Fields(C.GoString(&text[0])), " "); more != "" {
		word += ": " + more
	}
	return fmt.Errorf("%s (status %d)", word, s)
}
