// A window that slides over images, as in kernels.Window.
#pragma once
#include "device.cuh"

struct WindowArgs {
	ptr out, x, index;
	u32 n, c, h, w, kh, kw, sh, sw, ph, pw, oh, ow;
};

// Cover is the range of output rows (or columns) whose windows cover pixel i: out·stride − pad ≤ i < out·stride − pad + k.
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

__device__ __forceinline__ Pixel pixel(u32 i, u32 h, u32 w) {
	const u32 q = i / w;
	return {q / h, q % h, i - q * w};
}
