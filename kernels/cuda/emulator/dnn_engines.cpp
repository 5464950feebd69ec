// The stand-in's engines: what the heuristics propose, some of it useless as it happens with the real ones, and what can be planned of it.
#include "dnn.h"

#include <stdlib.h>

#include <algorithm>

using namespace dnn;

namespace {

enum { PLAIN_ENGINE, TENSOR_ENGINE, RACING_ENGINE, HALVING_ENGINE, TRANSFORM_ENGINE, UNWILLING_ENGINE, COMPILED_ENGINE, ATTENTION_ENGINE, ENGINES };

const Engine engines[ENGINES] = {
	{PLAIN_ENGINE, {}, {}, {{2, 0}}},
	{TENSOR_ENGINE, {TENSOR_CORE}, {}, {{2, 3}, {14, 4}}},
	{RACING_ENGINE, {NONDETERMINISTIC}, {}, {}},
	{HALVING_ENGINE, {TENSOR_CORE, DOWN_CONVERT_INPUTS}, {}, {}},
	{TRANSFORM_ENGINE, {WINOGRAD}, {}, {}},
	{UNWILLING_ENGINE, {}, {}, {}},
	{COMPILED_ENGINE, {TENSOR_CORE}, {0}, {{2, 1}}},
	{ATTENTION_ENGINE, {TENSOR_CORE}, {0}, {}},
};

// listed says whether a variable of the environment has a number in its list "1,6".
bool listed(const char *variable, int64_t number) {
	const char *list = getenv(variable);
	while (list && *list) {
		char *end;
		if (strtoll(list, &end, 10) == number) return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

// workspace is what an engine asks for; the environment may ask for more, to see a convolution refused.
size_t workspace() {
	const char *n = getenv("DRIFT_EMULATOR_WORKSPACE");
	return n ? strtoull(n, nullptr, 10) : 64;
}

bool channelsLast(const Tensor &t) { return t.dims.size() < 4 || t.dims[1] == 1 || (t.strides[1] == 1 && t.strides[3] == t.dims[1]); }

bool dense(const Tensor &t) { return t.extent() == t.size(); }

// refuses says why an engine cannot compute a program.
int refuses(const Engine &e, const Program &p) {
	const Node *c = p.convolution();
	if (listed("DRIFT_EMULATOR_NO_ENGINE", e.index) || e.index == UNWILLING_ENGINE) return fail(NOT_SUPPORTED, "the engine does not want to");
	if ((e.index == ATTENTION_ENGINE) != !c) return fail(UNKNOWN_PATTERN, "another engine is for such graphs");
	if (!c) return SUCCESS;
	const Tensor x = p.tensors.at(c->x), w = p.tensors.at(c->w), y = p.tensors.at(c->y);
	const bool alike = x.type == w.type && x.type == y.type;
	if (p.nodes.size() > 1 && e.index != COMPILED_ENGINE) return fail(UNKNOWN_PATTERN, "the engine goes on with nothing");
	if (!alike && e.index != COMPILED_ENGINE) return fail(UNKNOWN_DATA_TYPE, "the engine wants one type");
	if (c->compute == DATA_DOUBLE ? x.type != DATA_DOUBLE : x.type != DATA_FLOAT && x.type != DATA_BFLOAT16) return fail(UNKNOWN_DATA_TYPE, "arithmetic of another type");
	if (x.type == DATA_BFLOAT16 && getenv("DRIFT_EMULATOR_NO_NARROW")) return fail(UNKNOWN_DATA_TYPE, "no engine for 16 bits, where a test wants to see that");
	for (const Tensor &t : {x, w, y})
		if (!dense(t)) return fail(UNKNOWN_LAYOUT, "elements that do not lie side by side");
	if (e.index == PLAIN_ENGINE) return SUCCESS;
	for (const Tensor &t : {x, w, y})
		if (t.alignment < 16 && !t.isVirtual) return fail(UNKNOWN_LAYOUT, "the engine reads 16 bytes at a time");
	if (e.index == TRANSFORM_ENGINE && (x.type != DATA_FLOAT || w.dims[2] != 3 || w.dims[3] != 3 || c->strides[0] != 1 || c->strides[1] != 1)) return fail(UNKNOWN_SHAPE, "windows of 3×3 are wanted");
	if (e.has(TENSOR_CORE) && x.type == DATA_DOUBLE) return fail(UNKNOWN_DATA_TYPE, "float or 16 bits are wanted");
	if (e.index == COMPILED_ENGINE) {
		for (const Tensor &t : {x, w, y})
			if (!channelsLast(t)) return fail(UNKNOWN_LAYOUT, "channels must lie last");
		const int64_t step = x.type == DATA_FLOAT ? 4 : 8;
		if (w.dims[1] % step || w.dims[0] % step) return fail(UNKNOWN_SHAPE, "channels of another multiple are wanted");
		if (w.dims[1] != x.dims[1]) return fail(UNKNOWN_SHAPE, "the engine knows no groups");
	}
	return SUCCESS;
}

const Engine *find(int64_t index) { return index >= 0 && index < ENGINES ? &engines[index] : nullptr; }

} // namespace

namespace dnn {

bool Engine::has(int note) const { return std::find(notes.begin(), notes.end(), note) != notes.end(); }

int finishEngine(Descriptor &d) {
	const Engine *e = find(d.one<int64_t>(1301, -1));
	if (!e) return fail(BAD_PARAM, "there is no engine of that number");
	d.program = d.one<Descriptor *>(1300, nullptr)->program;
	d.engine = *e;
	return SUCCESS;
}

int finishHeuristic(Descriptor &d) {
	const int mode = d.one<int>(200, -1);
	d.program = d.one<Descriptor *>(201, nullptr)->program;
	if (mode < 0 || mode > 3) return fail(BAD_PARAM, "there is no such mode");
	if (listed("DRIFT_EMULATOR_NO_HEURISTIC", mode)) return fail(NOT_SUPPORTED, "the heuristic does not know the graph");
	std::vector<int64_t> order = {HALVING_ENGINE, RACING_ENGINE, COMPILED_ENGINE, TENSOR_ENGINE, TRANSFORM_ENGINE, UNWILLING_ENGINE, PLAIN_ENGINE};
	if (mode == 3 || mode == 0) order = {TENSOR_ENGINE, PLAIN_ENGINE};
	if (mode == 2) order = {PLAIN_ENGINE};
	if (!d.program->convolution()) order = {ATTENTION_ENGINE};
	for (int64_t index : order) d.proposals.push_back(*find(index));
	return SUCCESS;
}

int finishPlan(Descriptor &d) {
	const Descriptor &config = *d.one<Descriptor *>(401, nullptr);
	d.program = config.program, d.engine = config.engine;
	d.workspace = workspace();
	if (!d.program) return fail(BAD_PARAM, "a configuration without a graph");
	return refuses(d.engine, *d.program);
}

} // namespace dnn

extern "C" int cudnnBackendExecute(Handle *h, Descriptor *plan, Descriptor *pack) {
	if (!h || !live(plan) || !live(pack)) return fail(NULL_POINTER, "a handle or a descriptor is missing");
	if (!plan->finalized || !pack->finalized) return fail(NOT_FINALIZED, "a plan or its operands are not finalized");
	if (plan->kind != PLAN || pack->kind != PACK) return fail(DESCRIPTOR_TYPE, "a plan and its operands are wanted");
	const std::vector<int64_t> uids = pack->get<int64_t>(1000);
	const std::vector<void *> pointers = pack->get<void *>(1001);
	void *scratch = pack->one<void *>(1003, nullptr);
	const size_t size = plan->workspace;
	std::map<int64_t, void *> at;
	for (size_t i = 0; i < uids.size(); i++) at[uids[i]] = pointers[i];
	for (const auto &[uid, t] : plan->program->tensors) {
		if (t.isVirtual) continue;
		if (!at.count(uid) || !at[uid]) return fail(NULL_POINTER, "tensor " + std::to_string(uid) + " is nowhere");
		if (t.byValue) continue;
		if (reinterpret_cast<size_t>(at[uid]) % size_t(t.alignment)) return fail(MISALIGNED, "tensor " + std::to_string(uid) + " does not lie where it was said to");
		if (!emulator::inside(at[uid], size_t(t.extent()) * bytes(t.type))) return fail(BAD_PARAM, "tensor " + std::to_string(uid) + " is not in the device's memory");
	}
	if (!emulator::usable(h->stream) || (size && !emulator::inside(scratch, size)) || reinterpret_cast<size_t>(scratch) % 16) return fail(BAD_PARAM, "no workspace, or no stream");
	std::map<int64_t, std::vector<char>> values; // read now, as the caller may change them
	for (const auto &[uid, t] : plan->program->tensors)
		if (t.byValue) values[uid].assign(static_cast<char *>(at[uid]), static_cast<char *>(at[uid]) + bytes(t.type));
	emulator::submit(h->stream, [=, program = plan->program, engine = plan->engine]() mutable {
		memset(scratch, 0xff, size);
		for (auto &[uid, v] : values) at[uid] = v.data();
		run(*program, engine, at);
	});
	return SUCCESS;
}
