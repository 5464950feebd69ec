package gemm

import (
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// Lower and Mirror together have the bits of the product with a copy.
func TestProductsWithTheirOwnTranspose(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		testLower[float32](t)
		testLower[float64](t)
	})
}

func testLower[T kernels.Float](t *testing.T) {
	t.Helper()
	p := pool.New(2)
	defer p.Close()
	r := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{1, 13, 16, 17, 50, 128, 301} {
		for _, k := range []int{1, 70, 800} {
			for _, trans := range []bool{false, true} {
				a := operand[T](r, 1, n, k, trans)
				twin := append([]T(nil), a.Data...)
				got, want := make([]T, n*n), make([]T, n*n)
				Lower(p, trans, n, k, 0.5, a.Data, a.LD, got, n)
				Mirror(got, n, 0, (n+Mirrored-1)/Mirrored)
				Gemm(p, trans, !trans, n, n, k, 0.5, a.Data, a.LD, twin, a.LD, 0, want, n)
				for i := range want {
					if got[i] != want[max(i/n, i%n)*n+min(i/n, i%n)] {
						t.Fatalf("%T, n = %d, k = %d, trans = %t: element %d,%d is %v, want %v", got[0], n, k, trans, i/n, i%n, got[i], want[i])
					}
				}
			}
		}
	}
}
