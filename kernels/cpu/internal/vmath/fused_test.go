package vmath

import (
	"math"
	"math/rand/v2"
	"testing"

	"drift/kernels"
)

// A loop of two steps gives the bits of two loops, NaN aside, whose payload is not defined.
func TestFusedHasTheBitsOfItsSteps(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for first := range kernels.FnGreater + 1 {
			for second := range kernels.FnGreater + 1 {
				for _, isX := range []bool{true, false} {
					if f, ok := Fused(first, second, isX); ok {
						testFused[float32](t, f, first, second, isX)
						testFused[float64](t, f, first, second, isX)
					}
				}
			}
		}
	})
}

func testFused[T kernels.Float](t *testing.T, f, first, second kernels.Fn, isX bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(8, 9))
	x, y := arguments[T](r, 1003), arguments[T](r, 1003)
	r.Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
	got, want := make([]T, len(x)), make([]T, len(x))
	const imm = 0.3
	For[T](f)(got, x, y, imm)
	For[T](first)(want, x, y, imm)
	switch {
	case second.Arity() == 1:
		For[T](second)(want, want, nil, 0)
	case isX:
		For[T](second)(want, want, y, 0)
	default:
		For[T](second)(want, y, want, 0)
	}
	for i := range want {
		same := math.Float64bits(float64(got[i])) == math.Float64bits(float64(want[i]))
		if !same && !(got[i] != got[i] && want[i] != want[i]) {
			t.Fatalf("%v then %v of %v and %v: %v at once, %v in two steps", first, second, x[i], y[i], got[i], want[i])
		}
	}
}
