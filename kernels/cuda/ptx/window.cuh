// A window that slides over images, as in kernels.Window.
#pragma once
#include "device.cuh"

// Divisor divides numbers below 2³¹ by multiplication, in an eighth of the time: ⌊n/d⌋ = (⌊n·factor/2³²⌋ + n) >> shift
// (Granlund and Montgomery 1994).
struct Divisor {
	u32 factor, shift;
	__device__ __forceinline__ u32 of(u32 n) const { return (__umulhi(n, factor) + n) >> shift; }
};

struct WindowArgs {
	ptr out, x, index;
	u32 n, c, h, w, kh, kw, sh, sw, ph, pw, dh, dw, oh, ow;
	Divisor by_c, by_h, by_w, by_kw, by_oh, by_ow, by_spots, by_width; // spots = kh·kw, width = c·spots
};

// Cover is the range of output rows (or columns) whose windows, which reach over k pixels, cover pixel i:
// out·stride − pad ≤ i < out·stride − pad + k.
struct Cover {
	u32 from, to;
};

__device__ __forceinline__ Cover cover(u32 i, u32 k, u32 stride, u32 pad, u32 outs) {
	const u32 p = i + pad;
	Cover c;
	c.from = p + 1 > k ? (p + 1 - k + stride - 1) / stride : 0;
	c.to = p / stride + 1 < outs ? p / stride + 1 : outs;
	return c;
}

// Pixel is one element of [n·c, h, w].
struct Pixel {
	u32 plane, y, x;
};

__device__ __forceinline__ Pixel pixel(u32 i, u32 h, u32 w, Divisor by_h, Divisor by_w) {
	const u32 q = by_w.of(i), plane = by_h.of(q);
	return {plane, q - plane * h, i - q * w};
}
