package gemm

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/guard"
)

func TestInPlaceAgreesWithNaiveProduct(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		testInPlace(t, 0x1p-23, InPlace[float32], InRows[float32])
		testInPlace(t, 0x1p-52, InPlace[float64], InRows[float64])
	})
}

// testInPlace takes operands that end at the last byte of a page.
func testInPlace[T kernels.Float](t *testing.T, eps float64, columns func(m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int),
	rows func(m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int, turned []T)) {
	t.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	const most, deepest = 300, 600
	a, b, c := guard.Slice[T](t, 40*deepest), guard.Slice[T](t, most*deepest), guard.Slice[T](t, 40*most)
	turned := make([]T, 40*deepest)
	for i := range 60 {
		m, n, k, inRows := 1+r.IntN(40), 1+r.IntN(most), 1+r.IntN(deepest>>(i%5)), i%2 > 0
		x, y, z := a[len(a)-m*k:], b[len(b)-k*n:], c[len(c)-m*n:]
		for _, v := range [][]T{x, y, z} {
			for e := range v {
				v[e] = T(r.NormFloat64())
			}
		}
		beta, before := T(r.IntN(3))/2, append([]T(nil), z...)
		row, depth := 1, m
		if inRows {
			row, depth = k, 1
			rows(m, n, k, x, k, y, n, beta, z, n, turned)
		} else {
			columns(m, n, k, x, m, y, n, beta, z, n)
		}
		for e, got := range z {
			want := float64(beta * before[e])
			scale := math.Abs(want)
			for p := range k {
				v := float64(x[e/n*row+p*depth]) * float64(y[p*n+e%n])
				want, scale = want+v, scale+math.Abs(v)
			}
			if !(math.Abs(float64(got)-want) <= (4+2*math.Sqrt(float64(k)))*eps*scale) {
				t.Fatalf("%d×%d×%d, A in rows %v, beta %v: C[%d,%d] is %v, want %v", m, n, k, inRows, beta, e/n, e%n, got, want)
			}
		}
	}
}
