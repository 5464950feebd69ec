// An interpreter of the part of PTX that the kernels use. A module is decoded once, with types checked as ptxas does it; then a warp's 32 threads
// run an instruction together, as long as they are at the same one. What it does not know is an error.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptx {

enum { WARP = 32 };

// Type is how an instruction or a register sees its bits: 'f' a number, 'u' and 's' integers, 'b' any, 'p' a predicate.
struct Type {
	char kind = 0;
	int bytes = 0;
};

struct Warp;
struct Instruction;
typedef void (*Action)(Warp &, const Instruction &);

// Instruction has the places of its operands among a warp's registers, in bytes; the first is the result, if there is one.
struct Instruction {
	Action run = nullptr;
	uint32_t r[5] = {};      // operands; for a load or a store the address, then what is added to it
	uint32_t vector[4] = {}; // elements of a load, a store, or a pack
	int32_t offset = 0;
	int count = 1; // elements
	int guard = -1; // a predicate's place, −1 without one
	bool unless = false;
	int target = -1; // of a branch
	int line = 0;
};

// Entry is a kernel.
struct Entry {
	std::string name;
	size_t arguments = 0, shared = 0, registers = 0; // bytes
	unsigned threads = 0;                            // the most of a block
	std::vector<Instruction> code;
	struct Constant { uint32_t at; int bytes; uint64_t bits; };
	std::vector<Constant> constants; // registers that never change
	uint32_t tid = 0, ntid = 0, ctaid[3] = {}; // places of the special registers
	std::shared_ptr<std::vector<uint8_t>> tables; // constant memory of the module
};

// Error says what is wrong with a text, or with what it does, in one line.
struct Error : std::runtime_error { using std::runtime_error::runtime_error; };

// read decodes a module; it throws Error.
std::map<std::string, Entry> read(const std::string &text);

// launch runs all blocks of a grid; it throws Error.
void launch(const Entry &, const unsigned grid[3], unsigned threads, unsigned shared, const void *arguments);

// Form is what an instruction is made of: types of its operands, the result first, and what it does.
struct Form {
	std::vector<Type> operands;
	Action action;
};
const Form *form(const std::string &name);

// Stop is why a warp does not go on.
enum Stop { GONE, BARRIER };

struct Warp {
	uint8_t *registers = nullptr;
	uint32_t mask = 0, alive = 0, begun = 0; // threads that take part in the instruction, that have not left, and that there were
	int at = 0;                   // the instruction
	int pc[WARP] = {};            // of each thread, where they are apart
	bool apart = false;
	const uint8_t *arguments = nullptr;
	size_t argument_bytes = 0;
	uint8_t *shared = nullptr;
	size_t shared_bytes = 0;
	const std::vector<uint8_t> *tables = nullptr;

	template <class T> T *lane(uint32_t place) { return reinterpret_cast<T *>(registers + place); }
};

// each does f for every thread that takes part.
template <class F> inline void each(const Warp &w, F f) {
	if (w.mask == ~0u) {
#pragma GCC ivdep
		for (int l = 0; l < WARP; l++) f(l);
		return;
	}
	for (uint32_t m = w.mask; m; m &= m - 1) f(__builtin_ctz(m));
}

// memory is for what is decoded by its parts, as ld.global.v4.f32: bytes of an element, and whether they are in a wider register: 4 in one of 8, 2 in one of 4, 1
// in one of 4 and not of 2.
Action memory(const std::string &space, bool store, int bytes, bool wider);

Action shuffle(), barrier(), together(), pack(bool unpack), leave();

} // namespace ptx
