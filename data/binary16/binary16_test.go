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

// Every number has its own bits, and what lies between two of them those of the nearer one, or of the even one in the middle.
func TestBitsAreOfTheNearestNumber(t *testing.T) {
	for name, f := range map[string]struct {
		value func(uint16) float64
		bits  func(float64) uint16
	}{"IEEE 754": {Float64, Bits}, "bfloat16": {BrainFloat64, BrainBits}} {
		for b := range 1 << 16 {
			at := uint16(b)
			x := f.value(at)
			if math.IsNaN(x) {
				if !math.IsNaN(f.value(f.bits(x))) {
					t.Fatalf("%s: %#04x, a NaN, becomes %#04x", name, at, f.bits(x))
				}
				continue
			}
			if got := f.bits(x); got != at {
				t.Fatalf("%s: %v has bits %#04x, want %#04x", name, x, got, at)
			}
			next := f.value(at + 1)
			if at&0x7fff == 0x7fff || math.IsInf(x, 0) || math.IsInf(next, 0) || math.IsNaN(next) {
				continue
			}
			middle := (x + next) / 2
			even := at + at%2
			for v, want := range map[float64]uint16{middle: even, math.Nextafter(middle, x): at, math.Nextafter(middle, next): at + 1} {
				if got := f.bits(v); got != want {
					t.Fatalf("%s: %v between %v and %v has bits %#04x, want %#04x", name, v, x, next, got, want)
				}
			}
		}
	}
	for v, want := range map[float64]uint16{65519: 0x7bff, 65520: 0x7c00, -1e300: 0xfc00, 1e-300: 0, math.Inf(1): 0x7c00} {
		if got := Bits(v); got != want {
			t.Errorf("%v has bits %#04x, want %#04x", v, got, want)
		}
	}
}
