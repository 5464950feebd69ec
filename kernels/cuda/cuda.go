// Package cuda runs the primitives of package kernels on an NVIDIA GPU, and adds up over several by NCCL (Join). The device itself is built
// with the tag gpu (make gpu), which needs a C compiler but no CUDA toolkit; without the tag Open says so. The driver and cuBLAS are
// opened at run time, so one binary starts on any machine.
//
// Libraries read 16 bytes at a time where an operand begins at a multiple of 16 bytes. Buffers do; a layer's parameters, which are a part of
// the flat vector θ [P], do if the numbers of parameters before them add up to a multiple of 4 in float32, as in every preset but for one
// bias of lenet. θ has no gaps for other layers: its length is P wherever a vector is read, written, drawn or multiplied, and gaps would gain
// little. cuDNN gets a copy of such a kernel of w weights, 8·w bytes moved in each direction, where the images of a batch
// take megabytes; cuBLAS takes any address, and a matrix behind a layer of odd width has rows of odd length too, which no gap aligns.
// Report counts both.
//
// Convolutions whose images share kernels go to cuDNN 8.3 or later where it is found, by its graph API. Of the engines that its heuristics propose, those
// compute that add up in one order and round no more than the precision says: passed over are nondeterministic ones, Fourier and Winograd transforms,
// those that round factors or sums to 16 bits, and for Full those of tensor cores. When a program is loaded, the first four that have room are timed in
// each of two layouts: as tensors lie (NCHW), and with channels behind pixels (NHWC), into which and from which operands are copied. The fastest is
// used, copies counted. Where a bias or ReLU follows, engines that go on with it (which cuDNN has for tensor cores and NHWC) are timed against others with
// a kernel behind them. As engines differ in their last digits, a choice is kept in the user's cache folder, drift/cudnn, by GPU, version of cuDNN, precision,
// direction, types and sizes: a run, and one that is resumed, has the bits of any other on the same machine with the same cache. A file of it is whole
// or not there, and of processes that choose at the same time all use the first one's choice. $DRIFT_CUDNN_ENGINES=first takes the first engine that is
// proposed and allowed, untimed; =any lets transforms and sums without an order compete. Where memory is too scarce for the kept engine's workspace,
// another one computes, and a notice says so. What cuDNN refuses is a product of unrolled windows.
//
// NHWC does not last from one convolution to the next. Between them stand norms, pooling and sums over channels, whose kernels, and whose plans, which
// are made before a device and its engines are known, count on NCHW; and a group norm reads what a convolution wrote all the same.
//
// Attention, its gradient and its derivatives of second order are kernels of drift's own (ptx/attention.cu, ptx/attention_hvp.cu), which need no memory
// for scores and multiply in float32 or float64 without tensor cores. Where all operands are stored as bfloat16, under BF16, and cuDNN 9.1 or later takes them, its fused engines compute the first two instead
// (package cudnn). Passed over are engines that add up gradients without an order, as most of its gradients on Hopper do, save with
// $DRIFT_CUDNN_ENGINES=any; one that adds in order may ask for a workspace of the size of the scores. Report counts what cuDNN takes and
// refuses. The graphs given to it follow those that NVIDIA's cudnn-frontend builds, and were only ever run by the stand-in of package emulator:
// no cuDNN on a GPU has been seen to take them, nor at what speed.
package cuda

import (
	"fmt"

	"drift/kernels"
	"drift/kernels/profile"
)

// Precision says how the device multiplies matrices of float32, and how it stores numbers between kernels; float64 stays float64.
type Precision uint8

const (
	// Full multiplies in float32.
	Full Precision = iota
	// TF32 rounds factors to 10 bits of mantissa and adds in float32.
	TF32
	// BF16 stores activations and their adjoints, and for products and convolutions copies of the parameters, as bfloat16, with 7 bits of mantissa;
	// arithmetic between and all sums are in float32 or float64. Parameters, the state of optimizers, gradients and statistics stay float32.
	// Products and convolutions of what stays float32 round as TF32 does.
	BF16
)

var precisionNames = []string{"float32", "tf32", "bf16"}

func (p Precision) String() string { return precisionNames[p] }

// ParsePrecision reads "float32", "tf32" or "bf16".
func ParsePrecision(s string) (Precision, error) {
	for p, name := range precisionNames {
		if s == name {
			return Precision(p), nil
		}
	}
	return 0, fmt.Errorf("unknown precision %q: choose float32, tf32 or bf16", s)
}

// Options of a device; the zero value is the default.
type Options struct {
	Precision Precision
	// CuBLAS is the path of the library; empty: $DRIFT_CUBLAS, or the newest found that works.
	CuBLAS string
	// Eager launches kernels one by one where the default replays them as a CUDA graph, so that a profiler sees them.
	Eager bool
	// Profile, if set, gets the time of every call, between events; kernels are then launched one by one. Without it,
	// $DRIFT_CUDA_PROFILE names a file that a profile of all work is written to.
	Profile *profile.Profile
	// Notice, if set, is told in one line what works less well than it should: a convolution that cuDNN refuses, a program that
	// cannot be recorded as a graph. No line comes twice. It must not use the device.
	Notice func(line string)
}

// Report is what a device found out about its libraries, and what it does without.
type Report struct {
	CuBLAS       string         `json:"cublas"`             // version and path
	CuDNN        string         `json:"cudnn"`              // likewise; empty without it, and until the first convolution
	Convolutions int            `json:"cudnn_convolutions"` // that cuDNN computes
	Copied       int            `json:"cudnn_copied"`       // of these with operands that lie where cuDNN does not take them
	CopiedBytes  int64          `json:"cudnn_copied_bytes"` // that copying those moves, each time all programs run once
	Refused      int            `json:"cudnn_refused"`      // that it does not; they are products of unrolled windows
	Widened      int            `json:"cudnn_widened"`      // of those that it computes, stored as bfloat16 and computed in float32
	Engines      []EngineChoice `json:"cudnn_engines"`      // what it computes them with
	// Attentions, and gradients of such, that cuDNN computes, of those with operands stored as bfloat16; the others are kernels of drift's own.
	Attentions        int `json:"cudnn_attentions"`
	AttentionsRefused int `json:"cudnn_attentions_refused"`

	CuBLASLt         string   `json:"cublaslt"`           // version and path; empty without it, and until the first product that goes on
	Epilogues        int      `json:"cublaslt_epilogues"` // products that go on with their result in one call
	EpiloguesRefused int      `json:"cublaslt_refused"`   // products that do not; what follows them is a kernel of its own
	Unaligned        int      `json:"cublas_unaligned"`   // products with operands that cuBLAS cannot read 16 bytes at a time
	Graphs           int      `json:"graphs"`             // programs that are replayed as a CUDA graph
	Eager            int      `json:"eager"`              // programs that could not be recorded as one
	Notices          []string `json:"notices"`            // why, each once
}

// EngineChoice is the engine of cuDNN that a convolution is computed by.
type EngineChoice struct {
	Convolution  string  `json:"convolution"`     // "conv float32 128×32×28×28 ⋆ 64×3×3"
	Engine       string  `json:"engine"`          // with its settings and layout: "eng28_k2=3 NHWC"
	Notes        string  `json:"notes"`           // of cuDNN on its numbers: "tensor cores"
	Origin       string  `json:"origin"`          // "timed" now, from the "cache" of an earlier process, or the first of the "heuristic"
	Microseconds float64 `json:"microseconds"`    // that one takes, with copies into another layout; 0 if it was never timed
	Workspace    int64   `json:"workspace_bytes"` // that it needs besides its operands
	Count        int     `json:"count"`           // convolutions of this kind in all programs
}

// ReportOf asks a device for its report; there is none if it is not of this package.
func ReportOf(dev kernels.Device) (r Report, ok bool) {
	if d, is := dev.(interface{ Report() Report }); is {
		return d.Report(), true
	}
	return r, false
}

// Info is what Probe found.
type Info struct {
	Built   bool   `json:"built"`   // this binary was built with the tag gpu
	Driver  string `json:"driver"`  // version of CUDA that the driver offers, such as "12.4"; empty without a driver
	Devices []GPU  `json:"devices"` // in the driver's order
	CuBLAS  string `json:"cublas"`  // where the library was found; empty if nowhere
	CuDNN   string `json:"cudnn"`   // likewise; optional
	NCCL    string `json:"nccl"`    // likewise; optional, for several processes
	Missing string `json:"missing"` // one line: what keeps the device from being used and what to do; empty if nothing
}

// GPU describes one device.
type GPU struct {
	Name       string `json:"name"`
	Capability string `json:"capability"` // compute capability, such as "9.0"
	Bytes      int64  `json:"bytes"`      // of memory
}

// OutOfMemory says that a device could not give a buffer.
type OutOfMemory struct {
	Device              string
	Wanted, Free, Total int64 // bytes
}

func (e *OutOfMemory) Error() string {
	const mib = 1 << 20
	return fmt.Sprintf("%s: out of memory: %.1f MiB wanted, %.1f of %.1f MiB free; use a smaller batch or chunk, "+
		"or end other programs on the device", e.Device, float64(e.Wanted)/mib, float64(e.Free)/mib, float64(e.Total)/mib)
}

// Lost says that a device stopped working; nothing that was on it can be read.
type Lost struct {
	Device, Doing string
	Cause         error
}

func (e *Lost) Error() string {
	return fmt.Sprintf("%s: lost while %s: %v; start again from the last checkpoint", e.Device, e.Doing, e.Cause)
}

func (e *Lost) Unwrap() error { return e.Cause }
