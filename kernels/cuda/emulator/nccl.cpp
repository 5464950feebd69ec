// A stand-in for libnccl.so.2: processes of one machine, or threads of one process, that pass bytes on through shared memory, whose name
// is the id. It is as particular as NCCL with a communicator that does not block: what was submitted reaches the stream only when the
// caller has asked how things go, and calls that come before are refused.
//
// DRIFT_EMULATOR_NCCL=RANK:FUNCTION:N:WHAT makes the N-th call of a function by a process go wrong: fail, odd (a result that nobody
// knows), async (the call is fine, and the communicator is not from then on), hang (what it began is never done).
#include "emulator.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

enum { SUCCESS = 0, UNHANDLED_CUDA = 1, SYSTEM = 2, INTERNAL = 3, INVALID_ARGUMENT = 4, INVALID_USAGE = 5, REMOTE = 6, IN_PROGRESS = 7 };

const int most = 16; // processes

struct Id { char name[128]; };
struct Config { size_t size; unsigned magic, version; int blocking; };

// Channel carries bytes from one process to another, a piece at a time.
struct Channel {
	std::atomic<unsigned> size; // of the piece that lies here; 0 where none does
	char piece[1 << 15];
};

struct Shared {
	std::atomic<int> arrived;
	int gpu[most];
	Channel channel[most][most]; // from, to
};

struct Op { char *at; size_t bytes, done; int peer; bool out; };

// State outlives the communicator in work that waits in a stream.
struct State {
	int rank, size;
	Shared *shared;
	std::string name;
	bool aborted = false, hanging = false;
	~State() {
		if (rank == 0) shm_unlink(name.c_str());
		munmap(shared, sizeof(Shared));
	}
};

struct Comm {
	std::shared_ptr<State> state;
	int result = SUCCESS;
	bool finalized = false;
	std::vector<Op> ops; // submitted, not yet in the stream
	void *stream = nullptr;
	int polls = 0; // how often the caller has asked since
	std::map<std::string, int> calls;
};

thread_local int depth;
thread_local int refused; // the first error of a call within the group
thread_local Comm *grouped;
thread_local std::vector<Op> ops;
thread_local void *onStream;

// told is what is to go wrong in this call, "" for nothing.
std::string told(int rank, const char *function, int call) {
	const char *knob = getenv("DRIFT_EMULATOR_NCCL");
	int who, n;
	char name[64], what[16];
	if (!knob || sscanf(knob, "%d:%63[^:]:%d:%15s", &who, name, &n, what) != 4) return "";
	return who == rank && n == call && !strcmp(name, function) ? what : "";
}

// begin is the result of a call so far.
int begin(Comm *c, const char *function) {
	if (!c) return INVALID_ARGUMENT;
	const std::string what = told(c->state->rank, function, ++c->calls[function]);
	if (what == "fail") return SYSTEM;
	if (what == "odd") return 42;
	if (what == "async") c->result = REMOTE;
	if (what == "hang") c->state->hanging = true;
	return c->ops.empty() && !c->finalized ? SUCCESS : INVALID_USAGE;
}

Channel &channel(const State &s, const Op &o) { return o.out ? s.shared->channel[s.rank][o.peer] : s.shared->channel[o.peer][s.rank]; }

// piece moves one piece of what an operation moves, if the other side is ready for it.
bool piece(const State &s, Op &o) {
	Channel &c = channel(s, o);
	const unsigned size = c.size.load(std::memory_order_acquire);
	if (o.out ? size != 0 : size == 0) return false;
	const size_t n = o.out ? std::min(o.bytes - o.done, sizeof c.piece) : size;
	if (o.out) memcpy(c.piece, o.at + o.done, n);
	else memcpy(o.at + o.done, c.piece, std::min(n, o.bytes - o.done));
	o.done += n;
	c.size.store(o.out ? unsigned(n) : 0, std::memory_order_release);
	return true;
}

// step moves what can be moved, and reports whether all is. Operations with one process in one direction come after each other.
bool step(const State &s, std::vector<Op> &ops) {
	if (s.aborted) return true;
	if (s.hanging) return false;
	bool moved = true, all = false;
	while (moved) {
		moved = false, all = true;
		bool busy[2][most] = {};
		for (Op &o : ops) {
			if (o.done >= o.bytes || busy[o.out][o.peer]) continue;
			moved |= piece(s, o);
			busy[o.out][o.peer] = o.done < o.bytes;
			all &= o.done >= o.bytes;
		}
	}
	return all;
}

int move(void *at, size_t count, int type, int peer, void *comm, void *stream, bool out) {
	Comm *c = static_cast<Comm *>(comm);
	int r = begin(c, out ? "ncclSend" : "ncclRecv");
	const size_t bytes = count * (type < 2 ? 1 : type < 4 || type == 7 ? 4 : 8);
	if (!r && (depth == 0 || (grouped && grouped != c) || (onStream && onStream != stream))) r = INVALID_USAGE; // allowed, and not what drift does
	if (!r && (peer < 0 || peer >= c->state->size || bytes == 0 || !emulator::inside(at, bytes))) r = INVALID_ARGUMENT;
	if (!r && !emulator::usable(stream)) r = UNHANDLED_CUDA;
	if (!r && emulator::gpu() != c->state->shared->gpu[c->state->rank]) r = INVALID_USAGE; // another GPU's context
	if (r) return refused = refused ? refused : r;
	grouped = c, onStream = stream;
	ops.push_back({static_cast<char *>(at), bytes, 0, peer, out});
	return SUCCESS;
}

// joined is the result of joining the others, so far.
int joined(const State &s) {
	if (s.shared->arrived.load() < s.size) return IN_PROGRESS;
	for (int i = 0; i < s.size; i++)
		for (int j = 0; j < i; j++)
			if (s.shared->gpu[i] == s.shared->gpu[j]) return INVALID_USAGE;
	return SUCCESS;
}

} // namespace

extern "C" {

int ncclGetVersion(int *version) {
	const char *other = getenv("DRIFT_EMULATOR_NCCL_VERSION");
	return *version = other ? atoi(other) : 21805, SUCCESS;
}

const char *ncclGetErrorString(int status) { return status == SYSTEM ? "unhandled system error" : status == REMOTE ? "remote process exited" : "refused by the stand-in"; }
const char *ncclGetLastError(void *) { return "the stand-in\nwas told so"; }

int ncclGetUniqueId(Id *id) {
	if (told(0, "ncclGetUniqueId", 1) == "fail") return SYSTEM;
	static std::atomic<int> made;
	memset(id, 0, sizeof *id);
	snprintf(id->name, sizeof id->name, "/drift-nccl-%d-%d", int(getpid()), made.fetch_add(1));
	const int file = shm_open(id->name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (file < 0 || ftruncate(file, sizeof(Shared))) return SYSTEM;
	close(file);
	return SUCCESS;
}

int ncclCommInitRankConfig(void **comm, int size, Id id, int rank, Config *config) {
	if (size < 1 || size > most || rank < 0 || rank >= size) return INVALID_ARGUMENT;
	if (!config || config->magic != 0xcafebeef || config->size < sizeof *config || config->version < 21400 || config->blocking != 0) return INVALID_ARGUMENT;
	if (!emulator::usable(nullptr)) return UNHANDLED_CUDA;
	const std::string what = told(rank, "ncclCommInitRankConfig", 1);
	if (what == "fail") return rank == 0 ? shm_unlink(id.name) : 0, SYSTEM;
	const int file = shm_open(id.name, O_RDWR, 0600);
	if (file < 0) return SYSTEM;
	void *at = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (at == MAP_FAILED) return SYSTEM;
	Comm *c = new Comm;
	c->state.reset(new State{rank, size, static_cast<Shared *>(at), id.name});
	c->state->shared->gpu[rank] = emulator::gpu();
	c->result = IN_PROGRESS;
	if (what != "hang") c->state->shared->arrived.fetch_add(1);
	return *comm = c, IN_PROGRESS;
}

int ncclCommGetAsyncError(void *comm, int *state) {
	Comm *c = static_cast<Comm *>(comm);
	if (!c) return INVALID_ARGUMENT;
	if (c->result == IN_PROGRESS) c->result = joined(*c->state);
	*state = c->result;
	if (c->result || c->ops.empty()) return SUCCESS;
	if (c->polls++ == 0) return *state = IN_PROGRESS, SUCCESS;
	auto moves = std::make_shared<std::vector<Op>>(std::move(c->ops));
	c->ops.clear();
	emulator::submitSteps(c->stream, [s = c->state, moves] { return step(*s, *moves); });
	return SUCCESS;
}

int ncclGroupStart() { return depth++, SUCCESS; }

int ncclGroupEnd() {
	if (depth == 0) return INVALID_USAGE;
	if (--depth > 0) return SUCCESS;
	Comm *c = grouped;
	int r = refused;
	if (!r && c) r = begin(c, "ncclGroupEnd");
	if (!r && c) c->ops = std::move(ops), c->stream = onStream, c->polls = 0, r = IN_PROGRESS;
	ops.clear();
	grouped = nullptr, onStream = nullptr, refused = 0;
	return r;
}

int ncclSend(const void *from, size_t count, int type, int peer, void *comm, void *stream) {
	return move(const_cast<void *>(from), count, type, peer, comm, stream, true);
}

int ncclRecv(void *to, size_t count, int type, int peer, void *comm, void *stream) { return move(to, count, type, peer, comm, stream, false); }

int ncclCommFinalize(void *comm) {
	Comm *c = static_cast<Comm *>(comm);
	const int r = begin(c, "ncclCommFinalize");
	if (!r) c->finalized = true;
	return r;
}

int ncclCommDestroy(void *comm) {
	Comm *c = static_cast<Comm *>(comm);
	if (!c || !c->finalized) return INVALID_USAGE;
	return delete c, SUCCESS;
}

int ncclCommAbort(void *comm) {
	Comm *c = static_cast<Comm *>(comm);
	if (!c) return INVALID_ARGUMENT;
	c->state->aborted = true;
	return delete c, SUCCESS;
}
}
