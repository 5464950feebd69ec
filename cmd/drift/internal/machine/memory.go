package machine

import (
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"strings"

	"drift/bench/report"
)

// Memory holds bytes; 0 stands for unknown or, for the limits, for none.
type Memory struct {
	Total     int64 `json:"total"`
	Available int64 `json:"available"`
	Container int64 `json:"container_limit"`
	Go        int64 `json:"go_limit"`
}

// FindMemory is what /proc and the control group say.
func FindMemory() Memory {
	m := Memory{Total: kibibytes("MemTotal"), Available: kibibytes("MemAvailable")}
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

func (m Memory) String() string {
	text := "unknown"
	if m.Total > 0 {
		text = fmt.Sprintf("%s, %s available", report.Bytes(m.Total), report.Bytes(m.Available))
	}
	if m.Container > 0 {
		text += ", container limit " + report.Bytes(m.Container)
	}
	if m.Go > 0 {
		text += ", GOMEMLIMIT " + report.Bytes(m.Go)
	}
	return text
}
