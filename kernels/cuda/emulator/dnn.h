// What the files of the stand-in for cuDNN share: the graph API with the numbers of cudnn_graph.h.
#pragma once
#include "emulator.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dnn {

enum Status {
	SUCCESS = 0, NOT_INITIALIZED = 1001, BAD_PARAM = 2000, NULL_POINTER = 2002, MISALIGNED = 2003, NOT_FINALIZED = 2004, OUT_OF_BOUND = 2005,
	SIZE_INSUFFICIENT = 2006, SHAPE_MISMATCH = 2008, DUPLICATED = 2009, ATTRIBUTE_TYPE = 2010, DESCRIPTOR_TYPE = 2012, NOT_SUPPORTED = 3000,
	UNKNOWN_PATTERN = 3001, UNKNOWN_SHAPE = 3002, UNKNOWN_DATA_TYPE = 3003, UNKNOWN_LAYOUT = 3004, EXECUTION_FAILED = 5000
};

enum Kind {
	POINTWISE = 0, CONVOLUTION = 1, ENGINE = 2, CONFIG = 3, HEURISTIC = 4, PLAN = 5, KNOB_CHOICE = 7, CONVOLVE_OUTPUT = 10, CONVOLVE_KERNELS = 11,
	CONVOLVE_IMAGE = 12, POINTWISE_OPERATION = 13, GRAPH = 15, PACK = 16, TENSOR = 17, MATMUL = 18, MATMUL_OPERATION = 19, REDUCTION = 21,
	REDUCTION_OPERATION = 22, RESHAPE_OPERATION = 31
};

enum Element {
	HANDLE = 0, DATA_TYPE = 1, BOOLEAN = 2, INT64 = 3, FLOAT = 4, DOUBLE = 5, POINTER = 6, CONVOLUTION_MODE = 7, HEURISTIC_MODE = 8, KNOB_TYPE = 9,
	NAN_PROPAGATION = 10, NUMERICAL_NOTE = 11, POINTWISE_MODE = 14, DESCRIPTOR = 15, REDUCTION_OPERATOR = 18, BEHAVIOR_NOTE = 19
};

enum DataType { DATA_FLOAT = 0, DATA_DOUBLE = 1, DATA_HALF = 2, DATA_INT32 = 4, DATA_BFLOAT16 = 9, DATA_INT64 = 10, DATA_BOOLEAN = 11 };

enum Note { TENSOR_CORE, DOWN_CONVERT_INPUTS, REDUCED_PRECISION, FFT, NONDETERMINISTIC, WINOGRAD };

struct Handle { void *stream = nullptr; };

// Tensor is what a finished descriptor says of one.
struct Tensor {
	int64_t uid = 0, alignment = 0;
	int type = 0;
	std::vector<int64_t> dims, strides;
	bool isVirtual = false, byValue = false;
	int64_t size() const;   // elements
	int64_t extent() const; // elements from the first to the last in memory, and one
	int64_t at(int64_t index) const; // where the element of that number, in the order of the dimensions, lies
};

// Node is an operation with its tensors by their ids; 0 and false for those that it has not.
struct Node {
	int kind = 0, mode = 0, compute = 0;
	int64_t x = 0, w = 0, y = 0, b = 0, t = 0; // of a product a, b and c: x, w, y. Gradients are in the places of what they belong to.
	bool hasB = false, hasT = false;
	std::vector<int64_t> paddings, strides, dilations;
	double alpha = 1, alpha2 = 1;
	double lower = 0, upper = 1e300, slope = 0;
	int64_t axis = -1;
};

// Program is a finished graph.
struct Program {
	std::vector<Node> nodes;
	std::map<int64_t, Tensor> tensors;
	bool wide() const; // computes in double
	const Node *convolution() const;
};

// Engine is one way to compute a program.
struct Engine {
	int64_t index = -1;
	std::vector<int> notes, behaviors;
	std::vector<std::pair<int, int64_t>> knobs;
	bool has(int note) const;
};

struct Attribute {
	int type = 0;
	int64_t count = 0;
	std::vector<char> bytes;
};

struct Descriptor {
	int kind;
	bool finalized = false;
	std::map<int, Attribute> attributes;
	std::shared_ptr<Program> program;                // of a graph, and of what was made of it
	Engine engine;                                   // of an engine, and of what was made of it
	std::vector<Engine> proposals;                   // of a heuristic
	size_t workspace = 0;                            // of a plan
	template <class T> std::vector<T> get(int name) const {
		const auto a = attributes.find(name);
		std::vector<T> v(a == attributes.end() ? 0 : size_t(a->second.count));
		if (!v.empty()) memcpy(v.data(), a->second.bytes.data(), v.size() * sizeof(T));
		return v;
	}
	template <class T> T one(int name, T otherwise) const {
		const auto v = get<T>(name);
		return v.empty() ? otherwise : v[0];
	}
};

// fail keeps a text for cudnnGetLastErrorString.
int fail(int status, const std::string &text);

// live reports a descriptor that was created and not destroyed.
bool live(const Descriptor *d);

// Finishing a descriptor of each kind.
int finishTensor(Descriptor &d);
int finishConvolution(Descriptor &d);
int finishOperation(Descriptor &d);
int finishGraph(Descriptor &d);
int finishEngine(Descriptor &d);
int finishHeuristic(Descriptor &d);
int finishPlan(Descriptor &d);

// tensorOf reads a finished descriptor.
Tensor tensorOf(const Descriptor &d);

// run computes a program with operands at addresses, as an engine rounds.
void run(const Program &p, const Engine &e, const std::map<int64_t, void *> &at);

// bytes is the size of an element.
size_t bytes(int type);

} // namespace dnn
