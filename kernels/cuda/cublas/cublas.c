//go:build gpu

#include "cublas.h"

int drift_cublas_bind(drift_cublas *lib, void *stream, unsigned long long workspace, size_t bytes, int *version) {
	int status = lib->create(&lib->handle);
	if (status == 0) status = lib->version(lib->handle, version);
	// Setting the stream resets the workspace, so it comes first.
	if (status == 0) status = lib->set_stream(lib->handle, stream);
	if (status == 0) status = lib->set_workspace(lib->handle, (void *)workspace, bytes);
	return status;
}

int drift_cublas_gemm(const drift_cublas *lib, const drift_gemm *g) {
	enum { compute_64f = 70, real_32f = 0, real_64f = 1, real_16bf = 14, default_algorithm = -1 };
	const float alpha32 = (float)g->alpha, beta32 = (float)g->beta;
	const int wide = g->compute == compute_64f, type = wide ? real_64f : real_32f;
	const int factors = g->narrow ? real_16bf : type, result = g->narrow_c ? real_16bf : type;
	const void *alpha = wide ? (const void *)&g->alpha : (const void *)&alpha32;
	const void *beta = wide ? (const void *)&g->beta : (const void *)&beta32;
	const void *a = (const void *)g->a, *b = (const void *)g->b;
	void *c = (void *)g->c;
	if (g->batch == 1)
		return lib->gemm(lib->handle, g->ta, g->tb, g->m, g->n, g->k, alpha, a, factors, g->lda, b, factors, g->ldb, beta, c, result,
		                 g->ldc, g->compute, default_algorithm);
	return lib->gemm_batched(lib->handle, g->ta, g->tb, g->m, g->n, g->k, alpha, a, factors, g->lda, g->sa, b, factors, g->ldb, g->sb,
	                         beta, c, result, g->ldc, g->sc, g->batch, g->compute, default_algorithm);
}

void drift_cublas_close(drift_cublas *lib) {
	if (lib->handle) lib->destroy(lib->handle);
}

const char *drift_cublas_text(const drift_cublas *lib, int status) { return lib->text ? lib->text(status) : "no text"; }
