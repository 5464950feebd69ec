// A stand-in for libcuda.so.1: memory and copies. What is copied must lie inside a block of the device's, and inside pinned memory on
// the host's side.
#include "state.h"

#include <stdlib.h>

using namespace emulator;

namespace {

std::map<size_t, size_t> blocks, pinned; // sizes by address
size_t used;

// Memory of the emulated device; little, so that a test can fill it.
const size_t total = size_t(1) << 29;

bool within(const std::map<size_t, size_t> &list, size_t p, size_t bytes) {
	Hold hold(lock);
	auto b = list.upper_bound(p);
	if (b == list.begin()) return false;
	--b;
	return p - b->first <= b->second && bytes <= b->second - (p - b->first);
}

void *host(CUdeviceptr p) { return reinterpret_cast<void *>(p); }

CUresult copy(void *to, const void *from, CUdeviceptr device, const void *other, size_t n, CUstream s) {
	if (CUresult r = known(s)) return r;
	if (!within(blocks, device, n) || !within(pinned, reinterpret_cast<size_t>(other), n)) return CUDA_ERROR_INVALID_VALUE;
	submitCopy(s, [=] { memcpy(to, from, n); });
	return CUDA_SUCCESS;
}

} // namespace

bool emulator::block_of(uintptr_t p, uintptr_t &low, uintptr_t &high) {
	Hold hold(lock);
	auto b = blocks.upper_bound(p);
	if (b == blocks.begin()) return false;
	--b;
	low = b->first, high = b->first + b->second;
	return p < high;
}

bool emulator::inside(const void *p, size_t bytes) { return within(blocks, reinterpret_cast<size_t>(p), bytes); }

extern "C" {

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice) { return *bytes = total, CUDA_SUCCESS; }

CUresult cuMemAlloc(CUdeviceptr *p, size_t bytes) {
	if (CUresult r = calm()) return r;
	Hold hold(lock);
	if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
	if (bytes > total - used) return CUDA_ERROR_OUT_OF_MEMORY;
	void *block = aligned_alloc(256, (bytes + 255) / 256 * 256);
#ifdef __SANITIZE_ADDRESS__
	// The sanitizer's guard begins right behind the last byte of an ordinary block.
	free(block);
	posix_memalign(&block, 256, bytes);
#endif
	memset(block, 0xff, bytes); // NaN, so that a read of what nobody wrote shows
	*p = reinterpret_cast<CUdeviceptr>(block);
	blocks[*p] = bytes;
	used += bytes;
	return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr p) {
	if (CUresult r = calm()) return r;
	finish(nullptr);
	Hold hold(lock);
	auto b = blocks.find(p);
	if (b == blocks.end()) return CUDA_ERROR_INVALID_VALUE;
	used -= b->second;
	blocks.erase(b);
	free(host(p));
	return CUDA_SUCCESS;
}

CUresult cuMemGetInfo(size_t *left, size_t *all) {
	if (CUresult r = ready()) return r;
	return *left = total - used, *all = total, CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **p, size_t bytes, unsigned) {
	if (CUresult r = calm()) return r;
	Hold hold(lock);
	*p = malloc(bytes);
	pinned[reinterpret_cast<size_t>(*p)] = bytes;
	return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *p) {
	if (CUresult r = calm()) return r;
	finish(nullptr);
	Hold hold(lock);
	if (!pinned.erase(reinterpret_cast<size_t>(p))) return CUDA_ERROR_INVALID_VALUE;
	return free(p), CUDA_SUCCESS;
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr d, const void *h, size_t n, CUstream s) { return copy(host(d), h, d, h, n, s); }
CUresult cuMemcpyDtoHAsync(void *h, CUdeviceptr d, size_t n, CUstream s) { return copy(h, host(d), d, h, n, s); }

CUresult cuMemsetD8Async(CUdeviceptr d, unsigned char v, size_t n, CUstream s) {
	if (CUresult r = known(s)) return r;
	if (!within(blocks, d, n)) return CUDA_ERROR_INVALID_VALUE;
	submit(s, [=] { memset(host(d), v, n); });
	return CUDA_SUCCESS;
}

} // extern "C"
