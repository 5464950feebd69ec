// Attention and its gradient, a block of queries or keys at a time (Dao et al. 2022): scores are never in memory. 256 threads work on SIDE
// queries and SIDE keys, which meet in a square of which thread (y, x) of 16×16 holds rows y·R … and columns x, x+16, …; and on COLUMNS columns of
// a result, of which it holds the same rows and columns x, x+16, …. Results with more columns take several blocks, which all compute the scores.
#include "device.cuh"

#define TWO(name) \
	TWICE(name##_f32, AttentionArgs) { name<float>(a); } \
	TWICE(name##_f64, AttentionArgs) { name<double>(a); }

// AttentionArgs: narrow has a bit for each operand that is stored as bfloat16, in the order q, k, v, o, g, dq, dk, dv.
struct AttentionArgs {
	ptr q, k, v, o, l, g, dots, dq, dk, dv;
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

// attention keeps the largest score so far of each row and what was summed relative to it.
template <class T> __device__ __forceinline__ void attention(const AttentionArgs &a) {
	const u32 R = Tile<T>::R, SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.queries, SIDE);
	const Rows<T> q = part<T>(a, p, a.q, 0, a.queries, a.width, 0), k = part<T>(a, p, a.k, 1, a.keys, a.width, 1),
				  v = part<T>(a, p, a.v, 2, a.keys, a.values, 2);
	const u32 i = p.tile * SIDE, end = a.causal && i + SIDE < a.keys ? i + SIDE : a.keys;
	const T least = -T(__int_as_float(0x7f800000));
	T o[Tile<T>::R][Tile<T>::C], sum[Tile<T>::R];
	clear<T>(o);
	for (u32 r = 0; r < R; r++) sum[r] = 0;
	if (threadIdx.x < SIDE) t.most[threadIdx.x] = least;
	for (u32 j = 0; j < end; j += SIDE) {
		T s[Tile<T>::R][Tile<T>::R];
		clear<T>(s);
		meet(t, p, s, q, i, k, j);
		__syncthreads(); // p was read
#pragma unroll
		for (u32 r = 0; r < R; r++) {
			T most = least;
#pragma unroll
			for (u32 c = 0; c < R; c++) {
				s[r][c] = sees(a, i + p.y * R + r, j + p.x + 16 * c) ? T(a.scale) * s[r][c] : least;
				most = largest(most, s[r][c]);
			}
			t.p[p.y * R + r][p.x] = most;
		}
		__syncthreads();
		if (threadIdx.x < SIDE) {
			T most = t.most[threadIdx.x];
			for (u32 x = 0; x < 16; x++) most = largest(most, t.p[threadIdx.x][x]);
			t.factor[threadIdx.x] = most == t.most[threadIdx.x] ? T(1) : exp(t.most[threadIdx.x] - most);
			t.most[threadIdx.x] = most;
		}
		__syncthreads();
#pragma unroll
		for (u32 r = 0; r < R; r++) {
			const T most = t.most[p.y * R + r], shift = most == least ? T(0) : most, factor = t.factor[p.y * R + r];
			sum[r] *= factor;
#pragma unroll
			for (u32 c = 0; c < Tile<T>::C; c++) o[r][c] *= factor;
#pragma unroll
			for (u32 c = 0; c < R; c++) {
				const T e = exp(s[r][c] - shift);
				sum[r] += e;
				t.p[p.y * R + r][p.x + 16 * c] = e;
			}
		}
		gather<false>(t, p, o, v, j, end);
	}
	__syncthreads();
	for (u32 r = 0; r < R; r++) t.p[p.y * R + r][p.x] = sum[r];
	__syncthreads();
	if (threadIdx.x < SIDE) {
		T all = 0;
		for (u32 x = 0; x < 16; x++) all += t.p[threadIdx.x][x];
		t.factor[threadIdx.x] = 1 / all;
		if (p.chunk == 0 && i + threadIdx.x < a.queries) at<T>(a.l)[size_t(p.head) * a.queries + i + threadIdx.x] = t.most[threadIdx.x] + log(all);
	}
	__syncthreads();
	for (u32 r = 0; r < R; r++)
		for (u32 c = 0; c < Tile<T>::C; c++) o[r][c] *= t.factor[p.y * R + r];
	store(p, result<T>(a, p, a.o, 3), i, o);
}

TWO(attention)

// attention_dots is g·o of every row, by 16 threads.
template <class T> __device__ __forceinline__ void attention_dots(const AttentionArgs &a) {
	__shared__ double shared[256];
	const u32 lane = threadIdx.x % 16, row = blockIdx.x * 16 + threadIdx.x / 16;
	const bool there = row < a.batch * a.heads * a.queries;
	Place p;
	p.head = row / a.queries;
	p.b = p.head / a.heads;
	p.h = p.head % a.heads;
	const Rows<T> o = result<T>(a, p, a.o, 3), g = result<T>(a, p, a.g, 4);
	double sum = 0;
	for (u32 c = lane; c < a.values && there; c += 16) sum += double(o.get(row % a.queries, c)) * double(g.get(row % a.queries, c));
	shared[threadIdx.x] = sum;
	tree<Sum>(shared + (threadIdx.x - lane), lane, 16, 1);
	if (there && lane == 0) at<T>(a.dots)[row] = T(shared[threadIdx.x]);
}

BOTH(attention_dots, AttentionArgs)

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

// slopes puts into t.p the gradients of scores, without their scale, of weights and of products of g and v.
template <class T>
__device__ __forceinline__ void slopes(const AttentionArgs &a, Tile<T> &t, const Place &p, T (&s)[Tile<T>::R][Tile<T>::R], T (&d)[Tile<T>::R][Tile<T>::R], u32 i) {
	const u32 R = Tile<T>::R;
#pragma unroll
	for (u32 r = 0; r < R; r++) {
		const u32 row = i + p.y * R + r;
		const T dot = row < a.queries ? at<T>(a.dots)[size_t(p.head) * a.queries + row] : T(0);
#pragma unroll
		for (u32 c = 0; c < R; c++) t.p[p.y * R + r][p.x + 16 * c] = s[r][c] * (d[r][c] - dot);
	}
}

// attention_queries is the gradient in a block of queries.
template <class T> __device__ __forceinline__ void attention_queries(const AttentionArgs &a) {
	const u32 SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.queries, SIDE);
	const Rows<T> q = part<T>(a, p, a.q, 0, a.queries, a.width, 0), k = part<T>(a, p, a.k, 1, a.keys, a.width, 1),
				  v = part<T>(a, p, a.v, 2, a.keys, a.values, 2), g = result<T>(a, p, a.g, 4);
	const u32 i = p.tile * SIDE, end = a.causal && i + SIDE < a.keys ? i + SIDE : a.keys;
	T sum[Tile<T>::R][Tile<T>::C];
	clear<T>(sum);
	for (u32 j = 0; j < end; j += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], d[Tile<T>::R][Tile<T>::R];
		clear<T>(s);
		clear<T>(d);
		meet(t, p, s, q, i, k, j);
		weights(a, p, s, i, j);
		meet(t, p, d, g, i, v, j);
		slopes(a, t, p, s, d, i);
		gather<false>(t, p, sum, k, j, end);
	}
	for (u32 r = 0; r < Tile<T>::R; r++)
		for (u32 c = 0; c < Tile<T>::C; c++) sum[r][c] *= T(a.scale);
	store(p, part<T>(a, p, a.dq, 0, a.queries, a.width, 5), i, sum);
}

TWO(attention_queries)

// attention_keys is the gradients in a block of keys and values.
template <class T> __device__ __forceinline__ void attention_keys(const AttentionArgs &a) {
	const u32 SIDE = Tile<T>::SIDE, R = Tile<T>::R;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.keys, SIDE);
	const Rows<T> q = part<T>(a, p, a.q, 0, a.queries, a.width, 0), k = part<T>(a, p, a.k, 1, a.keys, a.width, 1),
				  v = part<T>(a, p, a.v, 2, a.keys, a.values, 2), g = result<T>(a, p, a.g, 4);
	const u32 j = p.tile * SIDE;
	T dk[Tile<T>::R][Tile<T>::C], dv[Tile<T>::R][Tile<T>::C];
	clear<T>(dk);
	clear<T>(dv);
	for (u32 i = a.causal ? j : 0; i < a.queries; i += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], d[Tile<T>::R][Tile<T>::R];
		clear<T>(s);
		clear<T>(d);
		meet(t, p, s, q, i, k, j);
		weights(a, p, s, i, j);
		__syncthreads(); // p was read
#pragma unroll
		for (u32 r = 0; r < R; r++)
#pragma unroll
			for (u32 c = 0; c < R; c++) t.p[p.y * R + r][p.x + 16 * c] = s[r][c];
		gather<true>(t, p, dv, g, i, a.queries);
		meet(t, p, d, g, i, v, j);
		slopes(a, t, p, s, d, i);
		gather<true>(t, p, dk, q, i, a.queries);
	}
	for (u32 r = 0; r < R; r++)
		for (u32 c = 0; c < Tile<T>::C; c++) dk[r][c] *= T(a.scale);
	store(p, part<T>(a, p, a.dk, 1, a.keys, a.width, 6), j, dk);
	store(p, part<T>(a, p, a.dv, 2, a.keys, a.values, 7), j, dv);
}

TWO(attention_keys)
