//go:build gpu

// Package cublas opens cuBLAS 11, 12 or 13 at run time and multiplies matrices with it.
package cublas

/*
#include "cublas.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels/cuda/driver"
)

// Compute types of GemmStridedBatchedEx; they also fix the element type, of what is not narrow.
const (
	Float32 = 68
	TF32    = 77
	Float64 = 70
)

// Handle is the library, bound to a stream of the current context.
type Handle struct {
	lib     C.drift_cublas
	Path    string
	Version int // 120803 is 12.8.3, 11803 is 11.8.3
}

// Open loads the library at path and binds it to the stream, with a workspace that the caller owns.
func Open(path string, s cu.Stream, workspace cu.DevicePtr, bytes int64) (*Handle, error) {
	h := &Handle{Path: path}
	err := driver.Symbols(path, unsafe.Pointer(&h.lib), "cublasCreate_v2", "cublasDestroy_v2", "cublasGetVersion_v2", "cublasSetStream_v2",
		"cublasSetWorkspace_v2", "cublasGetStatusString?", "cublasGemmEx", "cublasGemmStridedBatchedEx")
	if err != nil {
		return nil, fmt.Errorf("opening cuBLAS: %w; set DRIFT_CUBLAS to a libcublas.so of version 11 or later", err)
	}
	var version C.int
	status := C.drift_cublas_bind(&h.lib, unsafe.Pointer(s.C()), C.ulonglong(workspace), C.size_t(bytes), &version)
	if status != 0 {
		h.Close()
		return nil, fmt.Errorf("starting cuBLAS %s: %s; is it of the driver's version or older?", path, h.text(status))
	}
	h.Version = int(version)
	if h.Version < 11000 {
		h.Close()
		return nil, fmt.Errorf("cuBLAS %s is version %d, and 11 is the first that works: set DRIFT_CUBLAS to a newer one", path, h.Version)
	}
	return h, nil
}

// Close frees the handle. The library stays loaded.
func (h *Handle) Close() { C.drift_cublas_close(&h.lib) }

// Gemm is C = α·op(A)·op(B) + β·C in column-major order for a batch of matrices at equal distances.
type Gemm struct {
	Compute        int
	Narrow         bool // A and B are stored as bfloat16; with Float32
	NarrowC        bool // C is
	TransA, TransB bool
	M, N, K        int
	Alpha, Beta    float64
	A, B, C        uint64
	LDA, LDB, LDC  int
	// Distances between the matrices of a batch, in elements.
	StrideA, StrideB, StrideC int
	Batch                     int

	call C.drift_gemm // the same for the library, kept here so that Run allocates nothing
}

// Run submits the product to the handle's stream.
func (h *Handle) Run(g *Gemm) error {
	g.call = C.drift_gemm{
		compute: C.int(g.Compute), narrow: flag(g.Narrow), narrow_c: flag(g.NarrowC), ta: flag(g.TransA), tb: flag(g.TransB), m: C.int(g.M), n: C.int(g.N), k: C.int(g.K),
		alpha: C.double(g.Alpha), beta: C.double(g.Beta), a: C.ulonglong(g.A), b: C.ulonglong(g.B), c: C.ulonglong(g.C),
		lda: C.int(g.LDA), ldb: C.int(g.LDB), ldc: C.int(g.LDC),
		sa: C.longlong(g.StrideA), sb: C.longlong(g.StrideB), sc: C.longlong(g.StrideC), batch: C.int(g.Batch),
	}
	if status := C.drift_cublas_gemm(&h.lib, &g.call); status != 0 {
		return fmt.Errorf("cuBLAS: product of %d×%d×%d, batch %d: %s", g.M, g.N, g.K, g.Batch, h.text(status))
	}
	return nil
}

func (h *Handle) text(status C.int) string {
	return fmt.Sprintf("%s (status %d)", C.GoString(C.drift_cublas_text(&h.lib, status)), status)
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
