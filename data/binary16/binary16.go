// Package binary16 reads and writes floating point numbers of 16 bits, which files hold: those of IEEE 754 and, in short, bfloat16.
package binary16

import "math"

// Float64 is the value of a number by its bits: that of a float32 with the same bits, whose exponent counts from 112 less.
func Float64(bits uint16) float64 {
	sign, magnitude := uint32(bits>>15)<<31, uint32(bits&0x7fff)<<13
	if bits&0x7c00 == 0x7c00 { // an infinity or NaN
		return float64(math.Float32frombits(sign | magnitude | 0x7f800000))
	}
	return float64(math.Float32frombits(sign|magnitude)) * 0x1p112
}

// Bits are those of the nearest number, of two the even one; an infinity beyond the largest.
func Bits(v float64) uint16 { return nearest(v, 10, -14) }

// BrainFloat64 is the value of a bfloat16 by its bits: the upper half of a float32.
func BrainFloat64(bits uint16) float64 {
	return float64(math.Float32frombits(uint32(bits) << 16))
}

// BrainBits is Bits for bfloat16.
func BrainBits(v float64) uint16 { return nearest(v, 7, -126) }

// nearest rounds to a format by the bits of its fraction and the exponent of its smallest normal number.
func nearest(v float64, fraction, least int) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign = 1 << 15
	}
	infinity := uint16(1<<(15-fraction)-1) << fraction
	if v != v {
		return sign | infinity | 1<<(fraction-1)
	}
	if math.IsInf(v, 0) {
		return sign | infinity
	}
	if v == 0 {
		return sign
	}
	_, e := math.Frexp(v)
	e = max(e-1, least)
	steps := int(math.RoundToEven(math.Ldexp(math.Abs(v), fraction-e))) // carries into the exponent where it rounds up to 2
	return sign | uint16(min((e-least)<<fraction+steps, int(infinity)))
}
