// Copies: arrays of float32 are stored as bfloat16, a block for 1,024 elements of one of them.
#include "device.cuh"

enum { ARRAYS = 64 };

struct CopiesArgs {
	ptr out[ARRAYS], x[ARRAYS];
	u32 first[ARRAYS], n[ARRAYS]; // the block that an array begins with, and its length
	u32 arrays, unused;
};

KERNEL(copies_f32, CopiesArgs) {
	u32 k = 0;
	while (k + 1 < a.arrays && a.first[k + 1] <= blockIdx.x) k++;
	const float *x = at<float>(a.x[k]);
	bf16 *out = at<bf16>(a.out[k]);
	const u32 i = 4 * ((blockIdx.x - a.first[k]) * 256 + threadIdx.x), n = a.n[k];
	if (i + 4 <= n && a.x[k] % 16 == 0 && a.out[k] % 8 == 0) {
		const float4 v = at<float4>(a.x[k])[i / 4];
		at<Four>(a.out[k])[i / 4] = {bf16(v.x), bf16(v.y), bf16(v.z), bf16(v.w)};
		return;
	}
	for (u32 j = i; j < i + 4 && j < n; j++) out[j] = bf16(x[j]);
}
