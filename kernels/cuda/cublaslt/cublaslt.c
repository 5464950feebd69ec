//go:build gpu

#include "cublaslt.h"

enum { compute_64f = 70, real_32f = 0, real_64f = 1, real_16bf = 14 };

// Attributes of a product and of a preference.
enum { trans_a = 3, trans_b = 4, epilogue = 7, bias_pointer = 8, aux_pointer = 11, aux_ld = 12 };
enum { most_workspace = 1, alignment_a = 5 };

// type_of is the type of alpha, and of what is not stored as bfloat16.
static int type_of(const drift_lt_product *p) { return p->compute == compute_64f ? real_64f : real_32f; }

int drift_lt_describe(const drift_lt *lib, drift_lt_product *p) {
	const int type = type_of(p), factor = p->narrow ? real_16bf : type, result = p->narrow_d ? real_16bf : type;
	const int32_t ta = p->ta, tb = p->tb;
	const uint32_t what = (uint32_t)p->epilogue;
	const uint64_t a_rows = p->ta ? p->k : p->m, a_columns = p->ta ? p->m : p->k;
	const uint64_t b_rows = p->tb ? p->n : p->k, b_columns = p->tb ? p->k : p->n;
	int s = lib->create_product(&p->product, p->compute, type);
	if (!s) s = lib->set_product(p->product, trans_a, &ta, sizeof ta);
	if (!s) s = lib->set_product(p->product, trans_b, &tb, sizeof tb);
	if (!s) s = lib->set_product(p->product, epilogue, &what, sizeof what);
	if (!s && p->bias) s = lib->set_product(p->product, bias_pointer, &p->bias, sizeof p->bias);
	if (!s && p->aux) s = lib->set_product(p->product, aux_pointer, &p->aux, sizeof p->aux);
	if (!s && p->aux) s = lib->set_product(p->product, aux_ld, &p->aux_ld, sizeof p->aux_ld);
	if (!s) s = lib->create_layout(&p->a_layout, factor, a_rows, a_columns, (int64_t)a_rows);
	if (!s) s = lib->create_layout(&p->b_layout, factor, b_rows, b_columns, (int64_t)b_rows);
	if (!s) s = lib->create_layout(&p->d_layout, result, p->m, p->n, (int64_t)p->m);
	return s;
}

void drift_lt_free(const drift_lt *lib, drift_lt_product *p) {
	if (p->product) lib->destroy_product(p->product);
	if (p->a_layout) lib->destroy_layout(p->a_layout);
	if (p->b_layout) lib->destroy_layout(p->b_layout);
	if (p->d_layout) lib->destroy_layout(p->d_layout);
}

// aligned is the power of two up to 256 that an address is a multiple of.
static uint32_t aligned(uint64_t address) {
	const uint64_t low = address & -address;
	return low == 0 || low > 256 ? 256 : (uint32_t)low;
}

int drift_lt_choose(const drift_lt *lib, drift_lt_product *p, uint64_t workspace) {
	void *preference = NULL;
	const uint32_t alignments[] = {aligned(p->a), aligned(p->b), aligned(p->d), aligned(p->d)};
	int s = lib->create_preference(&preference);
	if (s) return s;
	s = lib->set_preference(preference, most_workspace, &workspace, sizeof workspace);
	for (int i = 0; i < 4 && !s; i++) s = lib->set_preference(preference, alignment_a + i, alignments + i, sizeof *alignments);
	p->found = 0;
	if (!s) s = lib->choose(lib->handle, p->product, p->a_layout, p->b_layout, p->d_layout, p->d_layout, preference, 1, &p->choice, &p->found);
	if (!s && p->found > 0) s = p->choice.state;
	lib->destroy_preference(preference);
	return s;
}

int drift_lt_run(const drift_lt *lib, const drift_lt_product *p, uint64_t workspace, size_t bytes, void *stream) {
	const float alpha32 = (float)p->alpha, none32 = 0;
	const double none = 0;
	const int wide = p->compute == compute_64f;
	const void *alpha = wide ? (const void *)&p->alpha : (const void *)&alpha32;
	const void *beta = wide ? (const void *)&none : (const void *)&none32;
	void *d = (void *)p->d;
	return lib->multiply(lib->handle, p->product, alpha, (const void *)p->a, p->a_layout, (const void *)p->b, p->b_layout, beta, d, p->d_layout, d,
	                     p->d_layout, p->choice.algorithm, (void *)workspace, bytes, stream);
}

int drift_lt_create(drift_lt *lib) { return lib->create(&lib->handle); }

size_t drift_lt_version(const drift_lt *lib) { return lib->version(); }

void drift_lt_close(drift_lt *lib) {
	if (lib->handle) lib->destroy(lib->handle);
	lib->handle = NULL;
}

const char *drift_lt_text(const drift_lt *lib, int status) { return lib->text ? lib->text(status) : "no text"; }
