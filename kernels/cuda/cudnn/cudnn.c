//go:build gpu

#include "cudnn.h"

int drift_cudnn_bind(drift_cudnn *lib, void *stream, const char **why) {
	*why = "its version is older than 8";
	if (lib->version() < 8000) return -1;
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

// operands are the shapes in the order of cuDNN's calls: the two that are read, then the one that is written.
static void operands(const drift_convolution *p, void *images, void *kernels, void *outputs, void **list) {
	void *orders[3][3] = {{images, kernels, outputs}, {kernels, outputs, images}, {images, outputs, kernels}};
	for (int i = 0; i < 3; i++) list[i] = orders[p->direction][i];
}

static int describe(const drift_cudnn *lib, drift_convolution *p) {
	enum { nchw = 0, cross_correlation = 1 };
	const int type = p->wide; // float is 0, double 1
	int s = lib->create_tensor(&p->image);
	if (!s) s = lib->create_tensor(&p->output);
	if (!s) s = lib->create_filter(&p->kernels);
	if (!s) s = lib->create_convolution(&p->convolution);
	if (!s) s = lib->set_tensor(p->image, nchw, type, p->n, p->c, p->h, p->w);
	if (!s) s = lib->set_tensor(p->output, nchw, type, p->n, p->o, p->oh, p->ow);
	if (!s) s = lib->set_filter(p->kernels, type, nchw, p->o, p->c / p->groups, p->kh, p->kw);
	if (!s) s = lib->set_convolution(p->convolution, p->ph, p->pw, p->sh, p->sw, p->dh, p->dw, cross_correlation, type);
	if (!s) s = lib->set_groups(p->convolution, p->groups);
	if (!s) s = lib->set_math(p->convolution, p->math);
	return s;
}

// allowed holds the algorithms that add the products themselves, always in the same order; Fourier and Winograd transforms
// round more.
static int allowed(int direction, int algorithm) { return direction == 0 ? algorithm <= 3 : algorithm == 1; }

int drift_convolution_plan(const drift_cudnn *lib, drift_convolution *p, size_t limit) {
	enum { most = 16 };
	drift_convolution_algorithm list[most];
	void *shapes[3];
	p->status = describe(lib, p);
	if (p->status) return -1;
	operands(p, p->image, p->kernels, p->output, shapes);
	p->status = lib->choose[p->direction](lib->handle, shapes[0], shapes[1], p->convolution, shapes[2], most, &p->found, list);
	if (p->status) return -1;
	for (int i = 0; i < p->found; i++) { // the fastest comes first
		p->algorithm = list[i].algorithm;
		if (list[i].status != 0 || !allowed(p->direction, p->algorithm) ||
		    lib->measure[p->direction](lib->handle, shapes[0], shapes[1], p->convolution, shapes[2], p->algorithm, &p->workspace) != 0)
			continue;
		if (p->workspace <= limit) return 0;
		if (!p->least || p->workspace < p->least) p->least = p->workspace;
	}
	return -1;
}

int drift_convolution_run(const drift_cudnn *lib, const drift_convolution *p, unsigned long long image, unsigned long long kernels,
                          unsigned long long output, unsigned long long workspace) {
	const float one32 = 1, zero32 = 0;
	const double one64 = 1, zero64 = 0;
	const void *one = p->wide ? (const void *)&one64 : (const void *)&one32;
	const void *zero = p->wide ? (const void *)&zero64 : (const void *)&zero32;
	void *shapes[3], *data[3];
	operands(p, p->image, p->kernels, p->output, shapes);
	operands(p, (void *)image, (void *)kernels, (void *)output, data);
	return lib->run[p->direction](lib->handle, one, shapes[0], data[0], shapes[1], data[1], p->convolution, p->algorithm,
	                              (void *)workspace, p->workspace, zero, shapes[2], data[2]);
}

void drift_convolution_free(const drift_cudnn *lib, drift_convolution *p) {
	if (p->image) lib->destroy_tensor(p->image);
	if (p->output) lib->destroy_tensor(p->output);
	if (p->kernels) lib->destroy_filter(p->kernels);
	if (p->convolution) lib->destroy_convolution(p->convolution);
}

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
