package gemm

import (
	"testing"
	"unsafe"
)

// Lines are asked for along tiles; those of an operand's end may be followed by some of what lies behind it, no more than a tile asks for.
func TestEveryItemIsAskedForWholeBeforeItsTurn(t *testing.T) {
	for _, k := range []int{40, 9} { // with and without lines to spare along a tile
		testAsking(t, 30, 70, k)
	}
}

func testAsking(t *testing.T, m, n, k int) {
	t.Helper()
	const batch = 5
	a, b, c := make([]float32, batch*m*k), make([]float32, batch*k*n), make([]float32, batch*m*n)
	asked := map[uintptr]bool{}
	own := *active[float32]()
	if own.ask == nil {
		t.Skip("the processor asks by itself")
	}
	record := func(src *float32, bytes uintptr) { asked[(uintptr(unsafe.Pointer(src))+bytes)/lineBytes] = true }
	own.ask = func(src *float32, rows, lines, ld int) {
		for i := range rows * lines {
			record(src, uintptr(i/lines*ld)*unsafe.Sizeof(*src)+uintptr(i%lines*lineBytes))
		}
	}
	own.tile = func(k int, from *float32, _ int, _ *float32, _ int, _ *float32, _, _, _ int, _, _ float32, ahead *float32, step int) {
		for i := range k {
			if ahead != from {
				record(ahead, uintptr(i*step))
			}
		}
	}
	own.rows = own.tile
	if own.sweep != nil {
		own.sweep = func(k int, from *float32, _ int, _ *float32, _, _ int, _ *float32, _, _, tiles int, _, _ float32, ahead *float32, step, skip int) {
			for i := range k * tiles {
				if ahead != from {
					record(ahead, uintptr(i/k*skip)*unsafe.Sizeof(*ahead)+uintptr(i%k*step))
				}
			}
		}
		own.sweepRows = own.sweep
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
		share := j.share
		j.release()
		want, regions := map[uintptr]bool{}, 0
		expect := func(x []float32) {
			regions++
			for i := 0; i < len(x); i += inLine[float32]() {
				want[uintptr(unsafe.Pointer(&x[i]))/lineBytes] = true
			}
		}
		for _, item := range []int{1, 3} {
			expect(a[item*m*k:][:m*k])
			expect(c[item*m*n:][:m*n])
			if !shared {
				expect(b[item*k*n:][:k*n])
			}
		}
		more := len(asked)
		for line := range want {
			if asked[line] {
				more--
			} else {
				t.Errorf("k = %d, B shared %v: line %#x is not asked for", k, shared, line)
			}
		}
		if more > regions*(share+1) {
			t.Errorf("k = %d, B shared %v: %d lines asked for beyond %d", k, shared, more, len(want))
		}
	}
}

func TestItemsLargerThanTheCacheAreNotAskedFor(t *testing.T) {
	const batch, n = 2, 256
	x := make([]float64, batch*n*n)
	own := *active[float64]()
	own.ask = func(*float64, int, int, int) { t.Error("asked for") }
	j := take[float64]()
	defer j.release()
	square := Matrix[float64]{Data: x, LD: n, Stride: n * n}
	j.product = product[float64]{kernel: &own, m: n, n: n, k: n, alpha: 1, a: square, b: square, c: make([]float64, batch*n*n), ldc: n, strideC: n * n}
	j.plan, j.batch = j.cut(1), batch
	j.items(0, batch, batch)
}
