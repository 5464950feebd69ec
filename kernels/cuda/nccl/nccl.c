//go:build gpu

#include "nccl.h"

int drift_nccl_init(const drift_nccl *lib, void **comm, int size, const drift_nccl_id *id, int rank) {
	drift_nccl_config config = {sizeof config, 0xcafebeef, 21400, 0};
	return lib->init(comm, size, *id, rank, &config);
}

enum { success = 0, in_progress = 7, bytes = 1 };

static int fine(int status) { return status == success || status == in_progress; }

int drift_nccl_move(const drift_nccl *lib, void *comm, void *stream, const drift_move *moves, int n, const char **name) {
	*name = "ncclGroupStart";
	int status = lib->group_start();
	if (!fine(status)) return status;
	for (int i = 0; i < n && fine(status); i++) {
		const drift_move *m = moves + i;
		*name = m->out ? "ncclSend" : "ncclRecv";
		if (m->out) status = lib->send((const void *)m->at, m->bytes, bytes, m->peer, comm, stream);
		else status = lib->recv((void *)m->at, m->bytes, bytes, m->peer, comm, stream);
	}
	const int ended = lib->group_end(); // whatever came before: the thread would stay in the group
	if (!fine(status)) return status;
	*name = "ncclGroupEnd";
	return ended;
}

int drift_nccl_version(const drift_nccl *lib, int *version) { return lib->version(version); }
int drift_nccl_unique_id(const drift_nccl *lib, drift_nccl_id *id) { return lib->unique_id(id); }
int drift_nccl_state(const drift_nccl *lib, void *comm, int *state) { return lib->state(comm, state); }
int drift_nccl_finalize(const drift_nccl *lib, void *comm) { return lib->finalize(comm); }
int drift_nccl_destroy(const drift_nccl *lib, void *comm) { return lib->destroy(comm); }
int drift_nccl_abort(const drift_nccl *lib, void *comm) { return lib->abort(comm); }

const char *drift_nccl_text(const drift_nccl *lib, int status) { return lib->text ? lib->text(status) : "no text"; }
const char *drift_nccl_last(const drift_nccl *lib, void *comm) { return lib->last ? lib->last(comm) : ""; }
