package cpu

import (
	"bufio"
	"fmt"
	"os"
)

// FreeBytes is what the kernel calls available: free memory and caches that it can drop.
func (d *device) FreeBytes() int64 {
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
