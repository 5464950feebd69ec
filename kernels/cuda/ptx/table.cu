// Gather and Scatter: one thread an element of the result, or a vector of them.
#include "device.cuh"

struct TableArgs {
	ptr out, x, index;
	u32 rows, width, table, vectors; // gather: whether width counts vectors of 16 bytes and not elements
};

template <class T> __device__ __forceinline__ void gather(const TableArgs &a) {
	const u32 i = thread();
	if (i >= a.rows * a.width) return;
	const u32 r = i / a.width;
	u32 t;
	const bool ok = position(at<T>(a.index)[r], a.table, t);
	const size_t from = size_t(t) * a.width + (i - r * a.width);
	if (a.vectors) {
		const float nan = __int_as_float(0x7fffffff); // two of them are a NaN of float64
		at<float4>(a.out)[i] = ok ? at<float4>(a.x)[from] : float4{nan, nan, nan, nan};
	} else {
		at<T>(a.out)[i] = ok ? at<T>(a.x)[from] : not_a_number<T>();
	}
}

BOTH(gather, TableArgs)

// Every element looks through all indices, so that rows are added in ascending order without atomics.
template <class T> __device__ __forceinline__ void scatter(const TableArgs &a) {
	const u32 i = thread();
	if (i >= a.table * a.width) return;
	const u32 t = i / a.width;
	const T *x = at<T>(a.x) + i % a.width;
	double sum = 0;
	for (u32 r = 0; r < a.rows; r++) {
		u32 to;
		if (position(at<T>(a.index)[r], a.table, to) && to == t) sum += double(x[size_t(r) * a.width]);
	}
	at<T>(a.out)[i] = T(sum);
}

BOTH(scatter, TableArgs)
