// Package guard gives tests memory that ends where a page begins that nobody may touch: an access beyond it ends the process.
package guard

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"drift/kernels"
)

// Slice is n elements with nothing behind them. They are freed when the test is done.
func Slice[T kernels.Float](t testing.TB, n int) []T {
	t.Helper()
	var v T
	size, page := n*int(unsafe.Sizeof(v)), unix.Getpagesize()
	whole := (size + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, whole+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Skip("no memory map: ", err)
	}
	t.Cleanup(func() { unix.Munmap(m) })
	if err := unix.Mprotect(m[whole:], unix.PROT_NONE); err != nil {
		t.Skip("no memory protection: ", err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(m[whole-size:]))), n)
}
