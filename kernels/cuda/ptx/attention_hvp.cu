// The change of attention along tq, tk and tv, and that of its gradient: kernels.AttentionTangent and kernels.AttentionHVP.
#include "attention.cuh"

// Operands are those of one head.
template <class T> struct Operands {
	Rows<T> q, k, v, g, tq, tk, tv;
};

template <class T> __device__ __forceinline__ Operands<T> operands_of(const AttentionArgs &a, const Place &p) {
	return {part<T>(a, p, a.q, 0, a.queries, a.width, 0), part<T>(a, p, a.k, 1, a.keys, a.width, 1), part<T>(a, p, a.v, 2, a.keys, a.values, 2),
			result<T>(a, p, a.g, 4), part<T>(a, p, a.tq, 0, a.queries, a.width, 8), part<T>(a, p, a.tk, 1, a.keys, a.width, 9),
			part<T>(a, p, a.tv, 2, a.keys, a.values, 10)};
}

// at_row is an element of what has one for each query, 0 behind the last one.
template <class T> __device__ __forceinline__ T at_row(const AttentionArgs &a, const Place &p, ptr data, u32 row) {
	return row < a.queries ? at<T>(data)[size_t(p.head) * a.queries + row] : T(0);
}

// changing makes s the weights of queries from i on and keys from j on, and e the changes of their scores without their scale.
template <class T>
__device__ __forceinline__ void changing(const AttentionArgs &a, Tile<T> &t, const Place &p, const Operands<T> &x, T (&s)[Tile<T>::R][Tile<T>::R],
										 T (&e)[Tile<T>::R][Tile<T>::R], u32 i, u32 j) {
	clear<T>(s);
	clear<T>(e);
	meet(t, p, s, x.q, i, x.k, j);
	weights(a, p, s, i, j);
	meet(t, p, e, x.tq, i, x.k, j);
	meet(t, p, e, x.q, i, x.tk, j);
}

// put_changes puts into t.p the changes of the weights s.
template <class T>
__device__ __forceinline__ void put_changes(const AttentionArgs &a, Tile<T> &t, const Place &p, T (&s)[Tile<T>::R][Tile<T>::R],
											T (&e)[Tile<T>::R][Tile<T>::R], u32 i) {
	const u32 R = Tile<T>::R;
#pragma unroll
	for (u32 r = 0; r < R; r++) {
		const T mean = at_row<T>(a, p, a.means, i + p.y * R + r);
#pragma unroll
		for (u32 c = 0; c < R; c++) t.p[p.y * R + r][p.x + 16 * c] = s[r][c] * (T(a.scale) * e[r][c] - mean);
	}
}

template <class T> __device__ __forceinline__ void put(Tile<T> &t, const Place &p, T (&s)[Tile<T>::R][Tile<T>::R]) {
	const u32 R = Tile<T>::R;
#pragma unroll
	for (u32 r = 0; r < R; r++)
#pragma unroll
		for (u32 c = 0; c < R; c++) t.p[p.y * R + r][p.x + 16 * c] = s[r][c];
}

// attention_means is the weighted mean of the changes of each query's scores.
template <class T> __device__ __forceinline__ void attention_means(const AttentionArgs &a) {
	const u32 R = Tile<T>::R, SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.queries, SIDE);
	const Operands<T> x = operands_of<T>(a, p);
	const u32 i = p.tile * SIDE, end = a.causal && i + SIDE < a.keys ? i + SIDE : a.keys;
	T sum[Tile<T>::R];
	for (u32 r = 0; r < R; r++) sum[r] = 0;
	for (u32 j = 0; j < end; j += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], e[Tile<T>::R][Tile<T>::R];
		changing(a, t, p, x, s, e, i, j);
#pragma unroll
		for (u32 r = 0; r < R; r++)
#pragma unroll
			for (u32 c = 0; c < R; c++) sum[r] += s[r][c] * e[r][c];
	}
	__syncthreads();
	for (u32 r = 0; r < R; r++) t.p[p.y * R + r][p.x] = sum[r];
	__syncthreads();
	if (threadIdx.x < SIDE && i + threadIdx.x < a.queries) {
		T all = 0;
		for (u32 x = 0; x < 16; x++) all += t.p[threadIdx.x][x];
		at<T>(a.means)[size_t(p.head) * a.queries + i + threadIdx.x] = T(a.scale) * all;
	}
}

TWO(attention_means)

// attention_tangent is the change of a block of results.
template <class T> __device__ __forceinline__ void attention_tangent(const AttentionArgs &a) {
	const u32 SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.queries, SIDE);
	const Operands<T> x = operands_of<T>(a, p);
	const u32 i = p.tile * SIDE, end = a.causal && i + SIDE < a.keys ? i + SIDE : a.keys;
	T sum[Tile<T>::R][Tile<T>::C];
	clear<T>(sum);
	for (u32 j = 0; j < end; j += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], e[Tile<T>::R][Tile<T>::R];
		changing(a, t, p, x, s, e, i, j);
		put_changes(a, t, p, s, e, i);
		gather<false>(t, p, sum, x.v, j, end);
		__syncthreads(); // p was read
		put(t, p, s);
		gather<false>(t, p, sum, x.tv, j, end);
	}
	store(p, result<T>(a, p, a.to, 11), i, sum);
}

TWO(attention_tangent)

// curving makes of weights s, with their changes in t.p: d the gradients of scores, and s how these change, both without their scale.
template <class T>
__device__ __forceinline__ void curving(const AttentionArgs &a, Tile<T> &t, const Place &p, const Operands<T> &x, T (&s)[Tile<T>::R][Tile<T>::R],
										T (&d)[Tile<T>::R][Tile<T>::R], u32 i, u32 j) {
	const u32 R = Tile<T>::R;
	T f[Tile<T>::R][Tile<T>::R];
	clear<T>(d);
	clear<T>(f);
	meet(t, p, d, x.g, i, x.v, j);
	meet(t, p, f, x.g, i, x.tv, j);
#pragma unroll
	for (u32 r = 0; r < R; r++) {
		const u32 row = i + p.y * R + r;
		const T dot = at_row<T>(a, p, a.dots, row), change = at_row<T>(a, p, a.changes, row);
#pragma unroll
		for (u32 c = 0; c < R; c++) {
			const T weight = s[r][c], slope = d[r][c] - dot;
			s[r][c] = t.p[p.y * R + r][p.x + 16 * c] * slope + weight * (f[r][c] - change);
			d[r][c] = weight * slope;
		}
	}
}

// attention_hvp_queries is the change of the gradient in a block of queries.
template <class T> __device__ __forceinline__ void attention_hvp_queries(const AttentionArgs &a) {
	const u32 SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.queries, SIDE);
	const Operands<T> x = operands_of<T>(a, p);
	const u32 i = p.tile * SIDE, end = a.causal && i + SIDE < a.keys ? i + SIDE : a.keys;
	T sum[Tile<T>::R][Tile<T>::C];
	clear<T>(sum);
	for (u32 j = 0; j < end; j += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], d[Tile<T>::R][Tile<T>::R];
		changing(a, t, p, x, s, d, i, j);
		put_changes(a, t, p, s, d, i);
		curving(a, t, p, x, s, d, i, j);
		put(t, p, s);
		gather<false>(t, p, sum, x.k, j, end);
		__syncthreads(); // p was read
		put(t, p, d);
		gather<false>(t, p, sum, x.tk, j, end);
	}
	for (u32 r = 0; r < Tile<T>::R; r++)
		for (u32 c = 0; c < Tile<T>::C; c++) sum[r][c] *= T(a.scale);
	store(p, part<T>(a, p, a.dq, 0, a.queries, a.width, 5), i, sum);
}

TWO(attention_hvp_queries)

// attention_hvp_keys is the changes of the gradients in a block of keys and values.
template <class T> __device__ __forceinline__ void attention_hvp_keys(const AttentionArgs &a) {
	const u32 SIDE = Tile<T>::SIDE;
	__shared__ Tile<T> t;
	const Place p = place_of(a, a.keys, SIDE);
	const Operands<T> x = operands_of<T>(a, p);
	const u32 j = p.tile * SIDE;
	T dk[Tile<T>::R][Tile<T>::C], dv[Tile<T>::R][Tile<T>::C];
	clear<T>(dk);
	clear<T>(dv);
	for (u32 i = a.causal ? j : 0; i < a.queries; i += SIDE) {
		T s[Tile<T>::R][Tile<T>::R], d[Tile<T>::R][Tile<T>::R];
		changing(a, t, p, x, s, d, i, j);
		put_changes(a, t, p, s, d, i);
		gather<true>(t, p, dv, x.g, i, a.queries);
		curving(a, t, p, x, s, d, i, j);
		__syncthreads(); // p was read
		put(t, p, s);
		gather<true>(t, p, dk, x.q, i, a.queries);
		__syncthreads();
		put(t, p, d);
		gather<true>(t, p, dk, x.tq, i, a.queries);
	}
	for (u32 r = 0; r < Tile<T>::R; r++)
		for (u32 c = 0; c < Tile<T>::C; c++) dk[r][c] *= T(a.scale);
	store(p, part<T>(a, p, a.dk, 1, a.keys, a.width, 6), j, dk);
	store(p, part<T>(a, p, a.dv, 2, a.keys, a.values, 7), j, dv);
}

TWO(attention_hvp_keys)
