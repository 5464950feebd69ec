// Softmax, CrossEntropy, Correct: a group of threads, a power of two, works on one row. Pick and Place: one thread an element.
#include "device.cuh"

struct RowArgs {
	ptr out, x, y;
	u32 rows, cols, group, log;
};

struct Row {
	u32 lane, row;
	bool there;
	double *joined; // the group's part of the block's shared memory
};

__device__ __forceinline__ Row row_of(const RowArgs &a, double *joined) {
	Row r;
	r.lane = threadIdx.x % a.group;
	r.row = blockIdx.x * (blockDim.x / a.group) + threadIdx.x / a.group;
	r.there = r.row < a.rows;
	r.joined = joined + (threadIdx.x - r.lane);
	return r;
}

template <class Op> __device__ __forceinline__ double joined(const Row &r, u32 group, double value) {
	r.joined[r.lane] = value;
	tree<Op>(r.joined, r.lane, group, 1);
	double all = r.joined[0];
	__syncthreads();
	return all;
}

template <class T> __device__ __forceinline__ Wide<T> row_max(const RowArgs &a, const Row &r, const T *x) {
	double m = Max::start();
	if (r.there)
		for (u32 c = r.lane; c < a.cols; c += a.group) m = Max::join(m, double(x[c]));
	return Wide<T>(joined<Max>(r, a.group, m));
}

// exp_sum is Σ_c exp(x[c] − m).
template <class T> __device__ __forceinline__ double exp_sum(const RowArgs &a, const Row &r, const T *x, Wide<T> m) {
	double s = 0;
	if (r.there)
		for (u32 c = r.lane; c < a.cols; c += a.group) s += double(exp(x[c] - m));
	return joined<Sum>(r, a.group, s);
}

template <class T> __device__ __forceinline__ void softmax(const RowArgs &a) {
	__shared__ double shared[256];
	const Row r = row_of(a, shared);
	const T *x = at<T>(a.x) + size_t(r.row) * a.cols;
	T *out = at<T>(a.out) + size_t(r.row) * a.cols;
	const Wide<T> m = row_max(a, r, x);
	const double s = exp_sum(a, r, x, m);
	if (!r.there) return;
	const Wide<T> lifted = Wide<T>(log(s)), scale = Wide<T>(1 / s);
	for (u32 c = r.lane; c < a.cols; c += a.group) out[c] = T(a.log ? x[c] - m - lifted : exp(x[c] - m) * scale);
}

STORED(softmax, RowArgs)

template <class T> __device__ __forceinline__ void crossentropy(const RowArgs &a) {
	__shared__ double shared[256];
	const Row r = row_of(a, shared);
	const T *x = at<T>(a.x) + size_t(r.row) * a.cols;
	const Wide<T> m = row_max(a, r, x);
	const double s = exp_sum(a, r, x, m);
	if (!r.there || r.lane != 0) return;
	u32 y;
	const bool ok = position(at<int>(a.y)[r.row], a.cols, y);
	at<Wide<T>>(a.out)[r.row] = ok ? Wide<T>(log(s) + (double(m) - double(x[y]))) : not_a_number<Wide<T>>();
}

STORED(crossentropy, RowArgs)

// A row is right where nothing before its class reaches the class's value, nothing behind exceeds it, and nothing is NaN.
template <class T> __device__ __forceinline__ void correct(const RowArgs &a) {
	__shared__ double shared[256];
	const Row r = row_of(a, shared);
	const T *x = at<T>(a.x) + size_t(r.row) * a.cols;
	double wrong = 0;
	if (r.there) {
		u32 y;
		if (!position(at<int>(a.y)[r.row], a.cols, y)) wrong = 1;
		for (u32 c = r.lane; c < a.cols && wrong == 0; c += a.group)
			if (!(c < y ? x[c] < x[y] : x[c] <= x[y])) wrong = 1;
	}
	wrong = joined<Sum>(r, a.group, wrong);
	if (r.there && r.lane == 0) at<Wide<T>>(a.out)[r.row] = Wide<T>(wrong == 0);
}

STORED(correct, RowArgs)

template <class T> __device__ __forceinline__ void pick(const RowArgs &a) {
	const u32 r = thread();
	if (r >= a.rows) return;
	u32 c;
	const bool ok = position(at<int>(a.y)[r], a.cols, c);
	at<Wide<T>>(a.out)[r] = ok ? Wide<T>(at<T>(a.x)[size_t(r) * a.cols + c]) : not_a_number<Wide<T>>();
}

STORED(pick, RowArgs)

template <class T> __device__ __forceinline__ void place(const RowArgs &a) {
	const u32 i = thread();
	if (i >= a.rows * a.cols) return;
	const u32 r = i / a.cols;
	u32 c;
	const bool ok = position(at<int>(a.y)[r], a.cols, c);
	at<T>(a.out)[i] = ok && c == i % a.cols ? T(at<Wide<T>>(a.x)[r]) : T(0);
}

STORED(place, RowArgs)
