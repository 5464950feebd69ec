package vmath

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/guard"
)

func TestSoftmaxRows(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		testSoftmax[float32](t, 0x1p-23)
		testSoftmax[float64](t, 0x1p-52)
	})
}

// testSoftmax takes rows that end at the last byte of a page, and have no numbers behind the first n.
func testSoftmax[T kernels.Float](t *testing.T, eps float64) {
	const most = 112
	r := rand.New(rand.NewPCG(5, 6))
	var rows [5][]T
	for i := range rows {
		rows[i] = guard.Slice[T](t, most)
	}
	slope, curve := SlopeFor[T](), CurveFor[T]()
	for n := 1; n <= most; n++ {
		all := min(most, (n+r.IntN(2*Line)+Line-1)/Line*Line)
		var row [5][]T
		for k := range row {
			row[k] = rows[k][most-all:]
			for i := range row[k] {
				row[k][i] = T(math.NaN())
				if i < n {
					row[k][i] = T(r.NormFloat64())
				}
			}
		}
		p, s, d, t0 := row[0], row[1], row[2], row[3]
		var want, scale [4][]float64
		l := T(math.Log(float64(n)) - 100)
		for i := range n {
			p[i] -= 100
		}
		checkSoftmax(t, p, row[4], n, eps)
		want[0], want[1], scale[0], scale[1] = slopeOf(p[:n], s[:n], float64(l))
		slope(p, s, n, l)
		want[2], want[3], scale[2], scale[3] = curveOf(p[:n], s[:n], d[:n], t0[:n])
		curve(p, s, d, t0, row[4], n)
		for k, name := range []string{"p", "ṗ", "d", "t"} {
			for i, got := range row[k] {
				if i >= n && got != 0 {
					t.Fatalf("%s[%d] behind %d elements is %v", name, i, n, got)
				}
				if i < n && !(math.Abs(float64(got)-want[k][i]) <= float64(16+n)*eps*scale[k][i]) {
					t.Fatalf("%s[%d] of %d elements is %v, want %v", name, i, n, got, want[k][i])
				}
			}
		}
	}
}

// checkSoftmax makes a copy of scores their softmax.
func checkSoftmax[T kernels.Float](t *testing.T, scores, row []T, n int, eps float64) {
	t.Helper()
	copy(row, scores)
	m, sum := SoftmaxFor[T]()(row, n)
	top, total := math.Inf(-1), 0.0
	for _, x := range scores[:n] {
		top = max(top, float64(x))
	}
	for _, x := range scores[:n] {
		total += math.Exp(float64(x) - top)
	}
	if float64(m) != top || !(math.Abs(float64(sum)-total) <= float64(8+n)*eps*total) {
		t.Fatalf("largest of %d scores is %v and the sum %v, want %v and %v", n, m, sum, top, total)
	}
	for i, got := range row {
		want := 0.0
		if i < n {
			want = math.Exp(float64(scores[i])-top) / total
		}
		if !(math.Abs(float64(got)-want) <= float64(8+n)*eps*want) {
			t.Fatalf("softmax of %d scores: element %d is %v, want %v", n, i, got, want)
		}
	}
}

// slopeOf are the results of SlopeFor with the sums of their terms' absolute values.
func slopeOf[T kernels.Float](x, y []T, l float64) (p, s, sizeP, sizeS []float64) {
	sum, size := 0.0, 0.0
	for i := range x {
		e := math.Exp(float64(x[i]) - l)
		p, sizeP = append(p, e), append(sizeP, e*(1+math.Abs(l)))
		sum, size = sum+e*float64(y[i]), size+sizeP[i]*math.Abs(float64(y[i]))
	}
	for i, e := range p {
		s, sizeS = append(s, e*(float64(y[i])-sum)), append(sizeS, sizeP[i]*(math.Abs(float64(y[i]))+size))
	}
	return p, s, sizeP, sizeS
}

// curveOf is slopeOf for CurveFor.
func curveOf[T kernels.Float](p, s, d, t []T) (e, u, sizeE, sizeU []float64) {
	dot, size := 0.0, 0.0
	for i := range p {
		x := float64(p[i]) * float64(d[i])
		dot, size = dot+x, size+math.Abs(x)
	}
	sum, sizes := 0.0, 0.0
	for i := range p {
		x, most := float64(d[i])-dot, math.Abs(float64(d[i]))+size
		y, z := float64(s[i])*x, float64(p[i])*float64(t[i])
		e, sizeE = append(e, float64(p[i])*x), append(sizeE, float64(p[i])*most)
		u, sizeU = append(u, y+z), append(sizeU, math.Abs(float64(s[i]))*most+math.Abs(z))
		sum, sizes = sum+u[i], sizes+sizeU[i]
	}
	for i := range u {
		u[i] -= float64(p[i]) * sum
		sizeU[i] += float64(p[i]) * sizes
	}
	return e, u, sizeE, sizeU
}
