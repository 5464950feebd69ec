//go:build gpu

// Package cublaslt opens cublasLt at run time, which comes with cuBLAS 11.4 and later, and multiplies matrices with it where the product goes on
// with its result (an epilogue).
//
// cublasLt counts by columns, the layers above by rows. A matrix [M,N] by rows is the matrix [N,M] by columns at the same address, so that
// C = op(A)·op(B) is asked for as Cᵀ = op(B)ᵀ·op(A)ᵀ: operands and sizes change places, and a factor is transposed for cublasLt if and only if it
// is for the layers above. What follows from that:
//
//   - A bias belongs to the rows of cublasLt's D, which it is added to in every column. Those are the columns of C: a bias [N] of a layer.
//   - The bias gradient of DRELU_BGRAD has an element for each row of D, and adds up its columns: the sums over the rows of C, [N].
//   - A mask of ReLU has a column of bits for each column of D, which is a row of C. Its distance between columns counts bits, is a multiple of 128
//     and at least N. What order the bits have is cublasLt's own: nobody but cublasLt may read a mask that it wrote.
//   - What GELU was applied to lies as D does, at a distance between columns that is a multiple of 8: N must be one.
//   - The layouts describe matrices as they lie in memory, before they are transposed.
//   - The sums of a factor, BGRADB, are those of cublasLt's second one, the layers' first: an element for each row of C.
//   - A bias and its gradient have the type of D. Where that is bfloat16, sums of columns in float32 are none of cublasLt's.
//   - The heuristic takes operands to be multiples of 256 bytes unless it is told otherwise, and looks at the pointers of bias and mask, so
//     these are set before it is asked.
//
// cublasLt's GELU is the approximation by tanh. ReLU of a number that is none may be 0, and its documentation does not say on which side of
// the kink the mask counts a number that is exactly 0.
package cublaslt

/*
#include "cublaslt.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"gorgonia.org/cu"

	"drift/kernels/cuda/driver"
)

// Epilogue is what is done to a product before it is stored.
type Epilogue int

// The epilogues, with cublasLt's numbers.
const (
	Bias         Epilogue = 4        // z + b
	ReLU         Epilogue = 2        // max(z, 0)
	GELU         Epilogue = 32       // by tanh
	Aux          Epilogue = 128      // with ReLU: stores whether z is above 0, as a mask; with GELU: stores z
	ReLUGradient Epilogue = 8 | Aux  // z where the mask says so, else 0
	GELUGradient Epilogue = 64 | Aux // z times the derivative of GELU at what was stored
	BiasGradient Epilogue = 16       // with a gradient: stores the sums of the result's columns
	FactorSums   Epilogue = 512      // stores the sums of cublasLt's second factor over the dimension that is added up
)

// sumsFactors is the first version whose FactorSums is free of the errors of CUDA 11.6.
const sumsFactors = 11800

// words are the parts of an epilogue, the whole ones first.
var words = []struct {
	e    Epilogue
	word string
}{{ReLUGradient, "drelu"}, {GELUGradient, "dgelu"}, {ReLU, "relu"}, {GELU, "gelu"}, {Bias, "bias"}, {Aux, "aux"}, {BiasGradient, "bgrad"}, {FactorSums, "bgradb"}}

func (e Epilogue) String() string {
	var parts []string
	for _, w := range words {
		if e&w.e == w.e {
			parts, e = append(parts, w.word), e&^w.e
		}
	}
	return strings.Join(parts, "+")
}

// Handle is the library with what it found out about shapes so far.
type Handle struct {
	lib       C.drift_lt
	stream    cu.Stream
	workspace uint64
	bytes     int64
	chosen    map[shape]choice
	Version   int // as cublas.Handle has it
}

// shape is what a choice of an algorithm depends on.
type shape struct {
	compute         int
	transA, transB  bool
	narrow, narrowC bool
	m, n, k         int
	epilogue        Epilogue
	alignments      [5]uint64
}

type choice struct {
	algorithm C.drift_lt_choice
	err       error
}

// Open loads the library at path. Products go to the stream and use a workspace that the caller owns.
func Open(path string, s cu.Stream, workspace uint64, bytes int64) (*Handle, error) {
	h := &Handle{stream: s, workspace: workspace, bytes: bytes, chosen: make(map[shape]choice)}
	err := driver.Symbols(path, unsafe.Pointer(&h.lib), "cublasLtCreate", "cublasLtDestroy", "cublasLtGetVersion", "cublasLtGetStatusString?",
		"cublasLtMatmulDescCreate", "cublasLtMatmulDescDestroy", "cublasLtMatmulDescSetAttribute", "cublasLtMatrixLayoutCreate",
		"cublasLtMatrixLayoutDestroy", "cublasLtMatmulPreferenceCreate", "cublasLtMatmulPreferenceDestroy",
		"cublasLtMatmulPreferenceSetAttribute", "cublasLtMatmulAlgoGetHeuristic", "cublasLtMatmul")
	if err != nil {
		return nil, fmt.Errorf("opening cublasLt: %w", err)
	}
	h.Version = int(C.drift_lt_version(&h.lib))
	if h.Version < 11400 {
		return nil, fmt.Errorf("cublasLt %s is version %s, and 11.4 is the first whose products go on with a mask", path, driver.Version(h.Version))
	}
	if status := C.drift_lt_create(&h.lib); status != 0 {
		return nil, fmt.Errorf("starting cublasLt %s: %s", path, h.text(status))
	}
	return h, nil
}

// Close frees the handle. The library stays loaded.
func (h *Handle) Close() { C.drift_lt_close(&h.lib) }

// Product is C = Alpha·op(A)·op(B) for dense matrices by rows, C [M,N], and what it goes on with.
type Product struct {
	Compute        int // of package cublas
	TransA, TransB bool
	M, N, K        int
	Narrow         bool // A and B are stored as bfloat16
	NarrowC        bool // C too, and so are Vector and what GELU is applied to
	Alpha          float64
	A, B, C        uint64
	Epilogue       Epilogue
	Vector         uint64 // the bias or the sums of columns, [N], or those of a factor, [M]; 0 without
	Aux            uint64 // a mask, or what GELU is applied to, [M,N]; 0 without

	handle *Handle
	call   C.drift_lt_product
}

// MaskLD is the bits of a mask's row, for N columns of a matrix by rows.
func MaskLD(n int) int { return (n + 127) / 128 * 128 }

// MaskBytes is the size of the mask of a matrix [m,n].
func MaskBytes(m, n int) int64 { return int64(m) * int64(MaskLD(n)/8) }

// auxLD is the elements, or bits of a mask, between the rows of what is stored besides.
func (p *Product) auxLD() int {
	if p.Epilogue&(GELU|64) != 0 {
		return p.N
	}
	return MaskLD(p.N)
}

// Plan has cublasLt choose an algorithm; the error says why it has none. The choice is made once for a shape.
func (h *Handle) Plan(p *Product) error {
	if p.Epilogue&FactorSums != 0 && h.Version < sumsFactors {
		return fmt.Errorf("it adds up factors from version %s on", driver.Version(sumsFactors))
	}
	p.handle = h
	p.call = C.drift_lt_product{
		compute: C.int(p.Compute), narrow: flag(p.Narrow), narrow_d: flag(p.NarrowC), ta: flag(p.TransB), tb: flag(p.TransA), m: C.uint64_t(p.N), n: C.uint64_t(p.M), k: C.uint64_t(p.K),
		alpha: C.double(p.Alpha), a: C.uint64_t(p.B), b: C.uint64_t(p.A), d: C.uint64_t(p.C), epilogue: C.int(p.Epilogue),
		bias: C.uint64_t(p.Vector), aux: C.uint64_t(p.Aux), aux_ld: C.int64_t(p.auxLD()),
	}
	if status := C.drift_lt_describe(&h.lib, &p.call); status != 0 {
		p.Close()
		return fmt.Errorf("describing it: %s", h.text(status))
	}
	key := p.shape()
	found, known := h.chosen[key]
	if !known {
		found.err = h.choose(p)
		found.algorithm = p.call.choice
		h.chosen[key] = found
	}
	p.call.choice = found.algorithm
	if found.err != nil {
		p.Close()
	}
	return found.err
}

func (p *Product) shape() shape {
	s := shape{compute: p.Compute, narrow: p.Narrow, narrowC: p.NarrowC, transA: p.TransA, transB: p.TransB, m: p.M, n: p.N, k: p.K, epilogue: p.Epilogue}
	for k, address := range []uint64{p.A, p.B, p.C, p.Vector, p.Aux} {
		s.alignments[k] = min(address&-address, 256)
	}
	return s
}

func (h *Handle) choose(p *Product) error {
	switch status := C.drift_lt_choose(&h.lib, &p.call, C.uint64_t(h.bytes)); {
	case status != 0:
		return fmt.Errorf("choosing an algorithm: %s", h.text(status))
	case p.call.found < 1:
		return fmt.Errorf("it has no algorithm with a workspace of %d MiB", h.bytes>>20)
	}
	return nil
}

// Run submits the product.
func (p *Product) Run() error {
	h := p.handle
	status := C.drift_lt_run(&h.lib, &p.call, C.uint64_t(h.workspace), C.size_t(h.bytes), unsafe.Pointer(h.stream.C()))
	if status != 0 {
		return fmt.Errorf("cublasLt: product of %d×%d×%d, %v: %s; DRIFT_CUBLASLT=off does without cublasLt", p.M, p.N, p.K, p.Epilogue, h.text(status))
	}
	return nil
}

// Close frees what the plan holds.
func (p *Product) Close() {
	C.drift_lt_free(&p.handle.lib, &p.call)
	p.call = C.drift_lt_product{}
}

func (h *Handle) text(status C.int) string {
	return fmt.Sprintf("%s (status %d)", C.GoString(C.drift_lt_text(&h.lib, status)), status)
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
