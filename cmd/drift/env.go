package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"drift/bench/report"
	"drift/kernels/cuda"
)

// environment is what drift env reports.
type environment struct {
	Version  string    `json:"version"`
	Go       string    `json:"go"`
	Platform string    `json:"platform"`
	CPU      processor `json:"cpu"`
	Memory   memory    `json:"memory"`
	GPU      cuda.Info `json:"gpu"`
	Trial    *trial    `json:"trial,omitempty"` // of the GPU, where it can be used
	Device   string    `json:"device"`
}

func (a *app) envCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Show devices, CPU features, limits and libraries, and what drift chooses here",
		Long: `env shows what this machine offers and what drift makes of it: the processor's vector
instructions, threads, memory and their limits, the GPU with its driver and libraries (or what
is missing for it), what a trial of that GPU showed (which convolutions cuDNN refuses, whether programs
can be replayed), and the device that --device auto stands for.`,
		Example: "  drift env\n  drift env --json -",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			e := a.environment()
			e.Trial = a.try(e.GPU)
			if _, err := e.table().WriteTo(a.human()); err != nil {
				return err
			}
			return a.writeJSON(e)
		},
	}
}

// trial is what a few small works on the GPU showed.
type trial struct {
	cuda.Report
	Failed string `json:"failed,omitempty"`
}

// version is what the Go tool recorded about this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(info.Main.Version, "(devel)")
	}
	return "(devel)"
}

func (a *app) environment() environment {
	e := environment{Version: version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: findProcessor(), Memory: findMemory(), GPU: cuda.Probe()}
	if a.threads > 0 {
		e.CPU.Used = a.threads
	}
	e.Device = resolveDevice(a.device, e.GPU)
	return e
}

// try starts the GPU that would be used; nil says that there is none.
func (a *app) try(gpu cuda.Info) *trial {
	index, err := deviceIndex(resolveDevice(a.device, gpu))
	if err != nil || index < 0 || gpu.Missing != "" {
		return nil
	}
	report, err := cuda.Try(index, cuda.Options{Precision: a.precision})
	t := &trial{Report: report}
	if err != nil {
		t.Failed = err.Error()
	}
	return t
}

// add tells what the trial showed.
func (t *trial) add(to *report.Table) {
	if t == nil {
		return
	}
	if t.Failed != "" {
		to.Add("trial", "failed: "+t.Failed)
		return
	}
	to.Add("cuBLAS in use", t.CuBLAS)
	to.Add("cuDNN in use", cmp.Or(t.CuDNN, "none"))
	to.Add("trial", fmt.Sprintf("%d of %d convolutions by cuDNN, %d of %d programs replayed as CUDA graphs", t.Convolutions,
		t.Convolutions+t.Refused, t.Graphs, t.Graphs+t.Eager))
	for _, line := range t.Notices {
		to.Add("note", line)
	}
}

func (e environment) table() *report.Table {
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
		t.Add(fmt.Sprintf("cuda:%d", i), fmt.Sprintf("%s, %s, compute capability %s", gpu.Name, bytesText(gpu.Bytes), gpu.Capability))
	}
	t.Add("cuBLAS", cmp.Or(e.GPU.CuBLAS, "not found"))
	t.Add("cuDNN", cmp.Or(e.GPU.CuDNN, "not found (optional)"))
	e.Trial.add(t)
	if e.GPU.Missing != "" {
		t.Add("missing for CUDA", e.GPU.Missing)
	}
	t.Add("device", e.Device)
	return t
}
