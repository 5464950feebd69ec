#include <stddef.h>
#include <stdlib.h>

// The calls of cuBLAS that are used, in the order of the names in cublas.go; their signatures and enum values are the same in versions 11 to
// 13.
typedef struct {
	int (*create)(void **handle);
	int (*destroy)(void *handle);
	int (*version)(void *handle, int *version);
	int (*set_stream)(void *handle, void *stream);
	int (*set_workspace)(void *handle, void *workspace, size_t bytes);
	const char *(*text)(int status); // from 11.4 on
	int (*gemm)(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int type, int lda,
	            const void *b, int typeb, int ldb, const void *beta, void *c, int typec, int ldc, int compute, int algorithm);
	int (*gemm_batched)(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int type, int lda,
	                    long long sa, const void *b, int typeb, int ldb, long long sb, const void *beta, void *c, int typec,
	                    int ldc, long long sc, int batch, int compute, int algorithm);
	void *handle;
} drift_cublas;

typedef struct {
	int compute, narrow, narrow_c, ta, tb, m, n, k; // narrow: A and B, and C, are of bfloat16
	double alpha, beta;
	unsigned long long a, b, c;
	int lda, ldb, ldc;
	long long sa, sb, sc;
	int batch;
} drift_gemm;

int drift_cublas_bind(drift_cublas *lib, void *stream, unsigned long long workspace, size_t bytes, int *version);
int drift_cublas_gemm(const drift_cublas *lib, const drift_gemm *g);
void drift_cublas_close(drift_cublas *lib);

// drift_cublas_text is the library's own word for a status.
const char *drift_cublas_text(const drift_cublas *lib, int status);
