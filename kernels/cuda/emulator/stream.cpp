// A stand-in for libcuda.so.1: streams, events and graphs. Work waits in its stream until somebody waits for it, as late as a real
// device may do it, or is kept while the stream is being captured. Streams know of each other by events alone: a kernel that does not wait for a
// copy in another stream finds what was there before. With DRIFT_EMULATOR_COPIES=early, copies for which nothing in their stream waits are made at
// once, as early as a real device may do it: one that does not wait for a kernel overwrites what that has yet to read.
#include "state.h"

#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <memory>

using namespace emulator;

namespace {

// Mark is a place in a stream's work.
struct Mark {
	CUstream stream;
	bool done = false;
	double at = 0; // milliseconds, when the stream came to it
};

} // namespace

struct CUevent_st { std::shared_ptr<Mark> mark; }; // where it was last recorded

namespace {

std::set<CUstream> streams;

double now() {
	return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// drain does work of a stream until it is done, comes to a mark, or waits for others, and reports whether it is done.
bool drain(CUstream s, const Mark *until = nullptr) {
	if (s->busy) return false; // it waits for what waits for it
	s->busy = true;
	while (!s->pending.empty() && !(until && until->done)) {
		if (!fault && !s->pending.front()()) break;
		s->pending.pop_front();
	}
	s->busy = false;
	return s->pending.empty();
}

// reach does the work of a stream up to a mark, and reports whether it came to it.
bool reach(const Mark &m) {
	if (!m.done && streams.count(m.stream)) drain(m.stream, &m);
	return m.done || fault;
}

} // namespace

bool emulator::spoil() {
	Hold hold(lock);
	bool any = false;
	for (CUstream s : streams)
		if (s->capture) s->invalid = any = true;
	return any;
}

CUresult emulator::calm() {
	const CUresult r = ready();
	return r ? r : spoil() ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

CUresult emulator::known(CUstream s) {
	const CUresult r = ready();
	Hold hold(lock);
	return r ? r : streams.count(s) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

bool emulator::usable(void *stream) { return (stream ? known(static_cast<CUstream>(stream)) : ready()) == CUDA_SUCCESS; }

CUresult emulator::finish(CUstream s) {
	for (;; usleep(20)) {
		Hold hold(lock);
		bool done = true;
		for (CUstream each : streams)
			if (s ? each == s : each->context == here()) done &= drain(each);
		if (done) return fault;
	}
}

void emulator::submit(void *stream, Work work) {
	Hold hold(lock);
	CUstream s = static_cast<CUstream>(stream);
	if (s->capture) {
		s->capture->work.push_back(std::move(work));
		return;
	}
	s->pending.push_back([work = std::move(work)] { return work(), true; });
	if (s->pending.size() > 1000) drain(s);
}

void emulator::submitCopy(void *stream, Work work) {
	Hold hold(lock);
	CUstream s = static_cast<CUstream>(stream);
	const char *when = getenv("DRIFT_EMULATOR_COPIES");
	if (when && !strcmp(when, "early") && !s->capture && !fault && s->pending.empty()) work();
	else submit(stream, std::move(work));
}

void emulator::submitSteps(void *stream, std::function<bool()> step) {
	Hold hold(lock);
	CUstream s = static_cast<CUstream>(stream);
	if (s->capture) s->invalid = true;
	else s->pending.push_back(std::move(step));
}

extern "C" {

CUresult cuStreamCreate(CUstream *s, unsigned flags) {
	if (CUresult r = ready()) return r;
	if (flags > CU_STREAM_NON_BLOCKING) return CUDA_ERROR_INVALID_VALUE;
	Hold hold(lock);
	streams.insert(*s = new CUstream_st);
	(*s)->context = here();
	return CUDA_SUCCESS;
}

CUresult cuStreamDestroy(CUstream s) {
	if (CUresult r = known(s)) return r;
	if (CUresult r = calm()) return r;
	finish(s);
	Hold hold(lock);
	streams.erase(s);
	delete s;
	return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream s) {
	if (CUresult r = known(s)) return r;
	if (CUresult r = calm()) return r;
	return finish(s);
}

CUresult cuStreamQuery(CUstream s) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (CUresult r = calm()) return r;
	const bool done = drain(s);
	return fault ? fault : done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CUresult cuEventCreate(CUevent *e, unsigned flags) {
	if (CUresult r = ready()) return r;
	if (flags > 7) return CUDA_ERROR_INVALID_VALUE;
	return *e = new CUevent_st, CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent e) { return delete e, ready(); }

CUresult cuEventRecord(CUevent e, CUstream s) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (s->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED; // allowed, but nobody could wait for it
	e->mark = std::make_shared<Mark>(Mark{s});
	submitCopy(s, [m = e->mark] { m->at = now(), m->done = true; });
	return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *ms, CUevent from, CUevent to) {
	Hold hold(lock);
	if (CUresult r = ready()) return r;
	if (!from->mark || !to->mark) return CUDA_ERROR_INVALID_HANDLE;
	if (!from->mark->done || !to->mark->done) return CUDA_ERROR_NOT_READY;
	return *ms = float(to->mark->at - from->mark->at), CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent e) {
	if (CUresult r = calm()) return r;
	for (;; usleep(20)) {
		Hold hold(lock);
		if (!e->mark || reach(*e->mark)) return fault;
	}
}

CUresult cuStreamWaitEvent(CUstream s, CUevent e, unsigned flags) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (flags) return CUDA_ERROR_INVALID_VALUE;
	if (s->capture) return s->invalid = true, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED; // allowed for what is captured too, which is not needed
	if (e->mark && e->mark->stream != s && !e->mark->done) s->pending.push_back([m = e->mark] { return reach(*m); });
	return CUDA_SUCCESS;
}

CUresult cuStreamBeginCapture(CUstream s, CUstreamCaptureMode mode) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (s->capture) return CUDA_ERROR_ILLEGAL_STATE;
	if (mode > CU_STREAM_CAPTURE_MODE_RELAXED) return CUDA_ERROR_INVALID_VALUE;
	s->capture = new CUgraph_st;
	s->invalid = false;
	return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream s, CUgraph *g) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (!s->capture) return CUDA_ERROR_ILLEGAL_STATE;
	if (getenv("DRIFT_EMULATOR_NO_CAPTURE")) s->invalid = true; // where a test wants to see one fail
	*g = s->invalid ? nullptr : s->capture;
	if (s->invalid) delete s->capture;
	s->capture = nullptr;
	return s->invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *e, CUgraph g, unsigned long long flags) {
	if (CUresult r = ready()) return r;
	if (!g || flags) return CUDA_ERROR_INVALID_VALUE;
	*e = new CUgraphExec_st{g->work};
	return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec e, CUstream s) {
	Hold hold(lock);
	if (CUresult r = known(s)) return r;
	if (s->capture) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	for (const Work &w : e->work) submit(s, w);
	return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph g) { return delete g, CUDA_SUCCESS; }
CUresult cuGraphExecDestroy(CUgraphExec e) { return delete e, CUDA_SUCCESS; }

} // extern "C"
