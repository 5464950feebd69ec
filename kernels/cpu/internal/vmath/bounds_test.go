package vmath

import (
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
	const most = 150
	dst, x, y := guard.Slice[T](t, most), guard.Slice[T](t, most), guard.Slice[T](t, most)
	for n := range most + 1 {
		d, a, b := dst[most-n:], x[most-n:], y[most-n:]
		for f := kernels.FnConst; f <= kernels.FnGreater; f++ {
			For[T](f)(d, a, b, 1)
		}
		x[0] = Sum(a) + Max(a) + ExpSum(d, a, 1)
	}
}
