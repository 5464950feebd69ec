// A stand-in for libcublasLt.so.12: the calls that drift makes, by columns as there. It refuses what cublasLt refuses: masks whose columns are no
// multiples of 128 bits, operands at addresses that the heuristic was not told of, algorithms that were chosen for another product.
#include "product.h"

#include <stdlib.h>

namespace {

constexpr unsigned RELU = 2, BIAS = 4, DRELU = 8, BGRAD = 16, GELU = 32, DGELU = 64, AUX = 128, BGRADB = 512;

struct Layout {
	int type;
	uint64_t rows, columns;
	int64_t ld;
};

struct Matmul {
	int compute, scale, transa = 0, transb = 0;
	unsigned epilogue = 1;
	void *bias = nullptr, *aux = nullptr;
	int64_t ldaux = 0;
};

struct Preference {
	uint64_t workspace = 0;
	unsigned alignments[4] = {256, 256, 256, 256};
};

// Algorithm is what the opaque one holds: what it was chosen for.
struct Algorithm {
	uint64_t m, n, k;
	uint32_t compute, epilogue, transposed, alignments[4], workspace, chosen, types;
};

struct Choice {
	Algorithm algorithm;
	size_t workspace;
	int state;
	float waves;
	int reserved[4];
};

static_assert(sizeof(Algorithm) == 64 && sizeof(Choice) == 96);

enum { WORKSPACE = 1 << 20, CHOSEN = 0x1eaf };

// refused says whether the environment wants an epilogue refused, by its number: "130,152".
bool refused(unsigned epilogue) {
	const char *list = getenv("DRIFT_EMULATOR_NO_EPILOGUE");
	while (list && *list) {
		char *end;
		if (strtoul(list, &end, 10) == epilogue) return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

bool known(unsigned e) {
	if (e == BGRADB) return true;
	for (unsigned one : {0u, RELU, GELU, RELU | AUX, GELU | AUX})
		if (e == (one | BIAS) || (one && e == one)) return true;
	for (unsigned one : {DRELU | AUX, DGELU | AUX})
		if (e == one || e == (one | BGRAD)) return true;
	return false;
}

template <class T> int set(T &to, const void *value, size_t bytes) {
	if (!value || bytes != sizeof to) return INVALID_VALUE;
	memcpy(&to, value, bytes);
	return 0;
}

unsigned aligned(const void *p) {
	const size_t at = reinterpret_cast<size_t>(p), low = at & -at;
	return low == 0 || low > 256 ? 256 : unsigned(low);
}

size_t size(int type) { return type == REAL_64F ? 8 : type == REAL_16BF ? 2 : 4; }

// fits reports sizes and types that belong together.
bool fits(const Matmul &p, const Layout &a, const Layout &b, const Layout &d) {
	const uint64_t m = p.transa ? a.columns : a.rows, k = p.transa ? a.rows : a.columns;
	const uint64_t l = p.transb ? b.columns : b.rows, n = p.transb ? b.rows : b.columns;
	const bool single = p.scale == REAL_32F && (p.compute == COMPUTE_32F || p.compute == COMPUTE_32F_FAST_16BF || p.compute == COMPUTE_32F_FAST_TF32);
	const bool narrow = a.type == REAL_16BF && p.compute == COMPUTE_32F && (d.type == REAL_16BF || d.type == REAL_32F);
	const bool types = (single || (p.scale == REAL_64F && p.compute == COMPUTE_64F)) && a.type == b.type && (narrow || (a.type == p.scale && d.type == p.scale));
	const int step = p.epilogue & (GELU | DGELU) ? 8 : 128; // elements, or bits
	const bool aux = !(p.epilogue & AUX) || (p.aux && p.ldaux % step == 0 && p.ldaux >= int64_t(d.rows));
	const bool vector = !(p.epilogue & (BIAS | BGRAD | BGRADB)) || p.bias;
	return types && aux && vector && m == d.rows && n == d.columns && k == l && m && n && k && a.ld >= int64_t(a.rows) && b.ld >= int64_t(b.rows) &&
	       d.ld >= int64_t(d.rows);
}

Algorithm chosenFor(const Matmul &p, const Layout &a, const Layout &d, const unsigned *alignments) {
	Algorithm g = {};
	g.m = d.rows, g.n = d.columns, g.k = p.transa ? a.rows : a.columns;
	g.types = a.type << 8 | d.type;
	g.compute = p.compute, g.epilogue = p.epilogue, g.transposed = 2 * p.transa + p.transb;
	memcpy(g.alignments, alignments, sizeof g.alignments);
	g.workspace = WORKSPACE, g.chosen = CHOSEN;
	return g;
}

// gelu is the approximation by tanh, or its derivative.
double gelu(double u, bool derivative) {
	const double slope = sqrt(2 / M_PI), t = tanh(slope * (u + 0.044715 * u * u * u));
	if (!derivative) return 0.5 * u * (1 + t);
	return 0.5 * (1 + t) + 0.5 * u * (1 - t * t) * slope * (1 + 3 * 0.044715 * u * u);
}

// goOn does to a product z by columns what an epilogue says, and stores it as D.
template <class T, class D> void goOn(const Matmul &p, const Layout &layout, std::vector<T> &z, D *d) {
	unsigned char *mask = static_cast<unsigned char *>(p.aux);
	D *vector = static_cast<D *>(p.bias);
	const uint64_t m = layout.rows, n = layout.columns;
	std::vector<double> sums(m);
	for (uint64_t j = 0; j < n; j++)
		for (uint64_t i = 0; i < m; i++) {
			T &x = z[i + j * m];
			D *stored = static_cast<D *>(p.aux) + (i + j * p.ldaux); // of GELU
			unsigned char *byte = mask ? mask + (i + j * p.ldaux) / 8 : nullptr;
			const unsigned char bit = 1 << (7 - i % 8); // in an order of its own
			if (p.epilogue & BIAS) x += vector[i];
			if (p.epilogue & RELU) {
				const bool pass = x > 0;
				if (p.epilogue & AUX) *byte = pass ? *byte | bit : *byte & ~bit;
				if (!pass) x = 0;
			}
			if (p.epilogue & GELU) {
				if (p.epilogue & AUX) *stored = D(x);
				x = T(gelu(x, false));
			}
			if (p.epilogue & DGELU) x = T(x * gelu(*stored, true));
			if (p.epilogue & DRELU && !(*byte & bit)) x = 0;
			sums[i] += x;
			d[i + j * layout.ld] = D(x);
		}
	if (p.epilogue & BGRAD)
		for (uint64_t i = 0; i < m; i++) vector[i] = D(sums[i]);
}

// sumsOf is the sums of the second factor, op(B) [k, n], over k.
template <class F, class D> void sumsOf(const Matmul &p, const Product &q, const F *b, D *sums) {
	for (int j = 0; j < q.n; j++) {
		double sum = 0;
		for (int l = 0; l < q.k; l++) sum += p.transb ? b[j + l * q.ldb] : b[l + j * q.ldb];
		sums[j] = D(sum);
	}
}

// run multiplies in T what is stored as F.
template <class T, class F, class D> void run(Product q, const Matmul &p, const Layout &d) {
	std::vector<T> z(d.rows * d.columns);
	D *to = static_cast<D *>(q.c);
	if (p.epilogue & BGRADB) sumsOf(p, q, static_cast<const F *>(q.b), static_cast<D *>(p.bias));
	q.c = z.data(), q.ldc = d.rows;
	multiply<T, F, T>(q);
	goOn(p, d, z, to);
}

} // namespace

extern "C" {

int cublasLtCreate(void **h) { return emulator::usable(nullptr) ? (*h = new int, 0) : NOT_INITIALIZED; }
int cublasLtDestroy(void *h) { return delete static_cast<int *>(h), 0; }
size_t cublasLtGetVersion() { return 11800; }
const char *cublasLtGetStatusString(int) { return "refused by the stand-in"; }

int cublasLtMatmulDescCreate(void **p, int compute, int scale) { return *p = new Matmul{compute, scale}, 0; }
int cublasLtMatmulDescDestroy(void *p) { return delete static_cast<Matmul *>(p), 0; }

int cublasLtMatmulDescSetAttribute(void *desc, int attribute, const void *value, size_t bytes) {
	Matmul &p = *static_cast<Matmul *>(desc);
	switch (attribute) {
	case 3: return set(p.transa, value, bytes);
	case 4: return set(p.transb, value, bytes);
	case 7: return set(p.epilogue, value, bytes);
	case 8: return set(p.bias, value, bytes);
	case 11: return set(p.aux, value, bytes);
	case 12: return set(p.ldaux, value, bytes);
	}
	return INVALID_VALUE;
}

int cublasLtMatrixLayoutCreate(void **l, int type, uint64_t rows, uint64_t columns, int64_t ld) {
	return *l = new Layout{type, rows, columns, ld}, 0;
}
int cublasLtMatrixLayoutDestroy(void *l) { return delete static_cast<Layout *>(l), 0; }

int cublasLtMatmulPreferenceCreate(void **p) { return *p = new Preference, 0; }
int cublasLtMatmulPreferenceDestroy(void *p) { return delete static_cast<Preference *>(p), 0; }

int cublasLtMatmulPreferenceSetAttribute(void *preference, int attribute, const void *value, size_t bytes) {
	Preference &p = *static_cast<Preference *>(preference);
	if (attribute == 1) return set(p.workspace, value, bytes);
	return attribute >= 5 && attribute <= 8 ? set(p.alignments[attribute - 5], value, bytes) : INVALID_VALUE;
}

int cublasLtMatmulAlgoGetHeuristic(void *h, void *desc, void *a, void *b, void *c, void *d, void *preference, int wanted, Choice *list, int *found) {
	const Matmul &p = *static_cast<Matmul *>(desc);
	const Layout &la = *static_cast<Layout *>(a), &ld = *static_cast<Layout *>(d);
	const Preference &allowed = *static_cast<Preference *>(preference);
	*found = 0;
	if (!h || wanted < 1 || c != d || !fits(p, la, *static_cast<Layout *>(b), ld)) return INVALID_VALUE;
	if (!known(p.epilogue) || refused(p.epilogue)) return NOT_SUPPORTED;
	if (allowed.workspace < WORKSPACE) return 0;
	*list = {chosenFor(p, la, ld, allowed.alignments), WORKSPACE, 0, 1, {}};
	return *found = 1, 0;
}

int cublasLtMatmul(void *h, void *desc, const void *alpha, const void *a, void *alayout, const void *b, void *blayout, const void *beta, const void *c,
                   void *clayout, void *d, void *dlayout, const Algorithm *algorithm, void *workspace, size_t bytes, void *stream) {
	const Matmul p = *static_cast<Matmul *>(desc);
	const Layout la = *static_cast<Layout *>(alayout), lb = *static_cast<Layout *>(blayout), ld = *static_cast<Layout *>(dlayout);
	if (!h || !emulator::usable(stream)) return NOT_INITIALIZED;
	if (!algorithm || !fits(p, la, lb, ld) || c != d || clayout != dlayout) return INVALID_VALUE;
	const void *operands[] = {a, b, c, d};
	for (int i = 0; i < 4; i++)
		if (aligned(operands[i]) < algorithm->alignments[i]) return INVALID_VALUE;
	const Algorithm chosen = chosenFor(p, la, ld, algorithm->alignments);
	if (memcmp(&chosen, algorithm, sizeof chosen)) return INVALID_VALUE;
	if (bytes < WORKSPACE || reinterpret_cast<size_t>(workspace) % 256 || !emulator::inside(workspace, bytes)) return INVALID_VALUE;
	const size_t wide = size(ld.type), factor = size(la.type);
	if (!matrices(a, factor, la.rows, la.columns, la.ld, 0, 1) || !matrices(b, factor, lb.rows, lb.columns, lb.ld, 0, 1) ||
	    !matrices(d, wide, ld.rows, ld.columns, ld.ld, 0, 1))
		return INVALID_VALUE;
	if (p.epilogue & BGRADB && !emulator::inside(p.bias, ld.columns * wide)) return INVALID_VALUE;
	if (p.epilogue & (BIAS | BGRAD) && !emulator::inside(p.bias, ld.rows * wide)) return INVALID_VALUE;
	if (p.epilogue & AUX && (reinterpret_cast<size_t>(p.aux) % 16 || !emulator::inside(p.aux, size_t(p.ldaux * ld.columns) * (p.epilogue & (GELU | DGELU) ? 8 * wide : 1) / 8))) return INVALID_VALUE;
	Product q = {p.transa, p.transb, int(ld.rows), int(ld.columns), int(chosen.k), 0, 0, a, b, d, la.ld, lb.ld, ld.ld, 0, 0, 0, 1, bits(p.compute)};
	const bool single = p.scale == REAL_32F, narrow = la.type == REAL_16BF, rounded = ld.type == REAL_16BF;
	q.alpha = single ? *static_cast<const float *>(alpha) : *static_cast<const double *>(alpha);
	if ((single ? *static_cast<const float *>(beta) : *static_cast<const double *>(beta)) != 0) return NOT_SUPPORTED;
	emulator::submit(stream, [=] {
		if (rounded) run<float, Bfloat16, Bfloat16>(q, p, ld);
		else if (narrow) run<float, Bfloat16, float>(q, p, ld);
		else if (single) run<float, float, float>(q, p, ld);
		else run<double, double, double>(q, p, ld);
	});
	return 0;
}
}
