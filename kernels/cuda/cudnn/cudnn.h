#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// The calls of cuDNN that are used, in the order of the names in cudnn.go; their signatures are the same in versions 8 and 9.
typedef struct {
	size_t (*version)(void);
	int (*create)(void **handle);
	int (*destroy)(void *handle);
	int (*set_stream)(void *handle, void *stream);
	const char *(*text)(int status);
	int (*create_descriptor)(int kind, void **descriptor), (*destroy_descriptor)(void *descriptor), (*finalize)(void *descriptor);
	int (*set_attribute)(void *descriptor, int name, int type, int64_t count, const void *values);
	int (*get_attribute)(void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *values);
	int (*execute)(void *handle, void *plan, void *pack);
	void (*last_error)(char *text, size_t bytes); // from 9.0 on
	void *handle;
} drift_cudnn;

// drift_cudnn_bind returns nonzero where the library does not work or its version is not what is needed, with the reason.
int drift_cudnn_bind(drift_cudnn *lib, void *stream, const char **why);
int drift_cudnn_version(const drift_cudnn *lib);
void drift_cudnn_close(drift_cudnn *lib);

// drift_cudnn_text is the library's own word for a status.
const char *drift_cudnn_text(const drift_cudnn *lib, int status);

// The calls of the graph API.
int drift_dnn_create(const drift_cudnn *lib, int kind, void **descriptor);
int drift_dnn_destroy(const drift_cudnn *lib, void *descriptor);
int drift_dnn_finalize(const drift_cudnn *lib, void *descriptor);
int drift_dnn_set(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t count, const void *values);
int drift_dnn_get(const drift_cudnn *lib, void *descriptor, int name, int type, int64_t wanted, int64_t *count, void *values);
int drift_dnn_execute(const drift_cudnn *lib, void *plan, void *pack);

// drift_dnn_last_error writes what the library says of the last call that failed, or nothing.
void drift_dnn_last_error(const drift_cudnn *lib, char *text, size_t bytes);
