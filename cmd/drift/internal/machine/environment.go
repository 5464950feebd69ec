package machine

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"drift/bench/report"
	"drift/kernels/cuda"
)

// Environment is what a machine offers, and the device that drift chooses there.
type Environment struct {
	Version  string    `json:"version"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	CPU      Processor `json:"cpu"`
	Memory   Memory    `json:"memory"`
	GPU      cuda.Info `json:"gpu"`
	Trial    *Trial    `json:"trial,omitempty"` // of the GPU, where it can be used
	Device   string    `json:"device"`
}

// Trial is what a few small works on the GPU showed.
type Trial struct {
	cuda.Report
	Failed string `json:"failed,omitempty"`
}

// Version is what the Go tool recorded about this build.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(info.Main.Version, "(devel)")
	}
	return "(devel)"
}

// Find looks at the machine. device is the name of the one to use, or auto; threads is the number of threads, 0 for all.
func Find(device string, threads int) Environment {
	e := Environment{Version: Version(), Go: runtime.Version(), Platform: Platform(), CPU: FindProcessor(), Memory: FindMemory(), GPU: cuda.Probe()}
	if threads > 0 {
		e.CPU.Used = threads
	}
	e.Device = Resolve(device, e.GPU)
	return e
}

// Platform is the operating system and the processor's architecture.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// Resolve turns the device auto into cuda where a GPU can be used, else into cpu. Other names stay.
func Resolve(device string, gpu cuda.Info) string {
	if device != "auto" {
		return device
	}
	if gpu.Missing == "" && len(gpu.Devices) > 0 {
		return "cuda"
	}
	return "cpu"
}

// Index is the number of a GPU in a device's name, −1 for the processor.
func Index(device string) (int, error) {
	if device == "cpu" {
		return -1, nil
	}
	_, number, numbered := strings.Cut(device, ":")
	if !numbered {
		return 0, nil
	}
	return strconv.Atoi(number)
}

// Try starts the GPU that the environment chooses; nil says that it chooses none.
func (e Environment) Try(o cuda.Options) *Trial {
	index, err := Index(e.Device)
	if err != nil || index < 0 || e.GPU.Missing != "" {
		return nil
	}
	report, err := cuda.Try(index, o)
	t := &Trial{Report: report}
	if err != nil {
		t.Failed = err.Error()
	}
	return t
}

// add tells what the trial showed.
func (t *Trial) add(to *report.Table) {
	if t == nil {
		return
	}
	if t.Failed != "" {
		to.Add("trial", "failed: "+t.Failed)
		return
	}
	to.Add("cuBLAS in use", t.CuBLAS)
	to.Add("cublasLt in use", cmp.Or(t.CuBLASLt, "none"))
	to.Add("cuDNN in use", cmp.Or(t.CuDNN, "none"))
	to.Add("trial", fmt.Sprintf("%d of %d convolutions and %d of %d attentions in bfloat16 by cuDNN, %d of %d products with bias and activation by cublasLt, %d of %d programs replayed as CUDA graphs",
		t.Convolutions, t.Convolutions+t.Refused, t.Attentions, t.Attentions+t.AttentionsRefused, t.Epilogues, t.Epilogues+t.EpiloguesRefused, t.Graphs, t.Graphs+t.Eager))
	for _, e := range t.Engines {
		how := e.Origin
		if e.Microseconds > 0 {
			how += fmt.Sprintf(", %.3g µs", e.Microseconds)
		}
		to.Add(e.Convolution, fmt.Sprintf("%s (%s)", e.Engine, how))
	}
	for _, line := range t.Notices {
		to.Add("note", line)
	}
}

// Table shows everything that was found.
func (e Environment) Table() *report.Table {
	t := &report.Table{Header: []string{"what", "found"}, Left: 2}
	t.Add("drift", e.Version+", "+e.Go+", "+e.Platform)
	t.Add("processor", cmp.Or(e.CPU.Model, "unknown"))
	t.Add("vector instructions", cmp.Or(strings.Join(e.CPU.Features, " "), "none that drift uses"))
	t.Add("CPU kernels", e.CPU.Kernels)
	threads := fmt.Sprintf("%d of %d logical processors", e.CPU.Used, e.CPU.Logical)
	if e.CPU.Quota > 0 {
		threads += fmt.Sprintf(", limited to the time of %.3g", e.CPU.Quota)
	}
	t.Add("threads", threads)
	t.Add("memory", e.Memory.String())
	driver := "no driver"
	if e.GPU.Driver != "" {
		driver = "driver for CUDA " + e.GPU.Driver
	}
	t.Add("GPU", driver)
	for i, gpu := range e.GPU.Devices {
		t.Add(fmt.Sprintf("cuda:%d", i), fmt.Sprintf("%s, %s, compute capability %s", gpu.Name, report.Bytes(gpu.Bytes), gpu.Capability))
	}
	if len(e.GPU.Devices) > 0 {
		t.Add("data", "on the GPU whole, as bytes where they are stored so, up to half of what is free there; more of them come beside the computation")
	}
	t.Add("cuBLAS", cmp.Or(e.GPU.CuBLAS, "not found"))
	t.Add("cuDNN", cmp.Or(e.GPU.CuDNN, "not found (optional)"))
	t.Add("NCCL", cmp.Or(e.GPU.NCCL, "not found (optional, for several GPUs)"))
	e.Trial.add(t)
	if e.GPU.Missing != "" {
		t.Add("missing for CUDA", e.GPU.Missing)
	}
	t.Add("device", e.Device)
	return t
}
