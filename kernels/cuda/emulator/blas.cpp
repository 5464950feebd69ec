// A stand-in for libcublas.so.12: the calls that drift makes, column-major as there, with the rounding of the real ones. It refuses
// arguments that cuBLAS refuses or that would let it read or write past the operands, and products without a workspace of the
// caller's, for which it would allocate memory.
#include "product.h"

namespace {

struct Handle {
	void *stream = nullptr;
	bool workspace = false;
};

enum { DEFAULT_ALGORITHM = -1 };

int check(const Handle *h, const Product &p, int type, int typec, int compute) {
	const bool single = type == REAL_32F && (compute == COMPUTE_32F || compute == COMPUTE_32F_FAST_16BF || compute == COMPUTE_32F_FAST_TF32);
	const bool narrow = type == REAL_16BF && compute == COMPUTE_32F; // with a result of either type
	const size_t size = narrow ? 2 : single ? 4 : 8, sizec = narrow && typec == REAL_32F ? 4 : size;
	if (typec != type && !(narrow && typec == REAL_32F)) return NOT_SUPPORTED;
	if (!emulator::usable(h->stream)) return NOT_INITIALIZED;
	if (!h->workspace) return INTERNAL_ERROR;
	if (!single && !narrow && !(type == REAL_64F && compute == COMPUTE_64F)) return NOT_SUPPORTED;
	const bool a = matrices(p.a, size, p.transa ? p.k : p.m, p.transa ? p.m : p.k, p.lda, p.stridea, p.batch);
	const bool b = matrices(p.b, size, p.transb ? p.n : p.k, p.transb ? p.k : p.n, p.ldb, p.strideb, p.batch);
	const bool c = matrices(p.c, sizec, p.m, p.n, p.ldc, p.stridec, p.batch) && (p.batch == 1 || p.stridec >= p.ldc * (p.n - 1) + p.m);
	const bool sizes = p.m > 0 && p.n > 0 && p.k > 0 && p.batch > 0 && (p.transa | p.transb | 1) == 1;
	return a && b && c && sizes ? 0 : INVALID_VALUE;
}

int submit(void *handle, int type, int typec, int compute, const void *alpha, const void *beta, Product p) {
	const Handle *h = static_cast<Handle *>(handle);
	if (int status = check(h, p, type, typec, compute)) return status;
	const bool single = compute != COMPUTE_64F;
	p.rounded = bits(compute);
	p.alpha = single ? *static_cast<const float *>(alpha) : *static_cast<const double *>(alpha);
	p.beta = single ? *static_cast<const float *>(beta) : *static_cast<const double *>(beta);
	emulator::submit(h->stream, [=] {
		if (type == REAL_16BF && typec == REAL_16BF) multiply<float, Bfloat16, Bfloat16>(p);
		else if (type == REAL_16BF) multiply<float, Bfloat16, float>(p);
		else if (single) multiply<float>(p);
		else multiply<double>(p);
	});
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
	if (typeb != type || algorithm != DEFAULT_ALGORITHM) return NOT_SUPPORTED;
	return submit(h, type, typec, compute, alpha, beta,
	              {transa, transb, m, n, k, 0, 0, a, b, c, lda, ldb, ldc, stridea, strideb, stridec, batch});
}

int cublasGemmEx(void *h, int transa, int transb, int m, int n, int k, const void *alpha, const void *a, int type, int lda, const void *b,
                 int typeb, int ldb, const void *beta, void *c, int typec, int ldc, int compute, int algorithm) {
	return cublasGemmStridedBatchedEx(h, transa, transb, m, n, k, alpha, a, type, lda, 0, b, typeb, ldb, 0, beta, c, typec, ldc, 0, 1,
	                                  compute, algorithm);
}
}
