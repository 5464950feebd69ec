// A stand-in for libcuda.so.1: the calls that drift makes, on host memory. Work waits in its stream until somebody waits for
// it, as late as a real device may do it, or is kept while the stream is being captured. A module is the text of a PTX file:
// its kernels must be those that this library has.
#include "emulator.h"

extern "C" {
#include <cuda.h>
}

#include <deque>
#include <map>
#include <set>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

using Work = std::function<void()>;

struct CUgraph_st { std::vector<Work> work; };
struct CUgraphExec_st { std::vector<Work> work; };
struct CUstream_st {
	CUgraph capture = nullptr;
	std::deque<Work> pending;
};
struct CUevent_st { CUstream recorded = nullptr; };
struct CUctx_st {};
struct CUmod_st { std::string text; };
struct CUfunc_st { const emulator::Kernel *kernel; unsigned shared = 46 << 10; };

namespace {

std::recursive_mutex lock;
CUctx_st context;
std::map<CUdeviceptr, size_t> blocks;
std::set<CUstream> streams;
size_t used;

// Memory of the emulated device; little, so that a test can fill it.
const size_t total = size_t(1) << 29;

CUresult enqueue(CUstream s, Work w) {
	emulator::submit(s, std::move(w));
	return CUDA_SUCCESS;
}

void *host(CUdeviceptr p) { return reinterpret_cast<void *>(p); }

// finish does the work of a stream up to now; that of one that is being captured cannot be waited for.
CUresult finish(CUstream s) {
	std::lock_guard<std::recursive_mutex> hold(lock);
	if (s->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	while (!s->pending.empty()) {
		s->pending.front()();
		s->pending.pop_front();
	}
	return CUDA_SUCCESS;
}

} // namespace

void emulator::submit(void *stream, Work work) {
	std::lock_guard<std::recursive_mutex> hold(lock);
	CUstream s = static_cast<CUstream>(stream);
	if (s->capture) {
		s->capture->work.push_back(std::move(work));
		return;
	}
	s->pending.push_back(std::move(work));
	if (s->pending.size() > 1000) finish(s);
}

extern "C" {

CUresult cuInit(unsigned) { return CUDA_SUCCESS; }
CUresult cuDriverGetVersion(int *v) { return *v = 11080, CUDA_SUCCESS; }
CUresult cuDeviceGetCount(int *n) { return *n = 1, CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice *d, int i) { return i == 0 ? (*d = 0, CUDA_SUCCESS) : CUDA_ERROR_INVALID_DEVICE; }
CUresult cuDeviceTotalMem(size_t *bytes, CUdevice) { return *bytes = total, CUDA_SUCCESS; }

CUresult cuDeviceGetName(char *name, int n, CUdevice) {
	strncpy(name, "emulated GPU", n);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice) {
	*v = a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 8 : 0;
	return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult, const char **text) { return *text = "error of the emulated GPU", CUDA_SUCCESS; }

CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice) { return *c = &context, CUDA_SUCCESS; }
CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }

CUresult cuMemAlloc(CUdeviceptr *p, size_t bytes) {
	std::lock_guard<std::recursive_mutex> hold(lock);
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
	std::lock_guard<std::recursive_mutex> hold(lock);
	auto b = blocks.find(p);
	if (b == blocks.end()) return CUDA_ERROR_INVALID_VALUE;
	for (CUstream s : streams) finish(s);
	used -= b->second;
	blocks.erase(b);
	free(host(p));
	return CUDA_SUCCESS;
}

CUresult cuMemGetInfo(size_t *left, size_t *all) { return *left = total - used, *all = total, CUDA_SUCCESS; }

CUresult cuMemHostAlloc(void **p, size_t bytes, unsigned) { return *p = malloc(bytes), CUDA_SUCCESS; }
CUresult cuMemFreeHost(void *p) { return free(p), CUDA_SUCCESS; }

CUresult cuMemcpyHtoDAsync(CUdeviceptr d, const void *h, size_t n, CUstream s) {
	return enqueue(s, [=] { memcpy(host(d), h, n); });
}
CUresult cuMemcpyDtoHAsync(void *h, CUdeviceptr d, size_t n, CUstream s) {
	return enqueue(s, [=] { memcpy(h, host(d), n); });
}
CUresult cuMemsetD8Async(CUdeviceptr d, unsigned char v, size_t n, CUstream s) {
	return enqueue(s, [=] { memset(host(d), v, n); });
}

CUresult cuStreamCreate(CUstream *s, unsigned) {
	std::lock_guard<std::recursive_mutex> hold(lock);
	streams.insert(*s = new CUstream_st);
	return CUDA_SUCCESS;
}
CUresult cuStreamDestroy(CUstream s) {
	std::lock_guard<std::recursive_mutex> hold(lock);
	finish(s);
	streams.erase(s);
	delete s;
	return CUDA_SUCCESS;
}
CUresult cuStreamSynchronize(CUstream s) { return finish(s); }

CUresult cuEventCreate(CUevent *e, unsigned) { return *e = new CUevent_st, CUDA_SUCCESS; }
CUresult cuEventDestroy(CUevent e) { return delete e, CUDA_SUCCESS; }
CUresult cuEventRecord(CUevent e, CUstream s) { return e->recorded = s, CUDA_SUCCESS; }
CUresult cuEventSynchronize(CUevent e) { return e->recorded ? finish(e->recorded) : CUDA_SUCCESS; }

CUresult cuModuleLoadData(CUmodule *m, const void *image) {
	std::string text = static_cast<const char *>(image);
	if (text.find(".target sm_80") == std::string::npos) return CUDA_ERROR_INVALID_PTX;
	*m = new CUmod_st{text};
	return CUDA_SUCCESS;
}

CUresult cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned, CUjit_option *, void **) {
	return cuModuleLoadData(m, image);
}
CUresult cuModuleUnload(CUmodule m) { return delete m, CUDA_SUCCESS; }

CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
	const emulator::Kernel *k = emulator::find(name);
	if (!k) return CUDA_ERROR_NOT_FOUND;
	const std::string parameter = std::string(name) + "_param_0[" + std::to_string(k->args) + "]";
	if (m->text.find(parameter) == std::string::npos) return CUDA_ERROR_NOT_FOUND;
	*f = new CUfunc_st{k};
	return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value) {
	if (a != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value > 97 << 10) return CUDA_ERROR_INVALID_VALUE;
	f->shared = value;
	return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction f, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                        CUstream s, void **params, void **) {
	const bool fits = x > 0 && y > 0 && z > 0 && x <= 0x7fffffff && y <= 65535 && z <= 65535 && bx > 0 && bx <= 256 && by == 1 && bz == 1;
	if (!fits || shared > f->shared) return CUDA_ERROR_INVALID_VALUE;
	const char *args = static_cast<const char *>(params[0]);
	std::vector<char> copy(args, args + f->kernel->args);
	const emulator::Launch l{{x, y, z}, bx, shared};
	return enqueue(s, [=] { emulator::launch(*f->kernel, l, copy.data()); });
}

CUresult cuStreamBeginCapture(CUstream s, CUstreamCaptureMode) { return s->capture = new CUgraph_st, CUDA_SUCCESS; }

CUresult cuStreamEndCapture(CUstream s, CUgraph *g) {
	*g = s->capture;
	s->capture = nullptr;
	return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *e, CUgraph g, unsigned long long) {
	*e = new CUgraphExec_st{g->work};
	return CUDA_SUCCESS;
}
CUresult cuGraphLaunch(CUgraphExec e, CUstream s) {
	std::lock_guard<std::recursive_mutex> hold(lock);
	for (const Work &w : e->work) enqueue(s, w);
	return CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph g) { return delete g, CUDA_SUCCESS; }
CUresult cuGraphExecDestroy(CUgraphExec e) { return delete e, CUDA_SUCCESS; }

} // extern "C"
