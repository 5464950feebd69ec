//go:build gpu

package cuda

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"drift/kernels"
)

// obedient skips a test whose faults only an emulated GPU shows.
func obedient(t *testing.T) {
	t.Helper()
	if !simulated() {
		t.Skip("only an emulated GPU fails when it is told to")
	}
}

// simulated reports an emulated GPU, whose libraries do all that they are asked for.
func simulated() bool {
	gpus := Probe().Devices
	return len(gpus) > 0 && gpus[0].Name == "emulated GPU"
}

// emulated is obedient for tests that take the emulated cuDNN too.
func emulated(t *testing.T) {
	t.Helper()
	obedient(t)
	if path, _ := findCuDNN(); path == "" {
		t.Skip("no cuDNN")
	}
}

// convolve makes the calls of a convolution in its three directions.
func convolve(t *testing.T, d kernels.Device, c kernels.Conv) []kernels.Call {
	t.Helper()
	var calls []kernels.Call
	for _, op := range []kernels.Primitive{c, kernels.ConvInput(c), kernels.ConvWeight(c)} {
		out, in, _ := op.Operands()
		call := kernels.Call{Op: op, Out: []kernels.Buffer{buffer32(t, d, make([]float32, out[0]))}}
		for _, n := range in {
			call.In = append(call.In, buffer32(t, d, random(n)))
		}
		calls = append(calls, call)
	}
	return calls
}

var small = kernels.Conv{Window: kernels.Window{N: 2, C: 3, H: 6, W: 5, KH: 3, KW: 3, StrideH: 1, StrideW: 1, PadH: 1, PadW: 1}, O: 4}

// listen opens a device that tells what works less well than it should.
func listen(t *testing.T) (d *device, heard *[]string) {
	heard = new([]string)
	return open(t, Options{Notice: func(line string) { *heard = append(*heard, line) }}), heard
}

// Whatever cuDNN refuses, and whatever cannot be recorded, is counted and said once, and computed all the same.
func TestFallbacksAreSaid(t *testing.T) {
	emulated(t)
	lone := filepath.Join(t.TempDir(), "libcudnn.so.9")
	for _, c := range []struct {
		name, variable, value string
		cudnn, refused, eager int
		says                  []string
	}{
		{name: "all is well", variable: "UNUSED", cudnn: 3},
		{name: "workspace too large", variable: "DRIFT_EMULATOR_WORKSPACE", value: fmt.Sprint(1 << 30), refused: 3, says: []string{
			"cuDNN refuses conv float32 2×3×6×5 ⋆ 4×3×3: the least workspace is 1024 MiB", "convinput", "convweight"}},
		{name: "workspace of a quarter of the memory", variable: "DRIFT_EMULATOR_WORKSPACE", value: fmt.Sprint(100 << 20), cudnn: 3},
		{name: "no recording", variable: "DRIFT_EMULATOR_NO_CAPTURE", value: "1", cudnn: 3, eager: 1, says: []string{
			"a program of 3 kernels cannot be recorded as a CUDA graph: "}},
		{name: "old cuDNN", variable: "DRIFT_EMULATOR_CUDNN_VERSION", value: "8204", says: []string{"its version is older than 8.3; set DRIFT_CUDNN"}},
		{name: "no cuDNN", variable: "DRIFT_CUDNN", value: lone, says: []string{"convolutions and attention run without cuDNN, and slower: opening cuDNN"}},
		{name: "cuDNN is not wanted", variable: "DRIFT_CUDNN", value: "off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("DRIFT_CUDNN_ENGINES", "first")
			t.Setenv(c.variable, c.value)
			d, heard := listen(t)
			calls := convolve(t, d, small)
			run(t, d, 3, calls...)
			run(t, d, 1, calls...)
			report, ok := ReportOf(d)
			if !ok || report.Convolutions != 2*c.cudnn || report.Refused != 2*c.refused || report.Eager != c.eager || report.Graphs != 1-c.eager {
				t.Errorf("%+v", report)
			}
			if report.CuBLAS == "" || (report.CuDNN != "") != (c.cudnn+c.refused > 0) {
				t.Errorf("libraries %q and %q", report.CuBLAS, report.CuDNN)
			}
			if len(*heard) != len(c.says) || len(report.Notices) != len(c.says) {
				t.Fatalf("heard %q, reported %q, want %q", *heard, report.Notices, c.says)
			}
			for k, want := range c.says {
				if !strings.Contains((*heard)[k], want) || !strings.HasPrefix((*heard)[k], "cuda:0: ") || !strings.Contains(report.Notices[k], want) {
					t.Errorf("heard %q, reported %q, want %q", (*heard)[k], report.Notices[k], want)
				}
			}
		})
	}
}

// An operand at an odd address is copied for cuDNN, which is said.
func TestCopiesForCuDNNAreSaid(t *testing.T) {
	emulated(t)
	d, heard := listen(t)
	calls := convolve(t, d, small)
	moved := buffer32(t, d, make([]float32, calls[0].In[1].Len()+1))
	calls[0].In[1] = moved.Slice(1, moved.Len())
	run(t, d, 2, calls...)
	report, _ := ReportOf(d)
	if weights := int64(4 * 3 * 9); report.Copied != 1 || report.CopiedBytes != 2*4*weights || report.Convolutions != 3 {
		t.Errorf("%+v", report)
	}
	if len(*heard) != 1 || !strings.Contains((*heard)[0], "multiples of 16") {
		t.Errorf("heard %q", *heard)
	}
}

// Products at odd addresses are counted.
func TestUnalignedProductsAreCounted(t *testing.T) {
	d := open(t, Options{})
	x, y := buffer32(t, d, random(17)), buffer32(t, d, make([]float32, 16))
	for from := range 2 {
		at := x.Slice(from, from+16)
		run(t, d, 2, kernels.Call{Op: kernels.Gemm{Batch: 1, M: 4, N: 4, K: 4, Alpha: 1}, Out: []kernels.Buffer{y}, In: []kernels.Buffer{at, at}})
		if report, _ := ReportOf(d); report.Unaligned != from {
			t.Errorf("offset %d: %+v", from, report)
		}
	}
}

// Results do not depend on who computes them.
func TestRefusedConvolutionsAreComputed(t *testing.T) {
	emulated(t)
	var results []string
	for _, bytes := range []int{64, 1 << 30} {
		t.Setenv("DRIFT_EMULATOR_WORKSPACE", fmt.Sprint(bytes))
		d := open(t, Options{})
		calls := convolve(t, d, small)
		run(t, d, 1, calls...)
		text := ""
		for _, c := range calls {
			text += fmt.Sprint(contents(t, c.Out[0]))
		}
		results = append(results, text)
	}
	if results[0] != results[1] {
		t.Errorf("by cuDNN %s, without it %s", results[0], results[1])
	}
}
