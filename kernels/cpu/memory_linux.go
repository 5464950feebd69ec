package cpu

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FreeBytes is what the kernel calls available, free memory and caches that it can drop, or less where the container's limit
// or a limit on the addresses of the process leaves less.
func (d *device) FreeBytes() int64 {
	free := int64(unknownMemory)
	if kb, ok := field("/proc/meminfo", "MemAvailable:"); ok {
		free = kb << 10
	}
	return min(free, addressSpace(), unified.free("/sys/fs/cgroup"), legacy.free("/sys/fs/cgroup/memory"))
}

// controlGroup is where a version of control groups has a container's memory: files of a folder, and lines of its statistics.
type controlGroup struct {
	limit, used string
	caches      []string // of files, which the kernel drops where memory is short
}

var (
	unified = controlGroup{"memory.max", "memory.current", []string{"inactive_file", "active_file"}}
	legacy  = controlGroup{"memory.limit_in_bytes", "memory.usage_in_bytes", []string{"total_inactive_file", "total_active_file"}}
)

// free is what the limit leaves, caches counted as free; without a limit there is no bound.
func (g controlGroup) free(folder string) int64 {
	most, err1 := number(filepath.Join(folder, g.limit))
	now, err2 := number(filepath.Join(folder, g.used))
	if err1 != nil || err2 != nil {
		return math.MaxInt64
	}
	for _, name := range g.caches {
		n, _ := field(filepath.Join(folder, "memory.stat"), name)
		now -= n
	}
	return max(0, most-max(0, now))
}

func number(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// field is the number behind a name that begins a line of a file.
func field(file, name string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
