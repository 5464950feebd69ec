// Package machine finds out what the machine offers: processor, memory, GPU, limits and libraries, and the version of drift.
package machine

import (
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	cpukernels "drift/kernels/cpu"
)

// Processor describes the CPU. Quota is the limit on processor time that a container sets, in processors; 0 without one.
type Processor struct {
	Model    string   `json:"model"`
	Features []string `json:"features"`
	Kernels  string   `json:"kernels"` // instruction set of the kernels that are used
	Logical  int      `json:"logical"`
	Used     int      `json:"used"`
	Quota    float64  `json:"quota"`
}

// FindProcessor describes the processor of this machine.
func FindProcessor() Processor {
	p := Processor{Logical: runtime.NumCPU(), Used: runtime.GOMAXPROCS(0), Features: []string{}}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA}, {"AVX-512F", cpu.X86.HasAVX512F}, {"AVX-512VL", cpu.X86.HasAVX512VL},
		{"AVX-512DQ", cpu.X86.HasAVX512DQ}, {"NEON", cpu.ARM64.HasASIMD},
	} {
		if f.has {
			p.Features = append(p.Features, f.name)
		}
	}
	var err error
	if p.Kernels, err = cpukernels.Instructions(); err != nil {
		p.Kernels = err.Error()
	}
	p.Model = keyedLine("/proc/cpuinfo", "model name")
	p.Quota = quota(firstLine("/sys/fs/cgroup/cpu.max"))
	return p
}

// quota reads the control group's "microseconds period" line.
func quota(line string) float64 {
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return 0
	}
	time, err1 := strconv.ParseFloat(fields[0], 64)
	period, err2 := strconv.ParseFloat(fields[1], 64)
	if err1 != nil || err2 != nil || period <= 0 {
		return 0
	}
	return time / period
}
