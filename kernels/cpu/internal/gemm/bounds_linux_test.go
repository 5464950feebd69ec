package gemm

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"drift/kernels"
)

// guarded is memory for n elements that ends where a page begins that nobody may touch.
func guarded[T kernels.Float](t *testing.T, n int) []T {
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

// Operands that end at the last byte of a page: a load or a store beyond them would end the process.
func TestStaysWithinOperands(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		testGuarded[float32](t)
		testGuarded[float64](t)
	})
}

func testGuarded[T kernels.Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const most = 70
	a, b, c := guarded[T](t, most*most), guarded[T](t, most*most), guarded[T](t, most*most)
	for range 600 {
		m, n, k := 1+r.IntN(most), 1+r.IntN(most), 1+r.IntN(most)
		transA, transB := r.IntN(2) > 0, r.IntN(2) > 0
		lda, ldb := k, n
		if transA {
			lda = m
		}
		if transB {
			ldb = k
		}
		end := func(s []T, n int) []T { return s[len(s)-n:] }
		Gemm(nil, transA, transB, m, n, k, 1, end(a, m*k), lda, end(b, k*n), ldb, T(r.IntN(2)), end(c, m*n), n)
	}
}
