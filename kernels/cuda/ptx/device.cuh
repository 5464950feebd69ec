// What every kernel file starts with. The same files compile with nvcc for the GPU and with g++ against the emulator's
// header, which defines the CUDA words itself. A kernel takes one struct by value, whose fields are 8 bytes wide
// or come in pairs of 4, so that the Go side can mirror it.
#pragma once

#ifdef __CUDACC__
#define KERNEL(name, Args) extern "C" __global__ void __launch_bounds__(256) name(const __grid_constant__ Args a)
// TWICE is a kernel of which a processor holds two blocks.
#define TWICE(name, Args) extern "C" __global__ void __launch_bounds__(256, 2) name(const __grid_constant__ Args a)
#else
#include "emulator.h"
#define TWICE KERNEL
#endif

// BOTH makes the kernels name_f32 and name_f64 from a template.
#define BOTH(name, Args) \
	KERNEL(name##_f32, Args) { name<float>(a); } \
	KERNEL(name##_f64, Args) { name<double>(a); }

// STORED makes name_b16 too, for operands that are stored as bfloat16: those that kernels.Narrows names.
#define STORED(name, Args) \
	BOTH(name, Args) \
	KERNEL(name##_b16, Args) { name<bf16>(a); }

typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
typedef unsigned long long ptr;

#ifdef __CUDACC__
// bf16 is a number of 16 bits, the upper half of a float's: it is read exactly, and rounded to nearest, ties to even.
struct bf16 {
	u16 bits;
	bf16() = default;
	__device__ __forceinline__ explicit bf16(float x) {
		u32 pair;
		asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(0.0f), "f"(x));
		bits = u16(pair);
	}
	__device__ __forceinline__ operator float() const { return __uint_as_float(u32(bits) << 16); }
};
#else
typedef Bfloat16 bf16;
#endif

// Four is four of them that are stored as one.
struct __align__(8) Four {
	bf16 x, y, z, w;
};

// Wide is what is computed with for a type that is stored.
template <class T> struct wide { typedef T type; };
template <> struct wide<bf16> { typedef float type; };
template <class T> using Wide = typename wide<T>::type;

template <class T> __device__ __forceinline__ T *at(ptr p) { return reinterpret_cast<T *>(p); }

// thread is this thread's place in the grid; the launcher keeps it below 2³².
__device__ __forceinline__ u32 thread() { return blockIdx.x * blockDim.x + threadIdx.x; }

template <class T> __device__ __forceinline__ T not_a_number() { return T(__int_as_float(0x7fc00000)); }

// position reads an index operand: whether it is in 0 … n−1.
__device__ __forceinline__ bool position(int v, u32 n, u32 &i) {
	bool ok = u32(v) < n; // n is below 2³¹, and so is no negative number
	i = ok ? u32(v) : 0;
	return ok;
}

// largest is the larger of two, NaN if either is.
template <class T> __device__ __forceinline__ T largest(T x, T y) { return x > y || x != x ? x : y; }

struct Sum {
	static __device__ __forceinline__ double start() { return 0; }
	static __device__ __forceinline__ double join(double x, double y) { return x + y; }
};

struct Max {
	static __device__ __forceinline__ double start() { return -double(__int_as_float(0x7f800000)); }
	static __device__ __forceinline__ double join(double x, double y) { return largest(x, y); }
};

// tree joins values[0], values[stride], … values[(count−1)·stride] of a group of threads into values[0], always in the same
// order. count is a power of two and lane the thread's number in its group. All threads of the block take part.
template <class Op> __device__ __forceinline__ void tree(double *values, u32 lane, u32 count, u32 stride) {
	for (u32 half = count / 2; half > 0; half /= 2) {
		__syncthreads();
		if (lane < half) values[lane * stride] = Op::join(values[lane * stride], values[(lane + half) * stride]);
	}
	__syncthreads();
}
