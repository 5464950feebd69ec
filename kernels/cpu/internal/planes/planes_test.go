package planes

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// eachLevel runs f at every level that the machine has.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for l := level.Portable; l <= level.Best(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer level.Set(level.Set(l))
			f(t)
		})
	}
}

const guard = 777

// random is n numbers with ties, NaN and infinities among them, and some guards behind.
func random[T kernels.Float](rng *rand.Rand, n int) []T {
	x := make([]T, n+40)
	for i := range x {
		x[i] = guard
		if i < n {
			x[i] = [...]T{T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1)), 0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 4, 5, 6, 7}[rng.IntN(16)]
		}
	}
	return x
}

func same[T kernels.Float | int32](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(want)-40, got[i], want[i])
		}
	}
}

func TestAddRows(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		testAddRows[float32](t)
		testAddRows[float64](t)
	})
}

func testAddRows[T kernels.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		rows, gapDst, gapSrc := 1+rng.IntN(5), rng.IntN(4), rng.IntN(4)
		dst, src := random[T](rng, rows*(n+gapDst)), random[T](rng, rows*(n+gapSrc))
		want := append([]T(nil), dst...)
		for i := range rows {
			for j := range n {
				want[i*(n+gapDst)+j] += src[i*(n+gapSrc)+j]
			}
		}
		AddRows(dst, n+gapDst, src, n+gapSrc, rows, n)
		same(t, "AddRows", dst, want)
	}
}

func TestPooling(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		testPooling[float32](t)
		testPooling[float64](t)
	})
}

// testPooling compares with loops over single windows, at all short widths and with pixels to the right that belong to none.
func testPooling[T kernels.Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 50 {
		p := Pool{Rows: 1 + rng.IntN(4), N: n, Width: 2*n + rng.IntN(3)}
		x, y := random[T](rng, 2*p.Rows*p.Width), random[T](rng, p.Rows*n)
		place, pick, spread := make([]int32, p.Rows*n+40), random[T](rng, p.Rows*n), append([]T(nil), x...)
		for i := range place {
			place[i] = guard
		}
		wantPlace, wantPick, wantSpread := append([]int32(nil), place...), append([]T(nil), pick...), append([]T(nil), spread...)
		for w := range p.Rows * n {
			at := 2*(w/n)*p.Width + 2*(w%n)
			k := firstOf(x[at], x[at+1], x[at+p.Width], x[at+p.Width+1])
			wantPlace[w] = int32(k)
			for i, pixel := range []int{at, at + 1, at + p.Width, at + p.Width + 1} {
				wantSpread[pixel] = 0
				if i == k {
					wantPick[w], wantSpread[pixel] = x[pixel], y[w]
				}
			}
		}
		Places(p, place, x)
		same(t, "Places", place, wantPlace)
		Pick(p, pick, x, place)
		same(t, "Pick", pick, wantPick)
		Spread(p, spread, y, place)
		same(t, "Spread", spread, wantSpread)
	}
}
