#include <stddef.h>
#include <stdlib.h>

// The calls of NCCL that are used; their signatures and enum values are the same in versions 2.18 to 2.30.
typedef struct {
	char bytes[128];
} drift_nccl_id;

// drift_nccl_config is what NCCL 2.14 knew of its configuration; later versions take it and keep their defaults for what they added.
typedef struct {
	size_t size;
	unsigned magic, version;
	int blocking;
} drift_nccl_config;

// The functions are in the order of the names in library.go.
typedef struct {
	int (*version)(int *version);
	int (*unique_id)(drift_nccl_id *id);
	int (*init)(void **comm, int size, drift_nccl_id id, int rank, drift_nccl_config *config);
	int (*state)(void *comm, int *state);
	int (*finalize)(void *comm);
	int (*destroy)(void *comm);
	int (*abort)(void *comm);
	int (*group_start)(void);
	int (*group_end)(void);
	int (*send)(const void *from, size_t count, int type, int peer, void *comm, void *stream);
	int (*recv)(void *to, size_t count, int type, int peer, void *comm, void *stream);
	const char *(*text)(int status);
	const char *(*last)(void *comm);
} drift_nccl;

// drift_move is bytes that go to a process, or come from it.
typedef struct {
	unsigned long long at;
	size_t bytes;
	int peer, out;
} drift_move;

// drift_nccl_init begins to join the others, without waiting for them.
int drift_nccl_init(const drift_nccl *lib, void **comm, int size, const drift_nccl_id *id, int rank);

// drift_nccl_move submits moves that belong together. Where it fails, name is the function that did.
int drift_nccl_move(const drift_nccl *lib, void *comm, void *stream, const drift_move *moves, int n, const char **name);

int drift_nccl_version(const drift_nccl *lib, int *version);
int drift_nccl_unique_id(const drift_nccl *lib, drift_nccl_id *id);
int drift_nccl_state(const drift_nccl *lib, void *comm, int *state);
int drift_nccl_finalize(const drift_nccl *lib, void *comm);
int drift_nccl_destroy(const drift_nccl *lib, void *comm);
int drift_nccl_abort(const drift_nccl *lib, void *comm);

// drift_nccl_text is the library's own word for a status, drift_nccl_last for the last error of a communicator.
const char *drift_nccl_text(const drift_nccl *lib, int status);
const char *drift_nccl_last(const drift_nccl *lib, void *comm);
