// Package binary16 reads the 16-bit floating point numbers of IEEE 754, which files hold.
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
