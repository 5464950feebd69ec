// Numbers of 16 bits: the upper half of a float's. As devices do it, they are rounded to nearest, ties to even, and NaN is 7FFF.
#pragma once
#include <stdint.h>
#include <string.h>

struct Bfloat16 {
	uint16_t bits;
	Bfloat16() = default;
	explicit Bfloat16(float x) {
		uint32_t b;
		memcpy(&b, &x, 4);
		bits = x != x ? 0x7fff : uint16_t((b + 0x7fff + (b >> 16 & 1)) >> 16);
	}
	operator float() const {
		const uint32_t b = uint32_t(bits) << 16;
		float x;
		memcpy(&x, &b, 4);
		return x;
	}
};

inline double rounded(double x, int) { return x; }

// rounded is x without the last bits of its mantissa, to nearest; NaN and infinities stay.
inline float rounded(float x, int bits) {
	unsigned u;
	memcpy(&u, &x, sizeof u);
	if (bits && (u >> 23 & 255) != 255) u = (u + (1u << (bits - 1)) - 1 + (u >> bits & 1)) & ~0u << bits;
	memcpy(&x, &u, sizeof u);
	return x;
}
