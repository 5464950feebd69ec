// Attention and its gradient.
#include "attention.cuh"

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
