// A stand-in for libcudnn.so.9: the calls that drift makes, as plain loops. Like cuDNN it is a front for libraries that it opens by
// their names alone, and ends the process where one is not found.
#include "dnn.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <vector>

namespace {

using dnn::Handle;
struct Shape { int type, n, c, h, w; };
struct Convolution { int ph, pw, sh, sw, dh, dw, mode, type, math = 0, groups = 1; };

struct Algorithm {
	int algorithm, status;
	float time;
	size_t memory;
	int determinism, math, reserved[3];
};

enum { NOT_INITIALIZED = 1, BAD_PARAM = 3, FORWARD, IMAGE, KERNELS, WORKSPACE = 64 };

// each calls f(image, kernel, output element) for every product of the convolution.
template <class F> void each(const Shape &x, const Shape &k, const Shape &y, const Convolution &c, F f) {
	for (int n = 0; n < y.n; n++)
		for (int o = 0; o < y.c; o++)
			for (int p = 0; p < y.h * y.w; p++)
				for (int q = 0; q < k.c * k.h * k.w; q++) {
					const int channel = o / (y.c / c.groups) * k.c + q / (k.h * k.w);
					const int row = p / y.w * c.sh + q / k.w % k.h * c.dh - c.ph, col = p % y.w * c.sw + q % k.w * c.dw - c.pw;
					if (row < 0 || row >= x.h || col < 0 || col >= x.w) continue;
					const size_t pixel = ((size_t(n) * x.c + channel) * x.h + row) * x.w + col;
					f(pixel, size_t(o) * k.c * k.h * k.w + q, (size_t(n) * y.c + o) * y.h * y.w + p);
				}
}

// workspace is what an algorithm asks for; the environment may ask for more, to see a convolution refused.
size_t workspace() {
	const char *n = getenv("DRIFT_EMULATOR_WORKSPACE");
	return n ? strtoull(n, nullptr, 10) : WORKSPACE;
}

size_t size(const Shape &s) { return size_t(s.n) * s.c * s.h * s.w; }

template <class T> void run(int direction, Shape x, Shape k, Shape y, Convolution c, const T *a, const T *b, T *out) {
	std::vector<T> sum(size(direction == FORWARD ? y : direction == IMAGE ? x : k));
	each(x, k, y, c, [&](size_t i, size_t w, size_t o) {
		if (direction == FORWARD) sum[o] += a[i] * b[w];
		if (direction == IMAGE) sum[i] += a[w] * b[o];
		if (direction == KERNELS) sum[w] += a[i] * b[o];
	});
	for (size_t i = 0; i < sum.size(); i++) out[i] = sum[i];
}

bool fits(const Shape &x, const Shape &k, const Shape &y, const Convolution &c) {
	return x.n == y.n && x.c == k.c * c.groups && y.c == k.n && y.c % c.groups == 0 &&
	       y.h == (x.h + 2 * c.ph - (k.h - 1) * c.dh - 1) / c.sh + 1 && y.w == (x.w + 2 * c.pw - (k.w - 1) * c.dw - 1) / c.sw + 1 &&
	       c.mode == 1 && x.type == k.type && x.type == y.type && x.type == c.type && size(x) && size(k) && size(y);
}

// Two algorithms, of which the first is not deterministic.
int choose(const Shape &x, const Shape &k, const Shape &y, const Convolution &c, int wanted, int *found, Algorithm *list, int first) {
	if (wanted < 2 || !fits(x, k, y, c)) return BAD_PARAM;
	list[0] = {first, 0, 1, 0, 0, c.math, {}};
	list[1] = {1, 0, 2, workspace(), 1, c.math, {}};
	*found = 2;
	return 0;
}

int submit(Handle *h, int direction, const Shape &x, const Shape &k, const Shape &y, const Convolution &c, const void *a, const void *b,
           void *out, int algorithm, void *workspace, size_t bytes) {
	const size_t addresses = size_t(a) | size_t(b) | size_t(out) | size_t(workspace), wide = x.type == 0 ? 4 : 8;
	if (!fits(x, k, y, c) || algorithm != 1 || bytes < WORKSPACE || addresses % 16 != 0) return BAD_PARAM;
	const Shape &first = direction == IMAGE ? k : x, &second = direction == FORWARD ? k : y;
	const Shape &result = direction == FORWARD ? y : direction == IMAGE ? x : k;
	if (!emulator::usable(h->stream) || !emulator::inside(workspace, bytes) || !emulator::inside(a, size(first) * wide) ||
	    !emulator::inside(b, size(second) * wide) || !emulator::inside(out, size(result) * wide))
		return BAD_PARAM;
	emulator::submit(h->stream, [=] {
		memset(workspace, 0xff, bytes);
		if (x.type == 0) run(direction, x, k, y, c, static_cast<const float *>(a), static_cast<const float *>(b), static_cast<float *>(out));
		else run(direction, x, k, y, c, static_cast<const double *>(a), static_cast<const double *>(b), static_cast<double *>(out));
	});
	return 0;
}

} // namespace

extern "C" {

const char *cudnnGetErrorString(int) { return "refused by the stand-in"; }
size_t cudnnGetVersion() { return 90000; }
int cudnnCreate(Handle **h) {
	for (const char *part : {"libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9"}) {
		if (dlopen(part, RTLD_NOW | RTLD_LOCAL)) continue;
		fprintf(stderr, "Unable to load %s\n", part);
		abort();
	}
	return emulator::usable(nullptr) ? (*h = new Handle, 0) : NOT_INITIALIZED;
}
int cudnnDestroy(Handle *h) { return delete h, 0; }
int cudnnSetStream(Handle *h, void *stream) { return h->stream = stream, 0; }

int cudnnCreateTensorDescriptor(Shape **s) { return *s = new Shape{}, 0; }
int cudnnCreateFilterDescriptor(Shape **s) { return *s = new Shape{}, 0; }
int cudnnCreateConvolutionDescriptor(Convolution **c) { return *c = new Convolution{}, 0; }
int cudnnDestroyTensorDescriptor(Shape *s) { return delete s, 0; }
int cudnnDestroyFilterDescriptor(Shape *s) { return delete s, 0; }
int cudnnDestroyConvolutionDescriptor(Convolution *c) { return delete c, 0; }

int cudnnSetTensor4dDescriptor(Shape *s, int format, int type, int n, int c, int h, int w) {
	*s = {type, n, c, h, w};
	return format == 0 ? 0 : BAD_PARAM;
}
int cudnnSetFilter4dDescriptor(Shape *s, int type, int format, int o, int c, int h, int w) {
	*s = {type, o, c, h, w};
	return format == 0 ? 0 : BAD_PARAM;
}
int cudnnSetConvolution2dDescriptor(Convolution *c, int ph, int pw, int sh, int sw, int dh, int dw, int mode, int type) {
	*c = {ph, pw, sh, sw, dh, dw, mode, type};
	return 0;
}
int cudnnSetConvolutionGroupCount(Convolution *c, int groups) { return c->groups = groups, groups > 0 ? 0 : BAD_PARAM; }
int cudnnSetConvolutionMathType(Convolution *c, int math) { return c->math = math, 0; }

int cudnnGetConvolutionForwardAlgorithm_v7(Handle *, Shape *x, Shape *k, Convolution *c, Shape *y, int wanted, int *found, Algorithm *list) {
	return choose(*x, *k, *y, *c, wanted, found, list, 4);
}
int cudnnGetConvolutionBackwardDataAlgorithm_v7(Handle *, Shape *k, Shape *y, Convolution *c, Shape *x, int wanted, int *found,
                                                Algorithm *list) {
	return choose(*x, *k, *y, *c, wanted, found, list, 0);
}
int cudnnGetConvolutionBackwardFilterAlgorithm_v7(Handle *, Shape *x, Shape *y, Convolution *c, Shape *k, int wanted, int *found,
                                                Algorithm *list) {
	return choose(*x, *k, *y, *c, wanted, found, list, 0);
}

int cudnnGetConvolutionForwardWorkspaceSize(Handle *, Shape *, Shape *, Convolution *, Shape *, int, size_t *n) { return *n = workspace(), 0; }
int cudnnGetConvolutionBackwardDataWorkspaceSize(Handle *, Shape *, Shape *, Convolution *, Shape *, int, size_t *n) {
	return *n = workspace(), 0;
}
int cudnnGetConvolutionBackwardFilterWorkspaceSize(Handle *, Shape *, Shape *, Convolution *, Shape *, int, size_t *n) {
	return *n = workspace(), 0;
}

int cudnnConvolutionForward(Handle *h, const void *, Shape *xs, const void *x, Shape *ks, const void *k, Convolution *c, int algorithm,
                            void *workspace, size_t bytes, const void *, Shape *ys, void *y) {
	return submit(h, FORWARD, *xs, *ks, *ys, *c, x, k, y, algorithm, workspace, bytes);
}
int cudnnConvolutionBackwardData(Handle *h, const void *, Shape *ks, const void *k, Shape *ys, const void *y, Convolution *c, int algorithm,
                                 void *workspace, size_t bytes, const void *, Shape *xs, void *x) {
	return submit(h, IMAGE, *xs, *ks, *ys, *c, k, y, x, algorithm, workspace, bytes);
}
int cudnnConvolutionBackwardFilter(Handle *h, const void *, Shape *xs, const void *x, Shape *ys, const void *y, Convolution *c,
                                   int algorithm, void *workspace, size_t bytes, const void *, Shape *ks, void *k) {
	return submit(h, KERNELS, *xs, *ks, *ys, *c, x, y, k, algorithm, workspace, bytes);
}
}
