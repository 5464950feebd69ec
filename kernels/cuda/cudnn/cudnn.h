#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// drift_convolution_algorithm is how cuDNN reports an algorithm, the same for the three directions.
typedef struct {
	int algorithm, status;
	float time;
	size_t memory;
	int determinism, math, reserved[3];
} drift_convolution_algorithm;

typedef int drift_choose(void *handle, void *a, void *b, void *convolution, void *c, int wanted, int *found,
                         drift_convolution_algorithm *list);
typedef int drift_measure(void *handle, void *a, void *b, void *convolution, void *c, int algorithm, size_t *bytes);
typedef int drift_convolve(void *handle, const void *alpha, void *a_shape, const void *a, void *b_shape, const void *b,
                           void *convolution, int algorithm, void *workspace, size_t bytes, const void *beta, void *c_shape, void *c);

// The calls of cuDNN that are used, in the order of the names in cudnn.go; their signatures and enum values are the same in versions 8 and 9.
// choose, measure and run are for the forward product, the gradient in the image and the gradient in the kernels.
typedef struct {
	size_t (*version)(void);
	int (*create)(void **handle);
	int (*destroy)(void *handle);
	int (*set_stream)(void *handle, void *stream);
	const char *(*text)(int status);
	int (*create_tensor)(void **), (*create_filter)(void **), (*create_convolution)(void **);
	int (*destroy_tensor)(void *), (*destroy_filter)(void *), (*destroy_convolution)(void *);
	int (*set_tensor)(void *tensor, int format, int type, int n, int c, int h, int w);
	int (*set_filter)(void *filter, int type, int format, int o, int c, int h, int w);
	int (*set_convolution)(void *convolution, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h, int dilation_w,
	                       int mode, int type);
	int (*set_math)(void *convolution, int math), (*set_groups)(void *convolution, int groups);
	drift_choose *choose[3];
	drift_measure *measure[3];
	drift_convolve *run[3];
	int (*create_descriptor)(int kind, void **descriptor), (*destroy_descriptor)(void *descriptor), (*finalize)(void *descriptor);
	int (*set_attribute)(void *descriptor, int name, int type, int64_t count, const void *values);
	int (*get_attribute)(void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *values);
	int (*execute)(void *handle, void *plan, void *pack);
	void (*last_error)(char *text, size_t bytes); // from 9.0 on
	void *handle;
} drift_cudnn;

// drift_convolution is one convolution with its shapes, as cuDNN describes them.
typedef struct {
	int direction, wide, math, algorithm;
	int status, found; // of the search for an algorithm: how it failed, how many were offered
	size_t least;      // the least workspace among those that were allowed but wanted too much
	int n, c, h, w, o, kh, kw, sh, sw, ph, pw, dh, dw, groups, oh, ow;
	size_t workspace;
	void *image, *kernels, *output, *convolution;
} drift_convolution;

// drift_cudnn_bind returns nonzero where the library does not work or its version is not what is needed, with the reason.
int drift_cudnn_bind(drift_cudnn *lib, void *stream, const char **why);
int drift_cudnn_version(const drift_cudnn *lib);
void drift_cudnn_close(drift_cudnn *lib);

// drift_convolution_plan describes the shapes, picks the fastest algorithm among those allowed whose workspace fits into limit bytes,
// and returns nonzero where there is none. drift_convolution_free takes back what it made.
int drift_convolution_plan(const drift_cudnn *lib, drift_convolution *p, size_t limit);
void drift_convolution_free(const drift_cudnn *lib, drift_convolution *p);

// drift_cudnn_text is the library's own word for a status.
const char *drift_cudnn_text(const drift_cudnn *lib, int status);

// drift_convolution_run computes the operand that the direction says from the two others: 0 output, 1 image, 2 kernels.
int drift_convolution_run(const drift_cudnn *lib, const drift_convolution *p, unsigned long long image, unsigned long long kernels,
                          unsigned long long output, unsigned long long workspace);

// The calls of the graph API.
int drift_dnn_create(const drift_cudnn *lib, int kind, void **descriptor);
int drift_dnn_destroy(const drift_cudnn *lib, void *descriptor);
int drift_dnn_finalize(const drift_cudnn *lib, void *descriptor);
int drift_dnn_set(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t count, const void *values);
int drift_dnn_get(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *values);
int drift_dnn_execute(const drift_cudnn *lib, void *plan, void *pack);

// drift_dnn_last_error writes what the library says of the last call that failed, or nothing.
void drift_dnn_last_error(const drift_cudnn *lib, char *text, size_t bytes);
