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
	Device   string    `json:"device"`
}

func (a *app) envCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Show devices, CPU features, limits and libraries, and what drift chooses here",
		Long: `env shows what this machine offers and what drift makes of it: the processor's vector
instructions, threads, memory and their limits, the GPU with its driver and libraries (or what
is missing for it), and the device that --device auto stands for.`,
		Example: "  drift env\n  drift env --json -",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			e := a.environment()
			if _, err := e.table().WriteTo(a.human()); err != nil {
				return err
			}
			return a.writeJSON(e)
		},
	}
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
	if e.GPU.Missing != "" {
		t.Add("missing for CUDA", e.GPU.Missing)
	}
	t.Add("device", e.Device)
	return t
}
