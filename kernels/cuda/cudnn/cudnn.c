//go:build gpu

#include "cudnn.h"

int drift_cudnn_bind(drift_cudnn *lib, void *stream, const char **why) {
	*why = "its version is older than 8.3";
	if (lib->version() < 8300) return -1;
	int status = lib->create(&lib->handle);
	if (!status) {
		status = lib->set_stream(lib->handle, stream);
		if (status) lib->destroy(lib->handle);
	}
	*why = lib->text(status);
	return status;
}

int drift_cudnn_version(const drift_cudnn *lib) { return (int)lib->version(); }

void drift_cudnn_close(drift_cudnn *lib) { lib->destroy(lib->handle); }

const char *drift_cudnn_text(const drift_cudnn *lib, int status) { return lib->text(status); }

int drift_dnn_create(const drift_cudnn *lib, int kind, void **descriptor) { return lib->create_descriptor(kind, descriptor); }

int drift_dnn_destroy(const drift_cudnn *lib, void *descriptor) { return lib->destroy_descriptor(descriptor); }

int drift_dnn_finalize(const drift_cudnn *lib, void *descriptor) { return lib->finalize(descriptor); }

int drift_dnn_set(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t count, const void *values) {
	return lib->set_attribute(descriptor, name, type, count, values);
}

int drift_dnn_get(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *values) {
	return lib->get_attribute(descriptor, name, type, wanted, count, values);
}

int drift_dnn_execute(const drift_cudnn *lib, void *plan, void *pack) { return lib->execute(lib->handle, plan, pack); }

void drift_dnn_last_error(const drift_cudnn *lib, char *text, size_t bytes) {
	*text = 0;
	if (lib->last_error) lib->last_error(text, bytes);
}
