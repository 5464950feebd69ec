// Permute, Slice, Pad: elements change places. Those of 16 bits are numbers of bfloat16.
#include "device.cuh"

#define SIZES(name, Args) \
	BOTH(name, Args) \
	KERNEL(name##_b16, Args) { name<u16>(a); }

// PermuteArgs: element i of the result, whose shape is shape[:rank], comes from Σ_k index_k(i)·stride[k].
struct PermuteArgs {
	ptr out, x;
	u32 n, rank, shape[6], stride[6];
};

template <class T> __device__ __forceinline__ void permute(const PermuteArgs &a) {
	const u32 i = thread();
	if (i >= a.n) return;
	u32 rest = i, from = 0;
	for (int k = 5; k >= 0; k--) {
		if (k >= int(a.rank)) continue;
		const u32 q = rest / a.shape[k];
		from += (rest - q * a.shape[k]) * a.stride[k];
		rest = q;
	}
	at<T>(a.out)[i] = at<T>(a.x)[from];
}

SIZES(permute, PermuteArgs)

// TransposeArgs: out [batch, n, m] from x [batch, m, n]. A block of 32×8 threads moves tiles of 32×32 through shared memory,
// so that both sides are read and written along rows.
struct TransposeArgs {
	ptr out, x;
	u32 batch, m, n, unused;
};

template <class T> __device__ __forceinline__ void transpose(const TransposeArgs &a) {
	__shared__ T tile[32][33];
	const u32 wide = (a.n + 31) / 32, high = (a.m + 31) / 32;
	const u32 b = blockIdx.x / (wide * high), row = blockIdx.x / wide % high * 32, col = blockIdx.x % wide * 32;
	const u32 x = threadIdx.x % 32, y = threadIdx.x / 32;
	const size_t base = size_t(b) * a.m * a.n;
	for (u32 k = y; k < 32; k += 8)
		if (row + k < a.m && col + x < a.n) tile[k][x] = at<T>(a.x)[base + size_t(row + k) * a.n + col + x];
	__syncthreads();
	for (u32 k = y; k < 32; k += 8)
		if (col + k < a.n && row + x < a.m) at<T>(a.out)[base + size_t(col + k) * a.m + row + x] = tile[x][k];
}

SIZES(transpose, TransposeArgs)

// SliceArgs: the part [from, from+part) of the middle axis of [a, b, c].
struct SliceArgs {
	ptr out, x;
	u32 a, b, c, from, part, unused;
};

template <class T> __device__ __forceinline__ void slice(const SliceArgs &a) {
	const u32 i = thread();
	if (i >= a.a * a.part * a.c) return;
	const u32 run = a.part * a.c, q = i / run;
	at<T>(a.out)[i] = at<T>(a.x)[q * a.b * a.c + a.from * a.c + (i - q * run)];
}

SIZES(slice, SliceArgs)

template <class T> __device__ __forceinline__ void pad(const SliceArgs &a) {
	const u32 i = thread();
	if (i >= a.a * a.b * a.c) return;
	const u32 run = a.b * a.c, q = i / run, r = i - q * run, first = a.from * a.c;
	const bool inside = r >= first && r < first + a.part * a.c;
	at<T>(a.out)[i] = inside ? at<T>(a.x)[q * a.part * a.c + (r - first)] : T(0);
}

SIZES(pad, SliceArgs)
