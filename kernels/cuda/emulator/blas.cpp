// A stand-in for libcublas.so.12: the calls that drift makes, column-major as there, sums in float64.
#include "emulator.h"

#include <vector>

namespace {

struct Handle { void *stream = nullptr; };

enum { NOT_SUPPORTED = 15, REAL_32F = 0, REAL_64F = 1 };

struct Product {
	int transa, transb, m, n, k;
	double alpha, beta;
	const void *a, *b;
	void *c;
	long long lda, ldb, ldc, stridea, strideb, stridec;
	int batch;
};

// rows copies op(x), [r, c], row-major.
template <class T> void rows(std::vector<double> &to, const T *x, bool transposed, int r, int c, long long ld) {
	to.resize(size_t(r) * c);
	for (int i = 0; i < r; i++)
		for (int j = 0; j < c; j++) to[size_t(i) * c + j] = transposed ? x[i * ld + j] : x[j * ld + i];
}

template <class T> void multiply(const Product &p) {
	std::vector<double> a, b, sum(p.n);
	for (int g = 0; g < p.batch; g++) {
		T *c = static_cast<T *>(p.c) + g * p.stridec;
		if (g == 0 || p.stridea) rows(a, static_cast<const T *>(p.a) + g * p.stridea, p.transa, p.m, p.k, p.lda);
		if (g == 0 || p.strideb) rows(b, static_cast<const T *>(p.b) + g * p.strideb, p.transb, p.k, p.n, p.ldb);
		for (int i = 0; i < p.m; i++) {
			sum.assign(p.n, 0);
			for (int l = 0; l < p.k; l++)
				for (int j = 0; j < p.n; j++) sum[j] += a[size_t(i) * p.k + l] * b[size_t(l) * p.n + j];
			for (int j = 0; j < p.n; j++) {
				T &to = c[i + j * p.ldc];
				to = T(p.alpha * sum[j] + (p.beta == 0 ? 0 : p.beta * to));
			}
		}
	}
}

int submit(void *handle, int type, const void *alpha, const void *beta, Product p) {
	if (type != REAL_32F && type != REAL_64F) return NOT_SUPPORTED;
	const bool single = type == REAL_32F;
	p.alpha = single ? *static_cast<const float *>(alpha) : *static_cast<const double *>(alpha);
	p.beta = single ? *static_cast<const float *>(beta) : *static_cast<const double *>(beta);
	emulator::submit(static_cast<Handle *>(handle)->stream, [=] { single ? multiply<float>(p) : multiply<double>(p); });
	return 0;
}

} // namespace

extern "C" {

int cublasCreate_v2(void **h) { return *h = new Handle, 0; }
int cublasDestroy_v2(void *h) { return delete static_cast<Handle *>(h), 0; }
int cublasGetVersion_v2(void *, int *v) { return *v = 110800, 0; }
int cublasSetStream_v2(void *h, void *stream) { return static_cast<Handle *>(h)->stream = stream, 0; }
int cublasSetWorkspace_v2(void *, void *, size_t) { return 0; }

int cublasGemmStridedBatchedEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int type, int lda,
                               long long stridea, const void *b, int, int ldb, long long strideb, const void *beta, void *c, int,
                               int ldc, long long stridec, int batch, int, int) {
	return submit(h, type, alpha, beta,
	              {transa, transb, m, n, k, 0, 0, a, b, c, lda, ldb, ldc, stridea, strideb, stridec, batch});
}

int cublasGemmEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int type, int lda, const void *b,
                 int typeb, int ldb, const void *beta, void *c, int typec, int ldc, int compute, int algo) {
	return cublasGemmStridedBatchedEx(h, transa, transb, m, n, k, alpha, a, type, lda, 0, b, typeb, ldb, 0, beta, c, typec, ldc, 0, 1,
	                                  compute, algo);
}
}
