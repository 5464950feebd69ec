// Runs a grid of blocks whose threads are fibers. A fiber goes on to the block's next thread when its thread ends without
// having waited, so kernels without __syncthreads never change stacks.
#include "emulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <deque>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define LEAVE(keep, stack, size) __sanitizer_start_switch_fiber(keep, stack, size)
#define ARRIVE(kept, stack, size) __sanitizer_finish_switch_fiber(kept, stack, size)
#else
#define LEAVE(keep, stack, size) (void)0
#define ARRIVE(kept, stack, size) (void)0
#endif

#ifndef __x86_64__
#error "the emulator's fibers are written for x86-64"
#endif

// emulator_switch keeps the callee's registers on the stack that is left, and the stack's top in *from.
extern "C" void emulator_switch(void **from, void *to);
asm(R"(
.globl emulator_switch
.hidden emulator_switch
emulator_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
)");

Index threadIdx, blockIdx, blockDim;

namespace emulator {

static Kernel *kernels;

Kernel::Kernel(const char *name, size_t args, void (*body)(const void *)) : name(name), args(args), body(body), next(kernels) {
	kernels = this;
}

Kernel *find(const char *name) {
	Kernel *k = kernels;
	while (k && strcmp(k->name, name) != 0) k = k->next;
	return k;
}

namespace {

enum { STACK = 256 << 10 };

struct Fiber {
	char *stack = nullptr;
	void *top = nullptr, *fake = nullptr;
	int barrier = 0; // the line where its thread waits, if it does
	Index thread{};
};

std::deque<Fiber> fibers; // suspended fibers point at their own entries, which must not move
Fiber *running;

struct {
	void *top, *fake;
	const void *stack;
	size_t size;
} scheduler;

// The block at work, and how many of its threads have begun and ended.
const Kernel *kernel;
const void *arguments;
unsigned begun, ended;

// yield gives the processor back to the scheduler.
void yield(int barrier) {
	Fiber *me = running;
	me->barrier = barrier;
	me->thread = threadIdx;
	LEAVE(&me->fake, scheduler.stack, scheduler.size);
	emulator_switch(&me->top, scheduler.top);
	ARRIVE(me->fake, &scheduler.stack, &scheduler.size);
	threadIdx = me->thread;
}

void work() {
	ARRIVE(nullptr, &scheduler.stack, &scheduler.size);
	for (;;) {
		while (begun < blockDim.x) {
			threadIdx = {begun++, 0, 0};
			kernel->body(arguments);
			ended++;
		}
		yield(0);
	}
}

// start lays out a stack as if emulator_switch had been called from the beginning of work.
void start(Fiber &f) {
	f.stack = static_cast<char *>(mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	void **top = reinterpret_cast<void **>(f.stack + STACK) - 1; // where work's caller would lie: keeps the stack aligned
	*--top = reinterpret_cast<void *>(&work);
	f.top = top - 6;
}

void resume(Fiber &f) {
	if (!f.stack) start(f);
	running = &f;
	LEAVE(&scheduler.fake, f.stack, STACK);
	emulator_switch(&scheduler.top, f.top);
	ARRIVE(scheduler.fake, nullptr, nullptr);
}

// run_block ends the process where threads of a block wait at different barriers, or some have left: a GPU may hang then.
void run_block() {
	begun = ended = 0;
	unsigned used = 0;
	while (begun < blockDim.x) resume(fibers[used++]);
	while (ended < blockDim.x) {
		const int barrier = fibers[0].barrier;
		for (unsigned k = 0; k < used; k++) {
			if (ended > 0 || fibers[k].barrier != barrier) {
				fprintf(stderr, "%s: not all threads of block %u reach the same __syncthreads\n", kernel->name, blockIdx.x);
				abort();
			}
		}
		for (unsigned k = 0; k < used; k++) resume(fibers[k]);
	}
}

} // namespace

void launch(const Kernel &k, const Launch &l, const void *args) {
	if (fibers.size() < l.block) fibers.resize(l.block);
	kernel = &k;
	arguments = args;
	blockDim = {l.block, 1, 1};
	for (blockIdx.z = 0; blockIdx.z < l.grid[2]; blockIdx.z++)
		for (blockIdx.y = 0; blockIdx.y < l.grid[1]; blockIdx.y++)
			for (blockIdx.x = 0; blockIdx.x < l.grid[0]; blockIdx.x++) run_block();
}

} // namespace emulator

void emulator::barrier(int line) { yield(line); }
