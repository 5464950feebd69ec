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
		testInPlace[float32](t, 0x1p-23)
		testInPlace[float64](t, 0x1p-52)
	})
}

// inPlace is a case: A in rows or columns, with zeros for p < i−after and p > i+until, and columns j > i+columns of C not wanted.
type inPlace struct {
	m, n, k, after, until, columns int
	inRows                         bool
}

func (p inPlace) isZero(i, term int) bool { return term < i-p.after || term > i+p.until }

// testInPlace takes operands that end at the last byte of a page.
func testInPlace[T kernels.Float](t *testing.T, eps float64) {
	t.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	const most, deepest = 300, 600
	a, b, c := guard.Slice[T](t, 40*deepest), guard.Slice[T](t, most*deepest), guard.Slice[T](t, 40*most)
	turned := make([]T, 40*deepest)
	for i := range 100 {
		p := inPlace{m: 1 + r.IntN(40), n: 1 + r.IntN(most), k: 1 + r.IntN(deepest>>(i%5)), inRows: i%2 > 0}
		p.after, p.until, p.columns = p.m, p.k, p.n
		switch i % 4 {
		case 1:
			p.until = r.IntN(p.k)
		case 2:
			p.after = max(0, p.m-r.IntN(p.k)-1)
		case 3:
			p.columns = r.IntN(p.n)
		}
		x, y, z := a[len(a)-p.m*p.k:], b[len(b)-p.k*p.n:], c[len(c)-p.m*p.n:]
		for _, v := range [][]T{x, y, z} {
			for e := range v {
				v[e] = T(r.NormFloat64())
			}
		}
		checkInPlace(t, p, eps, x, y, T(r.IntN(3))/2, z, turned)
	}
}

func checkInPlace[T kernels.Float](t *testing.T, p inPlace, eps float64, x, y []T, beta T, z, turned []T) {
	t.Helper()
	row, depth := 1, p.m
	if p.inRows {
		row, depth = p.k, 1
	}
	for e := range x {
		if p.isZero(e/row%p.m, e/depth%p.k) {
			x[e] = 0
		}
	}
	before := append([]T(nil), z...)
	left := InColumns(p.m, p.k, x, p.m)
	if p.inRows {
		left = InRows(p.m, p.k, x, p.k, turned)
	}
	left.After(p.after).Until(p.until).TimesUntil(p.columns, p.n, y, p.n, beta, z, p.n)
	for e, got := range z {
		if e%p.n > e/p.n+p.columns {
			continue
		}
		want := float64(beta * before[e])
		scale := math.Abs(want)
		for term := range p.k {
			v := float64(x[e/p.n*row+term*depth]) * float64(y[term*p.n+e%p.n])
			want, scale = want+v, scale+math.Abs(v)
		}
		if !(math.Abs(float64(got)-want) <= (4+2*math.Sqrt(float64(p.k)))*eps*scale) {
			t.Fatalf("%+v, beta %v: C[%d,%d] is %v, want %v", p, beta, e/p.n, e%p.n, got, want)
		}
	}
}
