// Map and Reduce: a fused chain of elementwise functions is a small program in the kernel's parameters, which every thread
// interprets over a few elements at once. All threads take the same branches, so a step costs a few instructions for
// those elements, and chains of up to about ten steps are bound by memory. One kernel serves every chain: nothing is
// compiled at run time.
#include "device.cuh"

// Functions in the order of kernels.Fn.
enum Fn : u8 {
	CONST, COPY, ADDCONST, SCALE, NEG, ABS, SIGN, SQUARE, SQRT, RSQRT, RECIP, EXP, LOG, TANH, SIGMOID, SOFTPLUS, RELU, STEP,
	NORMCDF, NORMPDF, ADD, SUB, MUL, DIV, MAX, MIN, GREATER
};

// Where an operand comes from: a slot of shared memory, or an input from 64 on, or the step before. As a target, NONE.
enum : u8 { INPUT = 64, BEFORE = 255, NONE = 255 };

// Step puts fn(x, y) into a slot and into an output, where these are not NONE.
struct Step {
	u32 head; // fn, x, y, slot, from the lowest byte on
	u32 out;
	union { float f; double d; } imm;
};

// Input is read at element (i/span)·c + i mod c of its run for index i: see kernels.Access; span = B·C.
// span = 0 says element i.
struct Input {
	ptr data;
	u32 span, c;
};

struct Program {
	u32 n, steps;
	Input in[64];
	Step code[128];
	ptr out[64];
};

// A thread works on V elements, which are PARTS vectors of W.
template <class T> struct Width;
template <> struct Width<float> { enum { V = 8, W = 4, PARTS = 2 }; typedef float4 Vector; };
template <> struct Width<double> { enum { V = 4, W = 2, PARTS = 2 }; typedef double2 Vector; };

__device__ __forceinline__ float imm(const Step &s, float) { return s.imm.f; }
__device__ __forceinline__ double imm(const Step &s, double) { return s.imm.d; }

__device__ __forceinline__ u32 element(const Input &in, u32 i) {
	if (in.span == 0) return i;
	return (i < in.span ? 0 : i / in.span * in.c) + (in.c == 1 ? 0 : i % in.c);
}

template <class T> __device__ __forceinline__ T unary(u8 fn, T x) {
	switch (fn) {
	case NEG: return -x;
	case ABS: return fabs(x);
	case SIGN: return x > T(0) ? T(1) : x < T(0) ? T(-1) : x;
	case SQUARE: return x * x;
	case SQRT: return sqrt(x);
	case RSQRT: return T(1) / sqrt(x);
	case RECIP: return T(1) / x;
	case EXP: return exp(x);
	case LOG: return log(x);
	case TANH: return tanh(x);
	case SIGMOID: {
		T e = exp(-fabs(x));
		return (x < T(0) ? e : T(1)) / (T(1) + e);
	}
	case SOFTPLUS: return x != x ? x : (x > T(0) ? x : T(0)) + log1p(exp(-fabs(x)));
	case RELU: return x < T(0) ? T(0) : x;
	case STEP: return x > T(0) ? T(1) : T(0);
	case NORMCDF: return normcdf(x);
	case NORMPDF: return exp(T(-0.5) * x * x) * T(0.39894228040143267794);
	}
	return x;
}

template <class T> __device__ __forceinline__ T binary(u8 fn, T x, T y) {
	switch (fn) {
	case ADD: return x + y;
	case SUB: return x - y;
	case MUL: return x * y;
	case DIV: return x / y;
	case MAX: return largest(x, y);
	case MIN: return -largest(-x, -y);
	}
	return x > y ? T(1) : T(0);
}

// each applies f to every element of a step; the switch on the function stays outside of the loop.
#define EACH(expression) \
	for (int j = 0; j < V; j++) v[j] = expression; \
	break

template <class T, int V> __device__ __forceinline__ void apply(u8 fn, T c, T (&v)[V], const T (&x)[V], const T (&y)[V]) {
	switch (fn) {
	case CONST: EACH(c);
	case COPY: EACH(x[j]);
	case ADDCONST: EACH(x[j] + c);
	case SCALE: EACH(c * x[j]);
	case NEG: EACH(unary(NEG, x[j]));
	case ABS: EACH(unary(ABS, x[j]));
	case SIGN: EACH(unary(SIGN, x[j]));
	case SQUARE: EACH(unary(SQUARE, x[j]));
	case SQRT: EACH(unary(SQRT, x[j]));
	case RSQRT: EACH(unary(RSQRT, x[j]));
	case RECIP: EACH(unary(RECIP, x[j]));
	case EXP: EACH(unary(EXP, x[j]));
	case LOG: EACH(unary(LOG, x[j]));
	case TANH: EACH(unary(TANH, x[j]));
	case SIGMOID: EACH(unary(SIGMOID, x[j]));
	case SOFTPLUS: EACH(unary(SOFTPLUS, x[j]));
	case RELU: EACH(unary(RELU, x[j]));
	case STEP: EACH(unary(STEP, x[j]));
	case NORMCDF: EACH(unary(NORMCDF, x[j]));
	case NORMPDF: EACH(unary(NORMPDF, x[j]));
	case ADD: EACH(binary(ADD, x[j], y[j]));
	case SUB: EACH(binary(SUB, x[j], y[j]));
	case MUL: EACH(binary(MUL, x[j], y[j]));
	case DIV: EACH(binary(DIV, x[j], y[j]));
	case MAX: EACH(binary(MAX, x[j], y[j]));
	case MIN: EACH(binary(MIN, x[j], y[j]));
	case GREATER: EACH(binary(GREATER, x[j], y[j]));
	}
}

// Run is V consecutive elements from first, a multiple of V, on; beyond the last of n, it repeats it. Vectors are loaded and stored as
// one where their memory allows.
struct Run {
	u32 first, n;

	template <class T, int V> __device__ __forceinline__ bool vectors(const T *at) const {
		return first + V <= n && reinterpret_cast<ptr>(at) % 16 == 0;
	}

	template <class T, int V> __device__ __forceinline__ void load(const Input &in, T (&v)[V]) const {
		enum { W = Width<T>::W };
		typedef typename Width<T>::Vector Vector;
		const T *x = at<T>(in.data);
		if (in.span == 0) { // every element in turn
			if (vectors<T, V>(x + first)) {
				for (int j = 0; j < V; j += W) *reinterpret_cast<Vector *>(v + j) = *reinterpret_cast<const Vector *>(x + first + j);
			} else {
				for (int j = 0; j < V; j++) v[j] = x[first + j < n ? first + j : n - 1];
			}
			return;
		}
		// Element x[k] of row x is next, which has c; r indices of its span are behind. From here on it is counting.
		const u32 q = first / in.span;
		u32 r = first - q * in.span, k = in.c == 1 ? 0 : r % in.c;
		x += q * in.c;
		if (in.c % W == 0 && vectors<T, V>(x)) {
			for (int j = 0; j < V; j += W) {
				*reinterpret_cast<Vector *>(v + j) = *reinterpret_cast<const Vector *>(x + k);
				if ((k += W) == in.c) k = 0;
				if ((r += W) == in.span) r = 0, x += in.c;
			}
		} else {
			for (int j = 0; j < V; j++) {
				v[j] = x[k];
				if (first + j + 1 >= n) continue;
				if (++k == in.c) k = 0;
				if (++r == in.span) r = 0, x += in.c;
			}
		}
	}

	template <class T, int V> __device__ __forceinline__ void store(ptr out, const T (&v)[V]) const {
		enum { W = Width<T>::W };
		typedef typename Width<T>::Vector Vector;
		T *p = at<T>(out) + first;
		if (vectors<T, V>(p)) {
			for (int j = 0; j < V; j += W) *reinterpret_cast<Vector *>(p + j) = *reinterpret_cast<const Vector *>(v + j);
		} else {
			for (int j = 0; j < V; j++)
				if (first + j < n) p[j] = v[j];
		}
	}
};

// Spread is V elements at equal distances, of which those from `count` on repeat the first; it stores nothing.
struct Spread {
	u32 first, distance, count;

	template <class T, int V> __device__ __forceinline__ void load(const Input &in, T (&v)[V]) const {
		for (u32 j = 0; j < V; j++) v[j] = at<T>(in.data)[element(in, j < count ? first + j * distance : first)];
	}
	template <class T, int V> __device__ __forceinline__ void store(ptr, const T (&)[V]) const {}
};

template <class T, int V, class Where>
__device__ __forceinline__ void fetch(const Program &p, u32 from, const Where &where, const T (&before)[V], T (&v)[V]) {
	DYNAMIC_SHARED(typename Width<T>::Vector, slots);
	if (from == BEFORE) {
		for (int j = 0; j < V; j++) v[j] = before[j];
	} else if (from >= INPUT) {
		where.load(p.in[from - INPUT], v);
	} else {
		for (int k = 0; k < Width<T>::PARTS; k++)
			reinterpret_cast<typename Width<T>::Vector *>(v)[k] = slots[(from * Width<T>::PARTS + k) * blockDim.x + threadIdx.x];
	}
}

// interpret runs the program for the elements of where and leaves the last step's values in v.
template <class T, int V, class Where> __device__ __forceinline__ void interpret(const Program &p, const Where &where, T (&v)[V]) {
	DYNAMIC_SHARED(typename Width<T>::Vector, slots);
	for (u32 k = 0; k < p.steps; k++) {
		const Step &s = p.code[k];
		const u32 head = s.head, fn = head & 255, slot = head >> 24;
		__align__(16) T x[V], y[V];
		if (fn != CONST) fetch(p, head >> 8 & 255, where, v, x);
		if (fn >= ADD) fetch(p, head >> 16 & 255, where, v, y);
		apply(fn, imm(s, T(0)), v, x, y);
		if (slot != NONE)
			for (int k = 0; k < Width<T>::PARTS; k++)
				slots[(slot * Width<T>::PARTS + k) * blockDim.x + threadIdx.x] = reinterpret_cast<typename Width<T>::Vector *>(v)[k];
		if (s.out != NONE) where.store(p.out[s.out], v);
	}
}

template <class T> __device__ __forceinline__ void map(const Program &a) {
	const Run here = {thread() * Width<T>::V, a.n};
	if (here.first >= a.n) return;
	__align__(16) T v[Width<T>::V] = {};
	interpret(a, here, v);
}

BOTH(map, Program)

// A block reduces a tile of ta·tx outputs with ty threads each, over one of `chunks` parts of b; tx·ty·ta is its size.
struct ReduceArgs {
	u32 a, b, c, chunks;
	u32 tx, ty, ta, unused;
	ptr out, partial; // partial [a, chunks, c] of float64 is written where there is more than one chunk
	Program chain;
};

template <class T, class Op> __device__ __forceinline__ void reduce(const ReduceArgs &r) {
	enum { V = Width<T>::V };
	__shared__ double joined[256];
	const u32 x = threadIdx.x % r.tx, y = threadIdx.x / r.tx % r.ty, z = threadIdx.x / (r.tx * r.ty);
	const u32 across = (r.c + r.tx - 1) / r.tx;
	const u32 c = blockIdx.x % across * r.tx + x, a = blockIdx.x / across * r.ta + z;
	const u32 share = (r.b + r.chunks - 1) / r.chunks, from = blockIdx.y * share, to = from + share < r.b ? from + share : r.b;
	double total = Op::start();
	if (c < r.c && a < r.a) {
		for (u32 b = from + y; b < to; b += V * r.ty) {
			const Spread here = {(a * r.b + b) * r.c + c, r.ty * r.c, (to - b + r.ty - 1) / r.ty};
			__align__(16) T v[V] = {};
			interpret(r.chain, here, v);
			for (u32 j = 0; j < V; j++)
				if (j < here.count) total = Op::join(total, double(v[j]));
		}
	}
	joined[threadIdx.x] = total;
	tree<Op>(joined + z * r.tx * r.ty + x, y, r.ty, r.tx);
	if (y != 0 || c >= r.c || a >= r.a) return;
	if (r.chunks == 1) at<T>(r.out)[a * r.c + c] = T(joined[threadIdx.x]);
	else at<double>(r.partial)[(a * r.chunks + blockIdx.y) * r.c + c] = joined[threadIdx.x];
}

template <class T> __device__ __forceinline__ void reduce_sum(const ReduceArgs &r) { reduce<T, Sum>(r); }
template <class T> __device__ __forceinline__ void reduce_max(const ReduceArgs &r) { reduce<T, Max>(r); }

BOTH(reduce_sum, ReduceArgs)
BOTH(reduce_max, ReduceArgs)

// JoinArgs: out [a, c] from partial [a, chunks, c]; 32 threads join one output.
struct JoinArgs {
	u32 a, c, chunks, unused;
	ptr out, partial;
};

template <class T, class Op> __device__ __forceinline__ void join(const JoinArgs &r) {
	__shared__ double joined[256];
	const u32 lane = threadIdx.x % 32, o = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
	const u32 a = o / r.c, c = o % r.c;
	double total = Op::start();
	if (a < r.a)
		for (u32 k = lane; k < r.chunks; k += 32) total = Op::join(total, at<double>(r.partial)[(a * r.chunks + k) * r.c + c]);
	joined[threadIdx.x] = total;
	tree<Op>(joined + threadIdx.x - lane, lane, 32, 1);
	if (lane == 0 && a < r.a) at<T>(r.out)[o] = T(joined[threadIdx.x]);
}

template <class T> __device__ __forceinline__ void join_sum(const JoinArgs &r) { join<T, Sum>(r); }
template <class T> __device__ __forceinline__ void join_max(const JoinArgs &r) { join<T, Max>(r); }

BOTH(join_sum, JoinArgs)
BOTH(join_max, JoinArgs)
