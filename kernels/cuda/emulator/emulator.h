// The words of CUDA C++ that the kernel files use, for g++: a block's threads run one after another on fibers that change
// places at __syncthreads. Blocks run in turn, so shared memory can be static.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <functional>

#include "bfloat16.h"

#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };

struct Index { unsigned x, y, z; };
extern Index threadIdx, blockIdx, blockDim;

#define __syncthreads() emulator::barrier(__LINE__)

inline float __int_as_float(int bits) {
	float f;
	memcpy(&f, &bits, sizeof f);
	return f;
}

inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned long long)x * y >> 32; }

inline double normcdf(double x) { return 0.5 * erfc(-x / M_SQRT2); }
inline float normcdf(float x) { return float(normcdf(double(x))); }

namespace emulator {

// barrier waits for the block's other threads, at the barrier in this line.
void barrier(int line);

// Kernel is one entry of the table that the stand-in driver looks functions up in.
struct Kernel {
	const char *name;
	size_t args;
	void (*body)(const void *args);
	Kernel *next;
	Kernel(const char *name, size_t args, void (*body)(const void *));
};

Kernel *find(const char *name);

struct Launch {
	unsigned grid[3], block, shared;
};

// launch runs every thread of every block of the grid.
void launch(const Kernel &k, const Launch &l, const void *args);

// submit leaves work to a stream, or to the graph where the stream is being captured.
void submit(void *stream, std::function<void()> work);

// submitSteps leaves work to a stream that waits for others: step is called again and again until it says that all is done. It cannot be captured.
void submitSteps(void *stream, std::function<bool()> step);

// gpu is the number of the current context's device among all of the machine.
int gpu();

// inside reports whether the bytes from p on lie in one block of the device's memory.
bool inside(const void *p, size_t bytes);

// block_of gives the bounds of the block of the device's memory that an address lies in, if it lies in one.
bool block_of(uintptr_t p, uintptr_t &low, uintptr_t &high);

// usable reports whether a library may work: its calls need a context and a stream as the driver's do.
bool usable(void *stream);

} // namespace emulator

#define KERNEL(name, Args) \
	static void name(const Args &a); \
	static emulator::Kernel name##_kernel(#name, sizeof(Args), [](const void *p) { name(*static_cast<const Args *>(p)); }); \
	static void name(const Args &a)

