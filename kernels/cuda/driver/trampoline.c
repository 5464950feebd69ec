//go:build gpu

// Every function of cuda_functions.h as a jump through a table that drift_open_driver fills, so that the program links and
// starts without a driver.
//
// They are hidden: the CUDA libraries, which open the driver themselves, must find its functions and not these.
#pragma GCC visibility push(hidden)
#include <cuda.h>
#pragma GCC visibility pop

#include "trampoline.h"
#include <dlfcn.h>
#include <stdio.h>

static struct {
#define F(name, parameters, arguments) CUresult(*name) parameters;
#include "cuda_functions.h"
#undef F
} table;

#define F(name, parameters, arguments) \
	CUresult name parameters { return table.name ? table.name arguments : CUDA_ERROR_NOT_FOUND; }
#include "cuda_functions.h"
#undef F

// Package cu calls cuInit as the program starts and exits where that fails; the driver is initialised when it is opened.
CUresult cuInit(unsigned int flags) { return CUDA_SUCCESS; }

static CUresult (*device_count)(int *);

CUresult cuDeviceGetCount(int *count) {
	*count = 0;
	return device_count ? device_count(count) : CUDA_SUCCESS;
}

int drift_open_driver(char *reason, size_t size) {
	void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		snprintf(reason, size, "%s", dlerror());
		return -1;
	}
	CUresult (*init)(unsigned int) = dlsym(lib, "cuInit");
	CUresult status = init ? init(0) : CUDA_ERROR_NOT_FOUND;
	if (status != CUDA_SUCCESS) {
		CUresult (*text)(CUresult, const char **) = dlsym(lib, "cuGetErrorString");
		const char *message = NULL;
		if (text) text(status, &message);
		snprintf(reason, size, "cuInit: %s", message ? message : "unknown error");
		return status;
	}
	device_count = dlsym(lib, "cuDeviceGetCount");
#define F(name, parameters, arguments) table.name = dlsym(lib, #name);
#include "cuda_functions.h"
#undef F
	return 0;
}
