package gemm

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/guard"
)

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
	a, b, c := guard.Slice[T](t, most*most), guard.Slice[T](t, most*most), guard.Slice[T](t, most*most)
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
