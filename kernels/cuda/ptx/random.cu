// Uniform: one thread makes a block of four numbers of a row.
#include "device.cuh"

struct UniformArgs {
	ptr out, key, index;
	u32 rows, width, blocks, stream; // blocks of a row
};

__device__ __forceinline__ u32 high(u32 x, u32 y) { return u32((ptr(x) * y) >> 32); }

template <class T> __device__ __forceinline__ void uniform(const UniformArgs &a) {
	const u32 i = thread();
	if (i >= a.rows * a.blocks) return;
	const u32 r = i / a.blocks, b = i - r * a.blocks;
	u32 k0 = at<u32>(a.key)[0], k1 = at<u32>(a.key)[1];
	u32 w[4] = {b, at<u32>(a.index)[r], a.stream, 0};
	for (int round = 0; round < 10; round++) {
		const u32 x = w[0], y = w[2];
		w[0] = high(0xcd9e8d57u, y) ^ w[1] ^ k0;
		w[1] = 0xcd9e8d57u * y;
		w[2] = high(0xd2511f53u, x) ^ w[3] ^ k1;
		w[3] = 0xd2511f53u * x;
		k0 += 0x9e3779b9u;
		k1 += 0xbb67ae85u;
	}
	T *out = at<T>(a.out) + size_t(r) * a.width + b * 4;
	for (u32 c = 0; c < 4; c++)
		if (b * 4 + c < a.width) out[c] = (T(w[c] >> 9) + T(0.5)) * T(1.0 / 8388608);
}

BOTH(uniform, UniformArgs)
