#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// drift_lt_choice is how cublasLt reports an algorithm.
typedef struct {
	uint64_t algorithm[8];
	size_t workspace;
	int state;
	float waves;
	int reserved[4];
} drift_lt_choice;

// The calls of cublasLt that are used, in the order of the names in cublaslt.go; their signatures and enum values are the same in versions
// 11.4 to 13.
typedef struct {
	int (*create)(void **handle);
	int (*destroy)(void *handle);
	size_t (*version)(void);
	const char *(*text)(int status); // from 11.4 on
	int (*create_product)(void **product, int compute, int scale);
	int (*destroy_product)(void *product);
	int (*set_product)(void *product, int attribute, const void *value, size_t bytes);
	int (*create_layout)(void **layout, int type, uint64_t rows, uint64_t columns, int64_t ld);
	int (*destroy_layout)(void *layout);
	int (*create_preference)(void **preference);
	int (*destroy_preference)(void *preference);
	int (*set_preference)(void *preference, int attribute, const void *value, size_t bytes);
	int (*choose)(void *handle, void *product, void *a, void *b, void *c, void *d, void *preference, int wanted, drift_lt_choice *list,
	              int *found);
	int (*multiply)(void *handle, void *product, const void *alpha, const void *a, void *a_layout, const void *b, void *b_layout,
	                const void *beta, const void *c, void *c_layout, void *d, void *d_layout, const uint64_t *algorithm, void *workspace,
	                size_t bytes, void *stream);
	void *handle;
} drift_lt;

// drift_lt_product is D = alpha·op(A)·op(B) by columns, with what it goes on with: D is [m,n], and so are the matrices that are described.
typedef struct {
	int narrow, narrow_d; // whether A and B are stored as bfloat16, and D
	int compute, ta, tb;
	uint64_t m, n, k;
	double alpha;
	uint64_t a, b, d;
	int epilogue;
	uint64_t bias, aux; // addresses, 0 for none
	int64_t aux_ld;
	void *product, *a_layout, *b_layout, *d_layout;
	drift_lt_choice choice;
	int found;
} drift_lt_product;

// drift_lt_describe tells cublasLt of the product. drift_lt_free takes back what it made, however far it came.
int drift_lt_describe(const drift_lt *lib, drift_lt_product *p);
void drift_lt_free(const drift_lt *lib, drift_lt_product *p);

// drift_lt_choose has cublasLt pick an algorithm whose workspace fits.
int drift_lt_choose(const drift_lt *lib, drift_lt_product *p, uint64_t workspace);

int drift_lt_run(const drift_lt *lib, const drift_lt_product *p, uint64_t workspace, size_t bytes, void *stream);

int drift_lt_create(drift_lt *lib);
size_t drift_lt_version(const drift_lt *lib);
void drift_lt_close(drift_lt *lib);

// drift_lt_text is the library's own word for a status.
const char *drift_lt_text(const drift_lt *lib, int status);
