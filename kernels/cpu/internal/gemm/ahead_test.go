package gemm

import (
	"testing"
	"unsafe"
)

func TestEveryItemIsAskedForWholeBeforeItsTurn(t *testing.T) {
	const batch, m, n, k = 5, 30, 70, 40
	a, b, c := make([]float32, batch*m*k), make([]float32, batch*k*n), make([]float32, batch*m*n)
	asked := map[uintptr]int{}
	own := *active[float32]()
	own.ask = func(src *float32, lines int) {
		for i := range lines {
			asked[uintptr(unsafe.Pointer(src))+uintptr(i*lineBytes)]++
		}
	}
	for _, shared := range []bool{false, true} {
		clear(asked)
		j := take[float32]()
		right := Matrix[float32]{Data: b, LD: k, Trans: true, Stride: k * n}
		if shared {
			right.Stride = 0
		}
		j.product = product[float32]{kernel: &own, m: m, n: n, k: k, alpha: 1, c: c, ldc: n, strideC: m * n,
			a: Matrix[float32]{Data: a, LD: k, Stride: m * k}, b: right}
		j.plan, j.batch = j.cut(1), batch
		j.items(0, 2, 3) // items 1 and 3 follow
		j.release()
		want := 0
		for _, item := range []int{1, 3} {
			want += lines(t, asked, a[item*m*k:][:m*k]) + lines(t, asked, c[item*m*n:][:m*n])
			if !shared {
				want += lines(t, asked, b[item*k*n:][:k*n])
			}
		}
		if len(asked) != want {
			t.Errorf("B shared %v: %d lines asked for, want %d", shared, len(asked), want)
		}
	}
}

// lines counts the lines of x, all of which must have been asked for once.
func lines(t *testing.T, asked map[uintptr]int, x []float32) (n int) {
	for i := 0; i < len(x); i += lineBytes / 4 {
		if got := asked[uintptr(unsafe.Pointer(&x[i]))]; got != 1 {
			t.Errorf("line %d asked for %d times", n, got)
		}
		n++
	}
	return n
}

func TestItemsLargerThanTheCacheAreNotAskedFor(t *testing.T) {
	const batch, n = 2, 256
	x := make([]float64, batch*n*n)
	own := *active[float64]()
	own.ask = func(*float64, int) { t.Error("asked for") }
	j := take[float64]()
	defer j.release()
	square := Matrix[float64]{Data: x, LD: n, Stride: n * n}
	j.product = product[float64]{kernel: &own, m: n, n: n, k: n, alpha: 1, a: square, b: square, c: make([]float64, batch*n*n), ldc: n, strideC: n * n}
	j.plan, j.batch = j.cut(1), batch
	j.items(0, batch, batch)
}
