package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	cpukernels "drift/kernels/cpu"
)

// processor describes the CPU. Quota is the limit on processor time that a container sets, in processors; 0 without one.
type processor struct {
	Model    string   `json:"model"`
	Features []string `json:"features"`
	Kernels  string   `json:"kernels"` // instruction set of the kernels that are used
	Logical  int      `json:"logical"`
	Used     int      `json:"used"`
	Quota    float64  `json:"quota"`
}

// memory holds bytes; 0 stands for unknown or, for the limits, for none.
type memory struct {
	Total     int64 `json:"total"`
	Available int64 `json:"available"`
	Container int64 `json:"container_limit"`
	Go        int64 `json:"go_limit"`
}

func findProcessor() processor {
	p := processor{Logical: runtime.NumCPU(), Used: runtime.GOMAXPROCS(0), Features: []string{}}
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

func findMemory() memory {
	m := memory{Total: kibibytes("MemTotal"), Available: kibibytes("MemAvailable")}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if n, err := strconv.ParseInt(firstLine(file), 10, 64); err == nil && n < m.Total {
			m.Container = n
			break
		}
	}
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		m.Go = limit
	}
	return m
}

func kibibytes(key string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(keyedLine("/proc/meminfo", key), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return n * 1024
}

func (m memory) String() string {
	text := "unknown"
	if m.Total > 0 {
		text = fmt.Sprintf("%s, %s available", bytesText(m.Total), bytesText(m.Available))
	}
	if m.Container > 0 {
		text += ", container limit " + bytesText(m.Container)
	}
	if m.Go > 0 {
		text += ", GOMEMLIMIT " + bytesText(m.Go)
	}
	return text
}

func bytesText(n int64) string {
	switch x := float64(n); {
	case x >= 1<<30:
		return fmt.Sprintf("%.1f GiB", x/(1<<30))
	case x >= 1<<20:
		return fmt.Sprintf("%.1f MiB", x/(1<<20))
	case x >= 1<<10:
		return fmt.Sprintf("%.1f KiB", x/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// keyedLine is the text behind "key:" in a file of such lines, or "".
func keyedLine(path, key string) string {
	file, err := os.Open(filepath.FromSlash(path))
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if k, v, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// firstLine is the first line of a file, or "".
func firstLine(path string) string {
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
