package cpu

import (
	"slices"
	"testing"
	"unsafe"
)

// Memory for which huge pages were asked is the same memory, of zeros, wherever it begins and ends.
func TestHugePagesKeepMemory(t *testing.T) {
	for _, n := range []int{0, 1, hugePage, hugePage + 1, 3*hugePage + 12345} {
		x := make([]byte, n+5)
		x[4], x[n+4] = 1, 2
		part := onHugePages(x[4 : n+4])
		if len(part) != n || n > 0 && (unsafe.SliceData(part) != &x[4] || part[0] != 1 || slices.ContainsFunc(part[1:], func(b byte) bool { return b != 0 })) || x[n+4] != 2 {
			t.Errorf("%d bytes: they have changed", n)
		}
	}
}
