// Map and Reduce: a fused chain of elementwise functions is a small program in the kernel's parameters, which every thread
// interprets over a few elements at once. All threads take the same branches, so a step costs a few instructions for
// those elements, and chains of up to about ten steps are bound by memory. One kernel serves every chain: nothing is
// compiled at run time.
#include "device.cuh"

// Functions in the order of kernels.Fn.
enum Fn : u8 {
	CONST, COPY, ADDCONST, SCALE, ABS, SIGN, SQUARE, SQRT, RSQRT, RECIP, EXP, LOG, TANH, SIGMOID, SOFTPLUS, RELU, STEP,
	NORMCDF, NORMPDF, SIN, COS, FLOOR, CEIL, ADD, SUB, MUL, DIV, MAX, MIN, POW, GREATER
};

// Where an operand comes from: a slot of shared memory, or an input from 64 on, or the step before. As a target, NONE.
enum : u8 { INPUT = 64, BEFORE = 255, NONE = 255 };

// Step puts fn(x, y) into a slot and into an output, where these are not NONE.
struct Step {
	u32 head; // fn, x, y, slot, from the lowest byte on
	u32 out;
	union { float f; double d; } imm;
};

// Input is read at element (i/span)·c + (i/run) mod c for index i: see kernels.Access; span = B·C·D, and run is how many indices in a row
// read the same element. span = 0 says element i.
struct Input {
	ptr data;
	u32 span, c;
};

struct Program {
	u32 n, steps;
	Input in[64];
	u32 run[64]; // of the inputs
	Step code[128];
	ptr out[64];
};

// A thread works on V elements, which are PARTS vectors of W.
template <class T> struct Width;
template <> struct Width<float> { enum { V = 8, W = 4, PARTS = 2 }; typedef float4 Vector; };
template <> struct Width<double> { enum { V = 4, W = 2, PARTS = 2 }; typedef double2 Vector; };

__device__ __forceinline__ float imm(const Step &s, float) { return s.imm.f; }
__device__ __forceinline__ double imm(const Step &s, double) { return s.imm.d; }

__device__ __forceinline__ u32 element(const Input &in, u32 run, u32 i) {
	if (in.span == 0) return i;
	return (i < in.span ? 0 : i / in.span * in.c) + (in.c == 1 ? 0 : (run == 1 ? i : i / run) % in.c);
}

// Functions of many instructions are called, so that the kernel stays small.
template <class T> __device__ __noinline__ T sine(T x) { return sin(x); }
template <class T> __device__ __noinline__ T cosine(T x) { return cos(x); }
template <class T> __device__ __noinline__ T power(T x, T y) { return pow(x, y); }

template <class T> __device__ __forceinline__ T unary(u8 fn, T x) {
	switch (fn) {
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
	case SIN: return sine(x);
	case COS: return cosine(x);
	case FLOOR: return floor(x);
	case CEIL: return ceil(x);
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
	case POW: return power(x, y);
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
	case SIN: EACH(unary(SIN, x[j]));
	case COS: EACH(unary(COS, x[j]));
	case FLOOR: EACH(unary(FLOOR, x[j]));
	case CEIL: EACH(unary(CEIL, x[j]));
	case ADD: EACH(binary(ADD, x[j], y[j]));
	case SUB: EACH(binary(SUB, x[j], y[j]));
	case MUL: EACH(binary(MUL, x[j], y[j]));
	case DIV: EACH(binary(DIV, x[j], y[j]));
	case MAX: EACH(binary(MAX, x[j], y[j]));
	case MIN: EACH(binary(MIN, x[j], y[j]));
	case POW: EACH(binary(POW, x[j], y[j]));
	case GREATER: EACH(binary(GREATER, x[j], y[j]));
	}
}

// Run is the V elements of the index space that a thread works on: vectors of W neighbours, of which each begins `step` behind the one
// before, so that the vectors of a block's threads lie side by side; or, without vectors, single elements at that distance.
// Those from `end` on are not there: in their place the first is read, and nothing is stored.
template <class T> struct Run {
	enum { V = Width<T>::V, W = Width<T>::W };
	typedef typename Width<T>::Vector Vector;
	u32 first, step, end;
	bool vectors;

	__device__ __forceinline__ u32 index(u32 j) const { return first + (vectors ? step * (j / W) + j % W : step * j); }
	__device__ __forceinline__ bool there(u32 j) const {
		return first + (vectors ? ptr(step) * (j / W) + j % W : ptr(step) * j) < end;
	}
	__device__ __forceinline__ bool whole() const { return vectors && there(V - 1); }

	__device__ __forceinline__ void load(const Input &in, u32 run, T (&v)[V]) const {
		const T *x = at<T>(in.data);
		const bool ordered = whole() && first % W == 0;
		if (in.span == 0 ? whole() && aligned(x + first) : ordered && run == 1 && in.c % W == 0 && aligned(x)) {
			for (u32 j = 0; j < V; j += W)
				*reinterpret_cast<Vector *>(v + j) = *reinterpret_cast<const Vector *>(x + element(in, run, index(j)));
		} else if (ordered && (run % W == 0 || run >= end)) { // neighbours read the same
			for (u32 j = 0; j < V; j++) v[j] = j % W ? v[j - 1] : x[element(in, run, index(j))];
		} else {
			const Run fresh = again();
			for (u32 j = 0; j < V; j++) v[j] = x[element(in, run, fresh.there(j) ? fresh.index(j) : fresh.first)];
		}
	}

	__device__ __forceinline__ void store(ptr out, const T (&v)[V]) const {
		T *p = at<T>(out);
		if (whole() && aligned(p + first)) {
			for (u32 j = 0; j < V; j += W) *reinterpret_cast<Vector *>(p + index(j)) = *reinterpret_cast<const Vector *>(v + j);
		} else {
			const Run fresh = again();
			for (u32 j = 0; j < V; j++)
				if (fresh.there(j)) p[fresh.index(j)] = v[j];
		}
	}

	// join adds v[from], v[from + every], … to a total.
	template <class Op> __device__ __forceinline__ double join(double total, const T (&v)[V], u32 from, u32 every) const {
		for (u32 j = from; j < V; j += every)
			if (there(j)) total = Op::join(total, double(v[j]));
		return total;
	}

	// again is the same, unknown to the compiler, which would else keep the places of all elements in registers from step to step for
	// the sake of a path that is rarely taken.
	__device__ __forceinline__ Run again() const {
		Run r = *this;
		asm volatile("" : "+r"(r.first));
		return r;
	}

	static __device__ __forceinline__ bool aligned(const T *p) { return reinterpret_cast<ptr>(p) % 16 == 0; }
};

template <class T, int V>
__device__ __forceinline__ void fetch(const Program &p, u32 from, const Run<T> &where, const T (&before)[V], T (&v)[V]) {
	DYNAMIC_SHARED(typename Width<T>::Vector, slots);
	if (from == BEFORE) {
		for (int j = 0; j < V; j++) v[j] = before[j];
	} else if (from >= INPUT) {
		where.load(p.in[from - INPUT], p.run[from - INPUT], v);
	} else {
		for (int k = 0; k < Width<T>::PARTS; k++)
			reinterpret_cast<typename Width<T>::Vector *>(v)[k] = slots[(from * Width<T>::PARTS + k) * blockDim.x + threadIdx.x];
	}
}

// interpret runs the program for the elements of where and leaves the last step's values in v.
template <class T, int V> __device__ __forceinline__ void interpret(const Program &p, const Run<T> &where, T (&v)[V]) {
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
	enum { V = Width<T>::V, W = Width<T>::W };
	const Run<T> here = {blockIdx.x * blockDim.x * V + threadIdx.x * W, blockDim.x * W, a.n, true};
	if (here.first >= a.n) return;
	__align__(16) T v[V] = {};
	interpret(a, here, v);
}

BOTH(map, Program)

// A block reduces a tile of outputs, ta by tx threads wide and ty threads deep, over `share` of b; tx·ty·ta is its size. Where c is a
// multiple of W, a thread has W neighbouring columns to itself, else one.
struct ReduceArgs {
	u32 a, b, c, chunks;
	u32 tx, ty, ta, share;
	ptr out, partial; // partial [a, chunks, c] of float64 is written where there is more than one chunk
	Program chain;
};

template <class T, class Op> __device__ __forceinline__ void reduce(const ReduceArgs &r) {
	enum { V = Width<T>::V, W = Width<T>::W };
	__shared__ double joined[W * 256];
	const u32 x = threadIdx.x % r.tx, y = threadIdx.x / r.tx % r.ty, z = threadIdx.x / (r.tx * r.ty);
	const bool row = r.c == 1, columns = !row && r.c % W == 0;
	const u32 own = columns ? W : 1, across = (r.c + r.tx * own - 1) / (r.tx * own);
	const u32 c = (blockIdx.x % across * r.tx + x) * own, a = blockIdx.x / across * r.ta + z;
	const u32 from = blockIdx.y * r.share, to = from + r.share < r.b ? from + r.share : r.b;
	double *const tile = joined + z * r.tx * r.ty + x, *const total = tile + y * r.tx; // of column k at k·256
	for (int k = 0; k < W; k++) total[k * 256] = Op::start();
	if (c < r.c && a < r.a) {
		for (u32 b = from + (row ? y * W : y); b < to; b += columns ? r.ty * (V / W) : r.ty * V) {
			const Run<T> here = {(a * r.b + b) * r.c + c, row ? r.ty * W : r.ty * r.c, (a * r.b + to) * r.c, row || columns};
			__align__(16) T v[V] = {};
			interpret(r.chain, here, v);
			if (columns) {
				for (u32 k = 0; k < W; k++) total[k * 256] = here.template join<Op>(total[k * 256], v, k, W);
			} else {
				total[0] = here.template join<Op>(total[0], v, 0, 1);
			}
		}
	}
	for (u32 k = 0; k < own; k++) tree<Op>(tile + k * 256, y, r.ty, r.tx);
	if (y != 0 || c >= r.c || a >= r.a) return;
	for (u32 k = 0; k < own; k++) {
		if (r.chunks == 1) at<T>(r.out)[a * r.c + c + k] = T(tile[k * 256]);
		else at<double>(r.partial)[(a * r.chunks + blockIdx.y) * r.c + c + k] = tile[k * 256];
	}
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
