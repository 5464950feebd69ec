// A stand-in for libcublas.so.12: the calls that drift makes, column-major as there, with the rounding of the real ones. It refuses
// arguments that cuBLAS refuses or that would let it read or write past the operands, and products without a workspace of the
// caller's, for which it would allocate memory.
#include "emulator.h"

#include <vector>

namespace {

struct Handle {
	void *stream = nullptr;
	bool workspace = false;
};

enum { NOT_INITIALIZED = 1, INVALID_VALUE = 7, INTERNAL_ERROR = 14, NOT_SUPPORTED = 15, REAL_32F = 0, REAL_64F = 1 };
enum { COMPUTE_32F = 68, COMPUTE_64F = 70, COMPUTE_32F_FAST_16BF = 75, COMPUTE_32F_FAST_TF32 = 77, DEFAULT_ALGORITHM = -1 };

struct Product {
	int transa, transb, m, n, k;
	double alpha, beta;
	const void *a, *b;
	void *c;
	long long lda, ldb, ldc, stridea, strideb, stridec;
	int batch;
	int rounded = 0; // bits of a factor's mantissa that are rounded away
};

double rounded(double x, int) { return x; }

// rounded is x with so few bits less, to nearest; NaN and infinities stay.
float rounded(float x, int bits) {
	unsigned u;
	memcpy(&u, &x, sizeof u);
	if (bits && (u >> 23 & 255) != 255) u = (u + (1u << (bits - 1)) - 1 + (u >> bits & 1)) & ~0u << bits;
	memcpy(&x, &u, sizeof u);
	return x;
}

// rows copies op(x), [r, c], row-major.
template <class T> void rows(std::vector<T> &to, const T *x, bool transposed, int r, int c, long long ld, int bits) {
	to.resize(size_t(r) * c);
	for (int i = 0; i < r; i++)
		for (int j = 0; j < c; j++) to[size_t(i) * c + j] = rounded(transposed ? x[i * ld + j] : x[j * ld + i], bits);
}

template <class T> void multiply(const Product &p) {
	std::vector<T> a, b, sum(p.n);
	for (int g = 0; g < p.batch; g++) {
		T *c = static_cast<T *>(p.c) + g * p.stridec;
		if (g == 0 || p.stridea) rows(a, static_cast<const T *>(p.a) + g * p.stridea, p.transa, p.m, p.k, p.lda, p.rounded);
		if (g == 0 || p.strideb) rows(b, static_cast<const T *>(p.b) + g * p.strideb, p.transb, p.k, p.n, p.ldb, p.rounded);
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

// matrices reports whether a batch of r×c matrices with this distance between columns lies in the device's memory.
bool matrices(const void *p, size_t size, long long r, long long c, long long ld, long long stride, int batch) {
	const long long last = (c - 1) * ld + r + (batch - 1) * stride;
	return ld >= r && stride >= 0 && reinterpret_cast<size_t>(p) % size == 0 && emulator::inside(p, size_t(last) * size);
}

int check(const Handle *h, const Product &p, int type, int compute) {
	const bool single = type == REAL_32F && (compute == COMPUTE_32F || compute == COMPUTE_32F_FAST_16BF || compute == COMPUTE_32F_FAST_TF32);
	const size_t size = single ? 4 : 8;
	if (!emulator::usable(h->stream)) return NOT_INITIALIZED;
	if (!h->workspace) return INTERNAL_ERROR;
	if (!single && !(type == REAL_64F && compute == COMPUTE_64F)) return NOT_SUPPORTED;
	const bool a = matrices(p.a, size, p.transa ? p.k : p.m, p.transa ? p.m : p.k, p.lda, p.stridea, p.batch);
	const bool b = matrices(p.b, size, p.transb ? p.n : p.k, p.transb ? p.k : p.n, p.ldb, p.strideb, p.batch);
	const bool c = matrices(p.c, size, p.m, p.n, p.ldc, p.stridec, p.batch) && (p.batch == 1 || p.stridec >= p.ldc * (p.n - 1) + p.m);
	const bool sizes = p.m > 0 && p.n > 0 && p.k > 0 && p.batch > 0 && (p.transa | p.transb | 1) == 1;
	return a && b && c && sizes ? 0 : INVALID_VALUE;
}

int submit(void *handle, int type, int compute, const void *alpha, const void *beta, Product p) {
	const Handle *h = static_cast<Handle *>(handle);
	if (int status = check(h, p, type, compute)) return status;
	const bool single = type == REAL_32F;
	p.rounded = compute == COMPUTE_32F_FAST_TF32 ? 13 : compute == COMPUTE_32F_FAST_16BF ? 16 : 0;
	p.alpha = single ? *static_cast<const float *>(alpha) : *static_cast<const double *>(alpha);
	p.beta = single ? *static_cast<const float *>(beta) : *static_cast<const double *>(beta);
	emulator::submit(h->stream, [=] { single ? multiply<float>(p) : multiply<double>(p); });
	return 0;
}

} // namespace

extern "C" {

int cublasCreate_v2(void **h) { return emulator::usable(nullptr) ? (*h = new Handle, 0) : NOT_INITIALIZED; }
const char *cublasGetStatusString(int) { return "refused by the stand-in"; }
int cublasDestroy_v2(void *h) { return delete static_cast<Handle *>(h), 0; }
int cublasGetVersion_v2(void *, int *v) { return *v = 11800, 0; }

// The workspace is forgotten, as cuBLAS does it.
int cublasSetStream_v2(void *h, void *stream) { return *static_cast<Handle *>(h) = {stream, false}, 0; }

int cublasSetWorkspace_v2(void *h, void *workspace, size_t bytes) {
	if (reinterpret_cast<size_t>(workspace) % 256 || !emulator::inside(workspace, bytes)) return INVALID_VALUE;
	return static_cast<Handle *>(h)->workspace = true, 0;
}

int cublasGemmStridedBatchedEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int type, int lda,
                               long long stridea, const void *b, int typeb, int ldb, long long strideb, const void *beta, void *c,
                               int typec, int ldc, long long stridec, int batch, int compute, int algorithm) {
	if (typeb != type || typec != type || algorithm != DEFAULT_ALGORITHM) return NOT_SUPPORTED;
	return submit(h, type, compute, alpha, beta,
	              {transa, transb, m, n, k, 0, 0, a, b, c, lda, ldb, ldc, stridea, strideb, stridec, batch});
}

int cublasGemmEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int type, int lda, const void *b,
                 int typeb, int ldb, const void *beta, void *c, int typec, int ldc, int compute, int algorithm) {
	return cublasGemmStridedBatchedEx(h, transa, transb, m, n, k, alpha, a, type, lda, 0, b, typeb, ldb, 0, beta, c, typec, ldc, 0, 1,
	                                  compute, algorithm);
}
}
