package binary16

import (
	"math"
	"testing"
)

// Every kind of number: zeros, normal and subnormal ones, the largest, infinities and NaN.
func TestFloat64(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: math.Ldexp(1, -14), 0x0001: math.Ldexp(1, -24),
		0x83ff: -math.Ldexp(1023, -24), 0x3555: 0.333251953125, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := Float64(bits); got != want {
			t.Errorf("%#04x is %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(Float64(0x7e00)) {
		t.Error("0x7e00 is no NaN")
	}
}
