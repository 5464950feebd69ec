package cpu

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// FreeBytes is what the kernel calls available, free memory and caches that it can drop, or less where the container's limit
// leaves less.
func (d *device) FreeBytes() int64 {
	return min(available(), underLimit("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
		underLimit("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"))
}

func available() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return unknownMemory
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "MemAvailable: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return unknownMemory
}

// underLimit is the difference of the numbers in two files of a control group; without a limit there is no bound.
func underLimit(limit, used string) int64 {
	most, err1 := number(limit)
	now, err2 := number(used)
	if err1 != nil || err2 != nil {
		return math.MaxInt64
	}
	return max(0, most-now)
}

func number(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
