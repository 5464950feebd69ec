// What the stand-ins for cuBLAS and cublasLt have in common: products by columns, rounded as the real ones round.
#pragma once
#include "bfloat16.h"
#include "emulator.h"

#include <vector>

namespace {

enum { NOT_INITIALIZED = 1, INVALID_VALUE = 7, INTERNAL_ERROR = 14, NOT_SUPPORTED = 15, REAL_32F = 0, REAL_64F = 1, REAL_16BF = 14 };
enum { COMPUTE_32F = 68, COMPUTE_64F = 70, COMPUTE_32F_FAST_16BF = 75, COMPUTE_32F_FAST_TF32 = 77 };

struct Product {
	int transa, transb, m, n, k;
	double alpha, beta;
	const void *a, *b;
	void *c;
	long long lda, ldb, ldc, stridea, strideb, stridec;
	int batch;
	int rounded = 0; // bits of a factor's mantissa that are rounded away
};

// rows copies op(x), [r, c], row-major.
template <class T, class F> void rows(std::vector<T> &to, const F *x, bool transposed, int r, int c, long long ld, int bits) {
	to.resize(size_t(r) * c);
	for (int i = 0; i < r; i++)
		for (int j = 0; j < c; j++) to[size_t(i) * c + j] = rounded(T(transposed ? x[i * ld + j] : x[j * ld + i]), bits);
}

// multiply adds up in T what is stored in F, and stores it in C.
template <class T, class F = T, class C = T> void multiply(const Product &p) {
	std::vector<T> a, b, sum(p.n);
	for (int g = 0; g < p.batch; g++) {
		C *c = static_cast<C *>(p.c) + g * p.stridec;
		if (g == 0 || p.stridea) rows(a, static_cast<const F *>(p.a) + g * p.stridea, p.transa, p.m, p.k, p.lda, p.rounded);
		if (g == 0 || p.strideb) rows(b, static_cast<const F *>(p.b) + g * p.strideb, p.transb, p.k, p.n, p.ldb, p.rounded);
		for (int i = 0; i < p.m; i++) {
			sum.assign(p.n, 0);
			for (int l = 0; l < p.k; l++)
				for (int j = 0; j < p.n; j++) sum[j] += a[size_t(i) * p.k + l] * b[size_t(l) * p.n + j];
			for (int j = 0; j < p.n; j++) {
				C &to = c[i + j * p.ldc];
				to = C(T(p.alpha * sum[j] + (p.beta == 0 ? 0 : p.beta * to)));
			}
		}
	}
}

// matrices reports whether a batch of r×c matrices with this distance between columns lies in the device's memory.
bool matrices(const void *p, size_t size, long long r, long long c, long long ld, long long stride, int batch) {
	const long long last = (c - 1) * ld + r + (batch - 1) * stride;
	return ld >= r && stride >= 0 && reinterpret_cast<size_t>(p) % size == 0 && emulator::inside(p, size_t(last) * size);
}

// bits is what a compute type rounds away of a float's mantissa.
int bits(int compute) { return compute == COMPUTE_32F_FAST_TF32 ? 13 : compute == COMPUTE_32F_FAST_16BF ? 16 : 0; }

} // namespace
