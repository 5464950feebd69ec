// What the files of the stand-in driver share. It refuses what a real driver refuses, and some of what one merely allows, so that
// a mistake shows here.
#pragma once
#include "emulator.h"

extern "C" {
#include <cuda.h>
}

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

using Work = std::function<void()>;

struct CUgraph_st { std::vector<Work> work; };
struct CUgraphExec_st { std::vector<Work> work; };
struct CUstream_st {
	CUgraph capture = nullptr;
	CUcontext context = nullptr;
	bool busy = false;    // its work is being done
	bool invalid = false; // the capture met a call that cannot be captured
	std::deque<std::function<bool()>> pending; // each is called until it returns true
};

namespace emulator {

extern std::recursive_mutex lock;
using Hold = std::lock_guard<std::recursive_mutex>;

// fault is the error that every call returns once a kernel has failed.
extern CUresult fault;

// ready is whether calls may be made on this thread: the driver is initialised, nothing has failed, and a context is current.
CUresult ready();

// calm is ready for calls that wait or allocate, which must not come while a stream is being captured; they spoil the capture.
CUresult calm();

// known is ready for calls on a stream, which must exist. The stream 0 is not used: others would wait for it.
CUresult known(CUstream s);

// finish does the work of a stream up to now, without one of all streams of the current context. The caller must not hold the lock: what
// a stream waits for may be another's work.
CUresult finish(CUstream s);

// here is the current context.
CUcontext here();

// submitCopy leaves a copy to a stream, or does it at once where that is asked for and nothing comes before it.
void submitCopy(void *stream, Work work);

// spoil makes captures that are under way fail, and says whether there were any.
bool spoil();

} // namespace emulator
