// Runs decoded PTX: memory, branches, and what threads do together. A block's warps run one after another from barrier to barrier, in an order
// that changes from block to block, so that a barrier that is missing shows.
#include "ptx.h"
#include "emulator.h"

namespace ptx {
namespace {

[[noreturn]] void fail(const Instruction &i, const std::string &what) { throw Error("line " + std::to_string(i.line) + ": " + what); }

// Bounds of what was last found to be the device's memory, to ask no more often than needed.
thread_local uintptr_t low, high;

// global is where an access of some bytes lies.
uint8_t *global(const Instruction &i, uint64_t address, size_t bytes) {
	if (address % bytes) fail(i, "an address that is no multiple of " + std::to_string(bytes));
	if (address < low || address + bytes > high) {
		if (!emulator::block_of(address, low, high) || address + bytes > high) fail(i, "an address outside the device's memory");
	}
	return reinterpret_cast<uint8_t *>(address);
}

uint8_t *inside(const Instruction &i, uint8_t *memory, size_t size, uint64_t address, size_t bytes, const char *kind) {
	if (address % bytes || address + bytes > size) fail(i, std::string("address ") + std::to_string(address) + " of " + kind + " memory");
	return memory + address;
}

enum Space { GLOBAL, SHARED, CONST, PARAM };

template <Space space> uint8_t *place(Warp &w, const Instruction &i, int l, size_t bytes) {
	switch (space) {
	case GLOBAL: return global(i, w.lane<uint64_t>(i.r[0])[l] + int64_t(i.offset), bytes);
	case SHARED: return inside(i, w.shared, w.shared_bytes, uint32_t(w.lane<uint32_t>(i.r[0])[l] + i.offset), bytes, "shared");
	case CONST:
		return inside(i, const_cast<uint8_t *>(w.tables->data()), w.tables->size(), w.lane<uint64_t>(i.r[0])[l] + int64_t(i.offset), bytes, "constant");
	default:
		return inside(i, const_cast<uint8_t *>(w.arguments), w.argument_bytes, w.lane<uint64_t>(i.r[0])[l] + int64_t(i.offset), bytes, "parameter");
	}
}

template <Space space, bool store, class T> void access(Warp &w, const Instruction &i) {
	each(w, [&](int l) {
		T *p = reinterpret_cast<T *>(place<space>(w, i, l, sizeof(T) * i.count));
		for (int k = 0; k < i.count; k++) {
			T *r = w.lane<T>(i.vector[k]);
			if (store) p[k] = r[l];
			else r[l] = p[k];
		}
	});
}

// extend loads an element into a wider register.
template <Space space, class T, class R> void extend(Warp &w, const Instruction &i) {
	each(w, [&](int l) { w.lane<R>(i.vector[0])[l] = *reinterpret_cast<T *>(place<space>(w, i, l, sizeof(T))); });
}

// lower stores the lower half of a register.
template <Space space> void lower(Warp &w, const Instruction &i) {
	each(w, [&](int l) { *reinterpret_cast<uint16_t *>(place<space>(w, i, l, 2)) = uint16_t(w.lane<uint32_t>(i.vector[0])[l]); });
}

template <Space space, bool store> Action sized(int bytes, bool wider) {
	switch (bytes) {
	case 1: return store ? nullptr : wider ? extend<space, uint8_t, uint32_t> : extend<space, uint8_t, uint16_t>;
	case 2: return !wider ? access<space, store, uint16_t> : store ? lower<space> : extend<space, uint16_t, uint32_t>;
	case 4: return wider ? extend<space, uint32_t, uint64_t> : access<space, store, uint32_t>;
	case 8: return access<space, store, uint64_t>;
	}
	return nullptr;
}

// all fails where threads of the warp are missing that an instruction waits for.
void all(Warp &w, const Instruction &i, const char *what) {
	if (w.mask != w.begun) fail(i, std::string("not all threads of the warp come to ") + what);
}

} // namespace

Action memory(const std::string &space, bool store, int bytes, bool wider) {
	if (space == "global") return store ? sized<GLOBAL, true>(bytes, wider) : sized<GLOBAL, false>(bytes, wider);
	if (space == "shared") return store ? sized<SHARED, true>(bytes, wider) : sized<SHARED, false>(bytes, wider);
	if (space == "const" && !store) return sized<CONST, false>(bytes, wider);
	if (space == "param" && !store) return sized<PARAM, false>(bytes, wider);
	return nullptr;
}

// shuffle gives each thread what the one has whose number differs by the bits of the third operand.
Action shuffle() {
	return [](Warp &w, const Instruction &i) {
		all(w, i, "shfl.sync");
		if (w.mask != ~0u) fail(i, "a warp of fewer threads");
		uint32_t *d = w.lane<uint32_t>(i.r[0]), *a = w.lane<uint32_t>(i.r[1]), *apart = w.lane<uint32_t>(i.r[2]), old[WARP];
		memcpy(old, a, sizeof old);
		for (int l = 0; l < WARP; l++) d[l] = old[(l ^ apart[l]) & (WARP - 1)];
	};
}

Action together() {
	return [](Warp &w, const Instruction &i) { all(w, i, "bar.warp.sync"); };
}

Action barrier() {
	return [](Warp &w, const Instruction &i) { all(w, i, "bar.sync"); };
}

Action leave() {
	return [](Warp &w, const Instruction &) { w.alive &= ~w.mask; };
}

// pack makes 64 bits of two halves, or the halves of them.
Action pack(bool unpack) {
	if (unpack)
		return [](Warp &w, const Instruction &i) {
			const uint64_t *a = w.lane<uint64_t>(i.r[0]);
			uint32_t *low = w.lane<uint32_t>(i.vector[0]), *high = w.lane<uint32_t>(i.vector[1]);
			each(w, [=](int l) { const uint64_t v = a[l]; low[l] = uint32_t(v), high[l] = uint32_t(v >> 32); });
		};
	return [](Warp &w, const Instruction &i) {
		uint64_t *d = w.lane<uint64_t>(i.r[0]);
		const uint32_t *low = w.lane<uint32_t>(i.vector[0]), *high = w.lane<uint32_t>(i.vector[1]);
		each(w, [=](int l) { d[l] = low[l] | uint64_t(high[l]) << 32; });
	};
}

namespace {

const Action waits = barrier(), leaves = leave();

// part says which threads are at the first instruction that any is at.
void part(Warp &w) {
	int first = 0x7fffffff;
	bool same = true;
	for (uint32_t m = w.alive; m; m &= m - 1) {
		const int pc = w.pc[__builtin_ctz(m)];
		same = same && (first == 0x7fffffff || pc == first);
		first = pc < first ? pc : first;
	}
	w.at = first;
	w.apart = !same;
	w.mask = 0;
	for (uint32_t m = w.alive; m; m &= m - 1) {
		const int l = __builtin_ctz(m);
		if (w.pc[l] == first) w.mask |= 1u << l;
	}
}

void go(Warp &w, uint32_t threads, int to) {
	for (; threads; threads &= threads - 1) w.pc[__builtin_ctz(threads)] = to;
}

// chosen is the threads of the mask for which an instruction's guard holds.
uint32_t chosen(Warp &w, const Instruction &i) {
	if (i.guard < 0) return w.mask;
	const uint8_t *q = w.lane<uint8_t>(i.guard); // anything in threads that are elsewhere
	uint32_t m = 0;
	for (int l = 0; l < WARP; l++) m |= uint32_t((q[l] != 0) != i.unless) << l;
	return m & w.mask;
}

// resume runs a warp until it is gone or waits at a barrier.
Stop resume(Warp &w, const std::vector<Instruction> &code) {
	while (w.alive) {
		if (w.apart) part(w);
		else w.mask = w.alive;
		const Instruction &i = code[w.at];
		const uint32_t threads = w.mask, taking = chosen(w, i);
		const int next = w.at + 1;
		if (i.target >= 0) {
			if (!w.apart && taking && taking != threads) {
				w.apart = true;
			}
			if (w.apart) {
				go(w, threads & ~taking, next);
				go(w, taking, i.target);
			} else {
				w.at = taking ? i.target : next;
			}
			continue;
		}
		w.mask = taking;
		if (taking) i.run(w, i);
		if (w.apart) go(w, threads, next);
		else if (i.run == leaves && taking != threads) w.at = next; // the others go on
		else w.at = next;
		if (i.run == waits) return BARRIER;
	}
	return GONE;
}

void run_block(const Entry &e, std::vector<Warp> &warps, bool backwards) {
	for (;;) {
		size_t waiting = 0;
		int at = -1;
		for (size_t k = 0; k < warps.size(); k++) {
			Warp &w = warps[backwards ? warps.size() - 1 - k : k];
			if (resume(w, e.code) == GONE) continue;
			if (waiting++ && w.at != at) throw Error("warps of a block wait at different barriers");
			at = w.at;
		}
		if (waiting == 0) return;
		if (waiting != warps.size()) throw Error("a warp waits for one that has left");
	}
}

template <class T> void fill(Warp &w, uint32_t place, T v) {
	for (int l = 0; l < WARP; l++) w.lane<T>(place)[l] = v;
}

void prepare(const Entry &e, Warp &w) {
	for (const Entry::Constant &c : e.constants) {
		if (c.bytes == 1) fill(w, c.at, uint8_t(c.bits));
		else if (c.bytes == 2) fill(w, c.at, uint16_t(c.bits));
		else if (c.bytes == 4) fill(w, c.at, uint32_t(c.bits));
		else fill(w, c.at, c.bits);
	}
}

} // namespace

void launch(const Entry &e, const unsigned grid[3], unsigned threads, unsigned shared, const void *arguments) {
	if (threads > e.threads) throw Error(std::to_string(threads) + " threads of a block");
	low = high = 0;
	const size_t bytes = (e.registers + 63) / 64 * 64;
	std::vector<Warp> warps((threads + WARP - 1) / WARP);
	std::unique_ptr<uint8_t[]> registers(new uint8_t[bytes * warps.size() + 64]), memory(new uint8_t[e.shared + shared]);
	uint8_t *base = registers.get() + (64 - reinterpret_cast<uintptr_t>(registers.get()) % 64);
	memset(registers.get(), 0xff, bytes * warps.size() + 64);
	for (size_t k = 0; k < warps.size(); k++) {
		warps[k].registers = base + k * bytes;
		prepare(e, warps[k]);
		for (unsigned l = 0; l < WARP; l++) warps[k].lane<uint32_t>(e.tid)[l] = k * WARP + l;
		fill(warps[k], e.ntid, threads);
		warps[k].begun = threads - k * WARP < WARP ? (1u << (threads - k * WARP)) - 1 : ~0u;
		warps[k].arguments = static_cast<const uint8_t *>(arguments), warps[k].argument_bytes = e.arguments;
		warps[k].shared = memory.get(), warps[k].shared_bytes = e.shared + shared;
		warps[k].tables = e.tables.get();
	}
	bool backwards = false;
	for (unsigned z = 0; z < grid[2]; z++)
		for (unsigned y = 0; y < grid[1]; y++)
			for (unsigned x = 0; x < grid[0]; x++) {
				memset(memory.get(), 0xff, e.shared + shared); // NaN, so that a read of what nobody wrote shows
				for (Warp &w : warps) {
					w.alive = w.begun, w.at = 0, w.apart = false;
					fill(w, e.ctaid[0], x), fill(w, e.ctaid[1], y), fill(w, e.ctaid[2], z);
				}
				run_block(e, warps, backwards);
				backwards = !backwards;
			}
}

} // namespace ptx
