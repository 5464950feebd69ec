//go:build gpu

// Package cudnn opens cuDNN 8 or 9 at run time and convolves with it.
//
// It uses the calls that both versions have, one for each direction, with channels in front of pixels (NCHW). The graph API would take bias and
// activation along, in one call, and let engines be timed; what that takes here is
//   - channels behind pixels (NHWC), in which its fused engines work: pooling, norms and the broadcast of a channel count on NCHW, so that a
//     program is to be laid out as a whole, or each convolution transposes its operands and loses what it gained;
//   - on the way back, engines that are compiled as they are needed (NVRTC): the gradient of an activation joins a convolution in no other;
//   - a choice among deterministic engines by time, which must be the same in all runs of a study, as engines round differently.
//
// A convolution followed by a group norm gains nothing from it: the norm needs its sums before it begins.
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

	"drift/kernels"
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
	"cudnnCreateTensorDescriptor", "cudnnCreateFilterDescriptor", "cudnnCreateConvolutionDescriptor", "cudnnDestroyTensorDescriptor", "cudnnDestroyFilterDescriptor", "cudnnDestroyConvolutionDescriptor",
	"cudnnSetTensor4dDescriptor", "cudnnSetFilter4dDescriptor", "cudnnSetConvolution2dDescriptor", "cudnnSetConvolutionMathType", "cudnnSetConvolutionGroupCount",
	"cudnnGetConvolutionForwardAlgorithm_v7", "cudnnGetConvolutionBackwardDataAlgorithm_v7", "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
	"cudnnGetConvolutionForwardWorkspaceSize", "cudnnGetConvolutionBackwardDataWorkspaceSize", "cudnnGetConvolutionBackwardFilterWorkspaceSize",
	"cudnnConvolutionForward", "cudnnConvolutionBackwardData", "cudnnConvolutionBackwardFilter",
	"cudnnBackendCreateDescriptor", "cudnnBackendDestroyDescriptor", "cudnnBackendFinalize", "cudnnBackendSetAttribute", "cudnnBackendGetAttribute",
	"cudnnBackendExecute", "cudnnGetLastErrorString?",
}

// Open loads the library at path.
func Open(path string, s cu.Stream) (*Handle, error) {
	h := new(Handle)
	if err := driver.Symbols(path, unsafe.Pointer(&h.lib), names...); err != nil {
		return nil, fmt.Errorf("opening cuDNN: %w; set DRIFT_CUDNN to a libcudnn.so of version 8 or 9", err)
	}
	var why *C.char
	if C.drift_cudnn_bind(&h.lib, unsafe.Pointer(s.C()), &why) != 0 {
		return nil, fmt.Errorf("opening cuDNN %s: %s; set DRIFT_CUDNN to a libcudnn.so of version 8 or 9", path, C.GoString(why))
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

// Direction says which operand is computed from the other two.
type Direction int

const (
	Output Direction = iota
	Image
	Kernels
)

// Convolution is a planned call. Its operands are dense, in the layout of kernels.Conv.
type Convolution struct {
	handle *Handle
	plan   C.drift_convolution
	// Addresses, to be set before Run.
	Image, Kernels, Output, Workspace uint64
}

// Plan picks a deterministic algorithm whose workspace is at most limit bytes; the error says why there is none. With tf32, factors of
// float32 may be rounded to TF32.
func (h *Handle) Plan(d Direction, c kernels.Conv, dt kernels.DType, tf32 bool, limit int64) (*Convolution, error) {
	const allowTF32, fma = 0, 3
	dh, dw := c.Dilation()
	p := &Convolution{handle: h, plan: C.drift_convolution{
		direction: C.int(d), wide: C.int(dt), math: fma, n: C.int(c.N), c: C.int(c.C), h: C.int(c.H), w: C.int(c.W), o: C.int(c.O),
		kh: C.int(c.KH), kw: C.int(c.KW), sh: C.int(c.StrideH), sw: C.int(c.StrideW), ph: C.int(c.PadH), pw: C.int(c.PadW),
		dh: C.int(dh), dw: C.int(dw), groups: C.int(c.Parts()), oh: C.int(c.OutH()), ow: C.int(c.OutW()),
	}}
	if tf32 || dt == kernels.Float64 {
		p.plan.math = allowTF32 // the default; it changes nothing for float64
	}
	if C.drift_convolution_plan(&h.lib, &p.plan, C.size_t(limit)) != 0 {
		err := h.refusal(&p.plan, limit)
		p.Close()
		return nil, err
	}
	return p, nil
}

// refusal says why there is no plan.
func (h *Handle) refusal(p *C.drift_convolution, limit int64) error {
	const mib = 1 << 20
	switch {
	case p.status != 0:
		return fmt.Errorf("%s (status %d)", C.GoString(C.drift_cudnn_text(&h.lib, p.status)), p.status)
	case p.least > 0:
		return fmt.Errorf("the least workspace is %.0f MiB, and %.0f MiB are allowed", float64(p.least)/mib, float64(limit)/mib)
	}
	return fmt.Errorf("none of its %d algorithms is deterministic and works here", p.found)
}

// Algorithm is cuDNN's number of the one that was picked.
func (p *Convolution) Algorithm() int { return int(p.plan.algorithm) }

// WorkspaceBytes is the memory that Run needs besides the operands.
func (p *Convolution) WorkspaceBytes() int64 { return int64(p.plan.workspace) }

// Run submits the convolution to the handle's stream.
func (p *Convolution) Run() error {
	status := C.drift_convolution_run(&p.handle.lib, &p.plan, C.ulonglong(p.Image), C.ulonglong(p.Kernels), C.ulonglong(p.Output),
		C.ulonglong(p.Workspace))
	if status != 0 {
		return fmt.Errorf("cuDNN: convolution in direction %d: %s (status %d); DRIFT_CUDNN=off does without cuDNN", p.plan.direction,
			C.GoString(C.drift_cudnn_text(&p.handle.lib, status)), status)
	}
	return nil
}

// Close frees what the plan holds.
func (p *Convolution) Close() {
	C.drift_convolution_free(&p.handle.lib, &p.plan)
	p.plan = C.drift_convolution{}
}
