// A stand-in for libcuda.so.1: devices, contexts, modules and launches. A module is the text of a PTX file: its kernels must be
// those that this library has.
#include "ptx.h"
#include "state.h"

#include <algorithm>
#include <memory>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

using namespace emulator;

struct CUctx_st { int retained = 0; };
struct CUfunc_st { const Kernel *kernel; const ptx::Entry *entry = nullptr; unsigned shared = 40 << 10; };
struct CUmod_st {
	std::string text;
	std::map<std::string, ptx::Entry> entries; // of a module that is interpreted
	std::map<std::string, CUfunc_st> functions;
};

std::recursive_mutex emulator::lock;
CUresult emulator::fault;

namespace {

// Of the machine's GPUs, whose number DRIFT_EMULATOR_GPUS says, a process sees those that CUDA_VISIBLE_DEVICES names.
const int most = 16;
CUctx_st contexts[most];
std::vector<int> visible;
bool initialised;
thread_local CUcontext current;

// Launches until one fails or never ends, where the environment asks for that.
long number(const char *name) {
	const char *n = getenv(name);
	return n ? atol(n) : -1;
}

// interpreted reports a module with kernels that this library does not have itself, or any where the environment asks for that.
bool interpreted(const std::string &text) {
	if (getenv("DRIFT_EMULATOR_INTERPRET")) return true;
	const std::string mark = ".entry ";
	for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
		at += mark.size();
		if (!find(text.substr(at, text.find_first_of("( \n", at) - at).c_str())) return true;
	}
	return false;
}

// interpret runs a kernel from its text; a mistake of the kernel is said and is the device's failure.
void interpret(const ptx::Entry &e, const Launch &l, const void *arguments) {
	try {
		ptx::launch(e, l.grid, l.block, l.shared, arguments);
	} catch (const ptx::Error &wrong) {
		fprintf(stderr, "%s: %s\n", e.name.c_str(), wrong.what());
		fault = CUDA_ERROR_ILLEGAL_ADDRESS;
	}
}

long left = number("DRIFT_EMULATOR_FAULT"), working = number("DRIFT_EMULATOR_HANG");

void look() {
	const int all = int(std::max(1L, std::min(long(most), number("DRIFT_EMULATOR_GPUS"))));
	visible.clear();
	const char *named = getenv("CUDA_VISIBLE_DEVICES");
	if (!named) {
		for (int i = 0; i < all; i++) visible.push_back(i);
		return;
	}
	for (char *end; *named; named = *end ? end + 1 : end) {
		const long i = strtol(named, &end, 10);
		if (end == named || i < 0 || i >= all) return; // what follows a wrong one is not seen
		visible.push_back(int(i));
	}
}

bool known(CUdevice d) { return d >= 0 && d < int(visible.size()); }

} // namespace

CUcontext emulator::here() { return current; }

int emulator::gpu() { return current ? int(current - contexts) : -1; }

CUresult emulator::ready() {
	Hold hold(lock);
	if (!initialised) return CUDA_ERROR_NOT_INITIALIZED;
	if (fault) return fault;
	return current && current->retained ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

extern "C" {

CUresult cuInit(unsigned flags) {
	if (!initialised) look();
	initialised = flags == 0;
	return initialised ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDriverGetVersion(int *v) { return *v = 11080, CUDA_SUCCESS; }

CUresult cuDeviceGetCount(int *n) {
	*n = int(visible.size());
	return initialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUresult cuDeviceGet(CUdevice *d, int i) { return known(i) ? (*d = i, CUDA_SUCCESS) : CUDA_ERROR_INVALID_DEVICE; }

CUresult cuDeviceGetUuid_v2(CUuuid *id, CUdevice d) {
	if (!known(d)) return CUDA_ERROR_INVALID_DEVICE;
	memset(id->bytes, 0, sizeof id->bytes);
	snprintf(id->bytes, sizeof id->bytes, "emulated %d", visible[d]);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int n, CUdevice) {
	strncpy(name, "emulated GPU", n);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice) {
	if (a != CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR && a != CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
		return CUDA_ERROR_INVALID_VALUE;
	*v = a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 8 : 0;
	return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult, const char **text) { return *text = "error of the emulated GPU", CUDA_SUCCESS; }

CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d) {
	Hold hold(lock);
	if (fault) return fault;
	if (!known(d)) return CUDA_ERROR_INVALID_DEVICE;
	*c = &contexts[visible[d]];
	(*c)->retained++;
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice d) {
	Hold hold(lock);
	if (!known(d)) return CUDA_ERROR_INVALID_DEVICE;
	CUctx_st &c = contexts[visible[d]];
	if (c.retained == 0) return CUDA_ERROR_INVALID_CONTEXT;
	c.retained--;
	return CUDA_SUCCESS;
}

// The driver may report here, as anywhere, that a kernel has failed.
CUresult cuCtxSetCurrent(CUcontext c) {
	if (fault) return fault;
	if (c && (c < contexts || c >= contexts + most || !c->retained)) return CUDA_ERROR_INVALID_CONTEXT;
	current = c;
	return CUDA_SUCCESS;
}

// Two lines say why a module is refused, as the real compiler does it, as far as the caller's buffer takes them.
CUresult cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned options, CUjit_option *option, void **value) {
	if (CUresult r = calm()) return r;
	char *log = nullptr;
	size_t room = 0;
	for (unsigned k = 0; k < options; k++) {
		if (option[k] == CU_JIT_ERROR_LOG_BUFFER) log = static_cast<char *>(value[k]);
		else if (option[k] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) room = reinterpret_cast<size_t>(value[k]);
		else return CUDA_ERROR_INVALID_VALUE;
	}
	const std::string text = static_cast<const char *>(image);
	const size_t version = text.find(".version ");
	CUresult status = CUDA_SUCCESS;
	if (version == std::string::npos || text.find(".target sm_80") == std::string::npos) status = CUDA_ERROR_INVALID_PTX;
	else if (atof(text.c_str() + version + 9) > 7.8) status = CUresult(222); // newer than CUDA 11.8 knows
	std::string reason = "line 1; fatal   : not understood";
	auto module = std::make_unique<CUmod_st>();
	module->text = text;
	try {
		if (!status && interpreted(text)) module->entries = ptx::read(text);
	} catch (const ptx::Error &e) {
		status = CUDA_ERROR_INVALID_PTX;
		reason = e.what();
	}
	if (!status) *m = module.release();
	else if (log) snprintf(log, room, "ptxas application ptx input, %s\nptxas fatal   : aborted\n", reason.c_str());
	return status;
}

CUresult cuModuleUnload(CUmodule m) {
	if (CUresult r = calm()) return r;
	return delete m, CUDA_SUCCESS;
}

// A function is one thing for all who ask for it, with its attributes.
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
	if (CUresult r = ready()) return r;
	const auto entry = m->entries.find(name);
	if (entry != m->entries.end()) {
		*f = &m->functions.emplace(name, CUfunc_st{nullptr, &entry->second}).first->second;
		return CUDA_SUCCESS;
	}
	const Kernel *k = find(name);
	if (!k) return CUDA_ERROR_NOT_FOUND;
	const std::string parameter = std::string(name) + "_param_0[" + std::to_string(k->args) + "]";
	if (m->text.find(parameter) == std::string::npos) return CUDA_ERROR_NOT_FOUND;
	*f = &m->functions.emplace(name, CUfunc_st{k}).first->second;
	return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int value) {
	if (CUresult r = ready()) return r;
	if (a != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > 91 << 10) return CUDA_ERROR_INVALID_VALUE;
	f->shared = value;
	return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction f, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                        CUstream s, void **params, void **extra) {
	if (CUresult r = known(s)) return r;
	const bool fits = x > 0 && y > 0 && z > 0 && x <= 0x7fffffff && y <= 65535 && z <= 65535 && bx > 0 && bx <= 256 && by == 1 && bz == 1;
	if (!fits || shared > f->shared || extra) return CUDA_ERROR_INVALID_VALUE;
	const char *args = static_cast<const char *>(params[0]);
	const Kernel *kernel = f->kernel;
	const ptx::Entry *entry = f->entry;
	auto copy = std::make_shared<std::vector<char>>(args, args + (entry ? entry->arguments : kernel->args));
	submit(s, [=] {
		while (working == 0) sleep(1);
		if (working > 0) working--;
		if (left >= 0 && left-- == 0) fault = CUDA_ERROR_ILLEGAL_ADDRESS;
		else if (entry) interpret(*entry, {{x, y, z}, bx, shared}, copy->data());
		else launch(*kernel, {{x, y, z}, bx, shared}, copy->data());
	});
	return CUDA_SUCCESS;
}

} // extern "C"
