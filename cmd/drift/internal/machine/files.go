package machine

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Load is the load average of the last minute, 0 where it is unknown.
func Load() float64 {
	load, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	x, _ := strconv.ParseFloat(load, 64)
	return x
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
