// A stand-in for libcudnn.so.9: the graph API that drift calls. Like cuDNN it is a front for libraries that it opens by
// their names alone, and ends the process where one is not found.
#include "dnn.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

using dnn::Handle;

extern "C" {

const char *cudnnGetErrorString(int) { return "refused by the stand-in"; }
// The environment may want an older library.
size_t cudnnGetVersion() {
	const char *version = getenv("DRIFT_EMULATOR_CUDNN_VERSION");
	return version ? strtoull(version, nullptr, 10) : 90100;
}
int cudnnCreate(Handle **h) {
	for (const char *part : {"libcudnn_graph.so.9", "libcudnn_heuristic.so.9", "libcudnn_engines_precompiled.so.9"}) {
		if (dlopen(part, RTLD_NOW | RTLD_LOCAL)) continue;
		fprintf(stderr, "Unable to load %s\n", part);
		abort();
	}
	return emulator::usable(nullptr) ? (*h = new Handle, dnn::SUCCESS) : dnn::NOT_INITIALIZED;
}
int cudnnDestroy(Handle *h) { return delete h, dnn::SUCCESS; }
int cudnnSetStream(Handle *h, void *stream) { return h->stream = stream, dnn::SUCCESS; }
}
