package kernels

import "math/bits"

// Uniform is random numbers between 0 and 1, neither included: out[r,c] = (⌊w/2⁹⌋ + ½)/2²³, where w is word c mod 4 of the block that
// Philox makes of the counter (⌊c/4⌋, i[r], Stream, 0) and the key. A number is a function of these alone, and both types hold it
// exactly. Indices and key are taken as their 32 bits. Outputs [out] of [Rows,Width], inputs [key, i] of 2 and of Rows indices.
type Uniform struct {
	Rows, Width int
	Stream      uint32
}

// Philox is the counter-based generator Philox-4x32-10: a block of four random words for every counter, unrelated to those of other
// counters and keys (Salmon, Moraes, Dror and Shaw 2011).
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		rounds         = 10
		first, second  = 0xd2511f53, 0xcd9e8d57
		golden, root3m = 0x9e3779b9, 0xbb67ae85 // of the golden ratio and of √3 − 1, which the key grows by
	)
	for range rounds {
		h0, l0 := bits.Mul32(first, counter[0])
		h1, l1 := bits.Mul32(second, counter[2])
		counter = [4]uint32{h1 ^ counter[1] ^ key[0], l1, h0 ^ counter[3] ^ key[1], l0}
		key[0] += golden
		key[1] += root3m
	}
	return counter
}

// UniformOf is the number of Uniform that a random word gives.
func UniformOf(word uint32) float32 { return (float32(word>>9) + 0.5) * 0x1p-23 }
