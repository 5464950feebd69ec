// What kernels of attention and its derivatives share. They take a block of queries or keys at a time (Dao et al. 2022): scores are never in memory.
// 256 threads work on SIDE queries and SIDE keys, which meet in a square of which thread (y, x) of 16×16 holds rows y·R … and columns x, x+16, …; and on COLUMNS columns of
// a result, of which it holds the same rows and columns x, x+16, …. Results with more columns take several blocks, which all compute the scores.
#pragma once
#include "device.cuh"

#define TWO(name) \
	TWICE(name##_f32, AttentionArgs) { name<float>(a); } \
	TWICE(name##_f64, AttentionArgs) { name<double>(a); }

// AttentionArgs: tq, tk and tv are changes of q, k and v, and to that of o, of which a row's means and changes of dots are. narrow has a bit for each
// operand that is stored as bfloat16, in the order q, k, v, o, g, dq, dk, dv, tq, tk, tv, to.
struct AttentionArgs {
	ptr q, k, v, o, l, g, dots, dq, dk, dv, tq, tk, tv, to, means, changes;
	double scale;
	u32 batch, heads, queries, keys, width, values, causal, packed, narrow, chunks;
};

template <class T> struct Tile {
	static const u32 R = sizeof(T) == 4 ? 4 : 2, SIDE = 16 * R, DEPTH = 16, C = 4, COLUMNS = 16 * C;
	T x[DEPTH][SIDE + 1], y[DEPTH][SIDE + 1], p[SIDE][SIDE + 1], z[DEPTH][COLUMNS];
	T most[SIDE], factor[SIDE];
};

// Rows are those of one head of an operand, of which none has more than 2³¹ elements.
template <class T> struct Rows {
	u8 *data; // of the first
	u32 stride, count, width;
	bool narrow;

	__device__ __forceinline__ T get(u32 row, u32 column) const {
		if (row >= count || column >= width) return T(0);
		const u32 i = row * stride + column;
		if (sizeof(T) == 4 && narrow) return T(float(reinterpret_cast<bf16 *>(data)[i]));
		return reinterpret_cast<T *>(data)[i];
	}

	__device__ __forceinline__ void put(u32 row, u32 column, T value) const {
		if (row >= count || column >= width) return;
		const u32 i = row * stride + column;
		if (sizeof(T) == 4 && narrow) reinterpret_cast<bf16 *>(data)[i] = bf16(float(value));
		else reinterpret_cast<T *>(data)[i] = value;
	}
};

// Place is what a block works on.
struct Place {
	u32 tile, chunk, head, b, h, x, y;
};

__device__ __forceinline__ Place place_of(const AttentionArgs &a, u32 rows, u32 side) {
	Place p;
	const u32 tiles = (rows + side - 1) / side;
	p.chunk = blockIdx.x % a.chunks;
	p.tile = tiles - 1 - blockIdx.x / a.chunks % tiles; // that with most to do first, where queries see what is before them
	p.head = blockIdx.x / a.chunks / tiles;
	p.b = p.head / a.heads;
	p.h = p.head % a.heads;
	p.x = threadIdx.x % 16;
	p.y = threadIdx.x / 16;
	return p;
}

// rows are those that begin with an element of an operand.
template <class T> __device__ __forceinline__ Rows<T> rows(const AttentionArgs &a, ptr data, size_t first, u32 stride, u32 count, u32 width, u32 bit) {
	const bool narrow = (a.narrow >> bit & 1) != 0;
	return {at<u8>(data) + first * (narrow ? sizeof(bf16) : sizeof(T)), stride, count, width, narrow};
}

// part is q, k or v of a head, or a gradient of it; result is o or its gradient.
template <class T> __device__ __forceinline__ Rows<T> part(const AttentionArgs &a, const Place &p, ptr data, u32 which, u32 count, u32 width, u32 bit) {
	if (!a.packed) return rows<T>(a, data, size_t(p.head) * count * width, width, count, width, bit);
	const u32 stride = 3 * a.heads * width;
	return rows<T>(a, data, size_t(p.b) * count * stride + (which * a.heads + p.h) * width, stride, count, width, bit);
}

template <class T> __device__ __forceinline__ Rows<T> result(const AttentionArgs &a, const Place &p, ptr data, u32 bit) {
	if (!a.packed) return rows<T>(a, data, size_t(p.head) * a.queries * a.values, a.values, a.queries, a.values, bit);
	const u32 stride = a.heads * a.values;
	return rows<T>(a, data, size_t(p.b) * a.queries * stride + p.h * a.values, stride, a.queries, a.values, bit);
}

// meet adds the products of rows of u from i on with rows of w from j on.
template <class T>
__device__ __forceinline__ void meet(Tile<T> &t, const Place &p, T (&s)[Tile<T>::R][Tile<T>::R], const Rows<T> &u, u32 i, const Rows<T> &w, u32 j) {
	const u32 R = Tile<T>::R, SIDE = Tile<T>::SIDE, DEPTH = Tile<T>::DEPTH;
	for (u32 from = 0; from < u.width; from += DEPTH) {
		__syncthreads();
		for (u32 n = threadIdx.x; n < SIDE * DEPTH; n += 256) {
			const u32 row = n / DEPTH, column = n % DEPTH;
			t.x[column][row] = u.get(i + row, from + column);
			t.y[column][row] = w.get(j + row, from + column);
		}
		__syncthreads();
#pragma unroll 2
		for (u32 c = 0; c < DEPTH; c++) {
			T x[R], y[R];
#pragma unroll
			for (u32 r = 0; r < R; r++) x[r] = t.x[c][p.y * R + r], y[r] = t.y[c][p.x + 16 * r];
#pragma unroll
			for (u32 r = 0; r < R; r++)
#pragma unroll
				for (u32 q = 0; q < R; q++) s[r][q] += x[r] * y[q];
		}
	}
}

// gather adds to columns of a chunk the rows of u from j on, weighted by t.p or, with ACROSS, by its transpose.
template <bool ACROSS, class T>
__device__ __forceinline__ void gather(Tile<T> &t, const Place &p, T (&sum)[Tile<T>::R][Tile<T>::C], const Rows<T> &u, u32 j, u32 end) {
	const u32 R = Tile<T>::R, C = Tile<T>::C, COLUMNS = Tile<T>::COLUMNS, DEPTH = Tile<T>::DEPTH;
	for (u32 from = 0; from < Tile<T>::SIDE && j + from < end; from += DEPTH) {
		__syncthreads();
		for (u32 n = threadIdx.x; n < DEPTH * COLUMNS; n += 256)
			t.z[n / COLUMNS][n % COLUMNS] = u.get(j + from + n / COLUMNS, p.chunk * COLUMNS + n % COLUMNS);
		__syncthreads();
#pragma unroll 2
		for (u32 c = 0; c < DEPTH; c++) {
			T x[R], y[C];
#pragma unroll
			for (u32 r = 0; r < R; r++) x[r] = ACROSS ? t.p[from + c][p.y * R + r] : t.p[p.y * R + r][from + c];
#pragma unroll
			for (u32 q = 0; q < C; q++) y[q] = t.z[c][p.x + 16 * q];
#pragma unroll
			for (u32 r = 0; r < R; r++)
#pragma unroll
				for (u32 q = 0; q < C; q++) sum[r][q] += x[r] * y[q];
		}
	}
}

template <class T, u32 N> __device__ __forceinline__ void clear(T (&x)[Tile<T>::R][N]) {
#pragma unroll
	for (u32 r = 0; r < Tile<T>::R; r++)
#pragma unroll
		for (u32 q = 0; q < N; q++) x[r][q] = 0;
}

// store writes a chunk's columns.
template <class T> __device__ __forceinline__ void store(const Place &p, const Rows<T> &to, u32 i, T (&sum)[Tile<T>::R][Tile<T>::C]) {
#pragma unroll
	for (u32 r = 0; r < Tile<T>::R; r++)
#pragma unroll
		for (u32 q = 0; q < Tile<T>::C; q++) to.put(i + p.y * Tile<T>::R + r, p.chunk * Tile<T>::COLUMNS + p.x + 16 * q, sum[r][q]);
}

// sees reports whether query i takes part in what is asked for and sees key j.
__device__ __forceinline__ bool sees(const AttentionArgs &a, u32 i, u32 j) { return i < a.queries && j < a.keys && !(a.causal && j > i); }

// weights makes s, products of queries from i on and keys from j on, what these weigh.
template <class T>
__device__ __forceinline__ void weights(const AttentionArgs &a, const Place &p, T (&s)[Tile<T>::R][Tile<T>::R], u32 i, u32 j) {
	const u32 R = Tile<T>::R;
#pragma unroll
	for (u32 r = 0; r < R; r++) {
		const u32 row = i + p.y * R + r;
		const T l = row < a.queries ? at<T>(a.l)[size_t(p.head) * a.queries + row] : T(0);
#pragma unroll
		for (u32 c = 0; c < R; c++) s[r][c] = sees(a, row, j + p.x + 16 * c) ? exp(T(a.scale) * s[r][c] - l) : T(0);
	}
}
