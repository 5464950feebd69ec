// Gather and Scatter: one thread an element of the result.
#include "device.cuh"

struct TableArgs {
	ptr out, x, index;
	u32 rows, width, table, unused;
};

template <class T> __device__ __forceinline__ void gather(const TableArgs &a) {
	const u32 i = thread();
	if (i >= a.rows * a.width) return;
	u32 t;
	const bool ok = position(at<T>(a.index)[i / a.width], a.table, t);
	at<T>(a.out)[i] = ok ? at<T>(a.x)[size_t(t) * a.width + i % a.width] : not_a_number<T>();
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
