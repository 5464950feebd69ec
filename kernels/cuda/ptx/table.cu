// Gather, Scatter, Cast, Number and Known: one thread an element of the result, or a vector of them.
#include "device.cuh"

struct TableArgs {
	ptr out, x, index;
	u32 rows, width, table, vectors; // gather: whether width counts vectors of 16 bytes and not elements
};

// missing is what a row that is not there is filled with: a NaN, and −1 among indices.
template <class T> __device__ __forceinline__ T missing() { return not_a_number<T>(); }
template <> __device__ __forceinline__ int missing<int>() { return -1; }

template <class T> __device__ __forceinline__ void gather(const TableArgs &a) {
	const u32 i = thread();
	if (i >= a.rows * a.width) return;
	const u32 r = i / a.width;
	u32 t;
	const bool ok = position(at<int>(a.index)[r], a.table, t);
	const size_t from = size_t(t) * a.width + (i - r * a.width);
	if (a.vectors) {
		const float nan = __int_as_float(-1); // two of them are a NaN of float64, and as an int it is −1
		at<float4>(a.out)[i] = ok ? at<float4>(a.x)[from] : float4{nan, nan, nan, nan};
	} else {
		at<T>(a.out)[i] = ok ? at<T>(a.x)[from] : missing<T>();
	}
}

STORED(gather, TableArgs)
KERNEL(gather_i32, TableArgs) { gather<int>(a); }

// gathernarrow takes rows of a table of float32 and stores them as bfloat16: one element, or four of them.
KERNEL(gathernarrow_f32, TableArgs) {
	const u32 i = thread();
	if (i >= a.rows * a.width) return;
	const u32 r = i / a.width;
	u32 t;
	const bool ok = position(at<int>(a.index)[r], a.table, t);
	const size_t from = size_t(t) * a.width + (i - r * a.width);
	const float nan = not_a_number<float>();
	if (!a.vectors) {
		at<bf16>(a.out)[i] = bf16(ok ? at<float>(a.x)[from] : nan);
		return;
	}
	const float4 v = ok ? at<float4>(a.x)[from] : float4{nan, nan, nan, nan};
	at<Four>(a.out)[i] = {bf16(v.x), bf16(v.y), bf16(v.z), bf16(v.w)};
}

struct CastArgs {
	ptr out, x;
	u32 n, unused;
};

template <class T> __device__ __forceinline__ void cast(const CastArgs &a) {
	const u32 i = thread();
	if (i >= a.n) return;
	const T v = at<T>(a.x)[i];
	at<int>(a.out)[i] = v >= T(0) && v < T(2147483648.0) ? int(v) : -1;
}

BOTH(cast, CastArgs)

template <class T> __device__ __forceinline__ void number(const CastArgs &a) {
	const u32 i = thread();
	if (i < a.n) at<T>(a.out)[i] = T(at<int>(a.x)[i]);
}

BOTH(number, CastArgs)

KERNEL(known_i32, CastArgs) {
	const u32 i = thread();
	if (i >= a.n) return;
	const int v = at<int>(a.x)[i];
	at<int>(a.out)[i] = v > 0 ? v : 0;
}

// Every element looks through all indices, so that rows are added in ascending order without atomics.
template <class T> __device__ __forceinline__ void scatter(const TableArgs &a) {
	const u32 i = thread();
	if (i >= a.table * a.width) return;
	const u32 t = i / a.width;
	const T *x = at<T>(a.x) + i % a.width;
	double sum = 0;
	for (u32 r = 0; r < a.rows; r++) {
		u32 to;
		if (position(at<int>(a.index)[r], a.table, to) && to == t) sum += double(x[size_t(r) * a.width]);
	}
	at<Wide<T>>(a.out)[i] = Wide<T>(sum);
}

STORED(scatter, TableArgs)
