// The stand-in's descriptors: which attributes each has, of what type, how many, and which it cannot do without. Whatever cuDNN refuses is refused
// here, and a use of what was destroyed too.
#include "dnn.h"

#include <set>

using namespace dnn;

namespace {

struct Rule { int kind, name, type; int64_t least, most; bool needed; };

constexpr int64_t RANK = 8, MANY = 1 << 16;

const Rule rules[] = {
	{POINTWISE, 0, POINTWISE_MODE, 1, 1, true}, {POINTWISE, 1, DATA_TYPE, 1, 1, true}, {POINTWISE, 2, NAN_PROPAGATION, 1, 1, false},
	{POINTWISE, 3, DOUBLE, 1, 1, false}, {POINTWISE, 4, DOUBLE, 1, 1, false}, {POINTWISE, 5, DOUBLE, 1, 1, false}, {POINTWISE, 9, INT64, 1, 1, false},
	{CONVOLUTION, 100, DATA_TYPE, 1, 1, true}, {CONVOLUTION, 101, CONVOLUTION_MODE, 1, 1, true}, {CONVOLUTION, 102, INT64, 1, RANK, true},
	{CONVOLUTION, 103, INT64, 1, RANK, true}, {CONVOLUTION, 104, INT64, 1, RANK, true}, {CONVOLUTION, 105, INT64, 1, RANK, true},
	{CONVOLUTION, 106, INT64, 1, 1, true},
	{HEURISTIC, 200, HEURISTIC_MODE, 1, 1, true}, {HEURISTIC, 201, DESCRIPTOR, 1, 1, true},
	{CONFIG, 300, DESCRIPTOR, 1, 1, true}, {CONFIG, 302, DESCRIPTOR, 1, 64, false},
	{PLAN, 400, HANDLE, 1, 1, true}, {PLAN, 401, DESCRIPTOR, 1, 1, true},
	{KNOB_CHOICE, 600, KNOB_TYPE, 1, 1, true}, {KNOB_CHOICE, 601, INT64, 1, 1, true},
	{CONVOLVE_OUTPUT, 700, FLOAT, 1, 1, true}, {CONVOLVE_OUTPUT, 701, FLOAT, 1, 1, true}, {CONVOLVE_OUTPUT, 702, DESCRIPTOR, 1, 1, true},
	{CONVOLVE_OUTPUT, 703, DESCRIPTOR, 1, 1, true}, {CONVOLVE_OUTPUT, 704, DESCRIPTOR, 1, 1, true}, {CONVOLVE_OUTPUT, 705, DESCRIPTOR, 1, 1, true},
	{CONVOLVE_IMAGE, 706, FLOAT, 1, 1, true}, {CONVOLVE_IMAGE, 707, FLOAT, 1, 1, true}, {CONVOLVE_IMAGE, 708, DESCRIPTOR, 1, 1, true},
	{CONVOLVE_IMAGE, 709, DESCRIPTOR, 1, 1, true}, {CONVOLVE_IMAGE, 710, DESCRIPTOR, 1, 1, true}, {CONVOLVE_IMAGE, 711, DESCRIPTOR, 1, 1, true},
	{CONVOLVE_KERNELS, 712, FLOAT, 1, 1, true}, {CONVOLVE_KERNELS, 713, FLOAT, 1, 1, true}, {CONVOLVE_KERNELS, 714, DESCRIPTOR, 1, 1, true},
	{CONVOLVE_KERNELS, 715, DESCRIPTOR, 1, 1, true}, {CONVOLVE_KERNELS, 716, DESCRIPTOR, 1, 1, true}, {CONVOLVE_KERNELS, 717, DESCRIPTOR, 1, 1, true},
	{POINTWISE_OPERATION, 750, DESCRIPTOR, 1, 1, true}, {POINTWISE_OPERATION, 751, DESCRIPTOR, 1, 1, true}, {POINTWISE_OPERATION, 752, DESCRIPTOR, 1, 1, false},
	{POINTWISE_OPERATION, 753, DESCRIPTOR, 1, 1, false}, {POINTWISE_OPERATION, 754, FLOAT, 1, 1, false}, {POINTWISE_OPERATION, 755, FLOAT, 1, 1, false},
	{POINTWISE_OPERATION, 756, DESCRIPTOR, 1, 1, false}, {POINTWISE_OPERATION, 757, DESCRIPTOR, 1, 1, false}, {POINTWISE_OPERATION, 758, DESCRIPTOR, 1, 1, false},
	{GRAPH, 800, HANDLE, 1, 1, true}, {GRAPH, 801, DESCRIPTOR, 1, 50, true},
	{TENSOR, 900, INT64, 1, 1, true}, {TENSOR, 901, DATA_TYPE, 1, 1, true}, {TENSOR, 902, INT64, 1, RANK, true}, {TENSOR, 903, INT64, 1, RANK, true},
	{TENSOR, 906, INT64, 1, 1, true}, {TENSOR, 907, BOOLEAN, 1, 1, false}, {TENSOR, 908, BOOLEAN, 1, 1, false},
	{PACK, 1000, INT64, 1, MANY, true}, {PACK, 1001, POINTER, 1, MANY, true}, {PACK, 1003, POINTER, 1, 1, false},
	{ENGINE, 1300, DESCRIPTOR, 1, 1, true}, {ENGINE, 1301, INT64, 1, 1, true},
	{MATMUL, 1500, DATA_TYPE, 1, 1, true}, {MATMUL_OPERATION, 1520, DESCRIPTOR, 1, 1, true}, {MATMUL_OPERATION, 1521, DESCRIPTOR, 1, 1, true},
	{MATMUL_OPERATION, 1522, DESCRIPTOR, 1, 1, true}, {MATMUL_OPERATION, 1523, DESCRIPTOR, 1, 1, true},
	{REDUCTION, 1600, REDUCTION_OPERATOR, 1, 1, true}, {REDUCTION, 1601, DATA_TYPE, 1, 1, true}, {REDUCTION_OPERATION, 1610, DESCRIPTOR, 1, 1, true},
	{REDUCTION_OPERATION, 1611, DESCRIPTOR, 1, 1, true}, {REDUCTION_OPERATION, 1612, DESCRIPTOR, 1, 1, true},
	{RESHAPE_OPERATION, 2200, DESCRIPTOR, 1, 1, true}, {RESHAPE_OPERATION, 2201, DESCRIPTOR, 1, 1, true},
};

// expects is the kind of descriptor that an attribute refers to, or of an operation any.
int expects(int name) {
	switch (name) {
	case 201: case 1300: return GRAPH;
	case 300: return ENGINE;
	case 302: return KNOB_CHOICE;
	case 401: return CONFIG;
	case 702: case 708: case 714: return CONVOLUTION;
	case 750: return POINTWISE;
	case 1523: return MATMUL;
	case 1612: return REDUCTION;
	case 801: return -1;
	}
	return TENSOR;
}

std::set<const Descriptor *> alive;
std::string lastError;

size_t width(int type) {
	switch (type) {
	case HANDLE: case POINTER: case DESCRIPTOR: case INT64: case DOUBLE: return 8;
	case BOOLEAN: return 1;
	}
	return 4;
}

const Rule *rule(int kind, int name) {
	for (const Rule &r : rules)
		if (r.kind == kind && r.name == name) return &r;
	return nullptr;
}

// takes reports a type of elements that an attribute has: scale factors may be of double where the arithmetic is.
bool takes(const Rule &r, int type) { return type == r.type || (r.type == FLOAT && type == DOUBLE); }

int refers(const Rule &r, int64_t count, const void *values) {
	for (int64_t i = 0; i < count; i++) {
		const Descriptor *d = static_cast<Descriptor *const *>(values)[i];
		if (!d) return fail(NULL_POINTER, "a descriptor is null");
		if (!live(d)) return fail(BAD_PARAM, "a descriptor is not, or not any more");
		if (!d->finalized) return fail(NOT_FINALIZED, "a descriptor is not finalized");
		const int want = expects(r.name);
		const bool operation = d->kind == POINTWISE_OPERATION || d->kind == MATMUL_OPERATION || d->kind == REDUCTION_OPERATION || d->kind == RESHAPE_OPERATION ||
		                       (d->kind >= CONVOLVE_OUTPUT && d->kind <= CONVOLVE_IMAGE);
		if (want < 0 ? !operation : d->kind != want) return fail(DESCRIPTOR_TYPE, "a descriptor of another kind is wanted by attribute " + std::to_string(r.name));
	}
	return SUCCESS;
}

// give writes what an attribute is, at most wanted values of it.
template <class T> int give(const std::vector<T> &v, int64_t wanted, int64_t *count, void *values) {
	if (count) *count = int64_t(v.size());
	if (wanted && !values) return fail(NULL_POINTER, "nowhere to write values to");
	for (int64_t i = 0; i < wanted && i < int64_t(v.size()); i++) static_cast<T *>(values)[i] = v[size_t(i)];
	return SUCCESS;
}

// fill makes descriptors that the caller created into those that an attribute refers to.
int fill(const std::vector<Descriptor> &from, int64_t wanted, int64_t *count, void *values) {
	if (count) *count = int64_t(from.size());
	for (int64_t i = 0; i < wanted && i < int64_t(from.size()); i++) {
		Descriptor *to = static_cast<Descriptor **>(values)[i];
		if (!live(to)) return fail(NULL_POINTER, "a descriptor to be filled was not created");
		if (to->kind != from[size_t(i)].kind) return fail(DESCRIPTOR_TYPE, "a descriptor to be filled is of another kind");
		*to = from[size_t(i)];
		to->finalized = true;
	}
	return SUCCESS;
}

template <class T> void put(Descriptor &d, int name, int type, const std::vector<T> &v) {
	Attribute &a = d.attributes[name];
	a.type = type, a.count = int64_t(v.size());
	const char *from = reinterpret_cast<const char *>(v.data());
	a.bytes.assign(from, from + v.size() * sizeof(T));
}

Descriptor made(const Descriptor &from, int kind) {
	Descriptor d{kind};
	d.program = from.program, d.engine = from.engine;
	return d;
}

// knobs are the choices of an engine's settings.
std::vector<Descriptor> knobs(const Descriptor &config) {
	std::vector<Descriptor> list;
	for (const auto &[type, value] : config.engine.knobs) {
		Descriptor d{KNOB_CHOICE};
		put(d, 600, KNOB_TYPE, std::vector<int>{type});
		put(d, 601, INT64, std::vector<int64_t>{value});
		list.push_back(d);
	}
	return list;
}

int finish(Descriptor &d) {
	for (const Rule &r : rules)
		if (r.kind == d.kind && r.needed && !d.attributes.count(r.name) && !(d.kind == CONFIG && d.engine.index >= 0))
			return fail(BAD_PARAM, "attribute " + std::to_string(r.name) + " is not set");
	switch (d.kind) {
	case TENSOR: return finishTensor(d);
	case CONVOLUTION: return finishConvolution(d);
	case CONVOLVE_OUTPUT: case CONVOLVE_IMAGE: case CONVOLVE_KERNELS: case POINTWISE_OPERATION: case MATMUL_OPERATION: case REDUCTION_OPERATION: case RESHAPE_OPERATION:
		return finishOperation(d);
	case GRAPH: return finishGraph(d);
	case ENGINE: return finishEngine(d);
	case HEURISTIC: return finishHeuristic(d);
	case PLAN: return finishPlan(d);
	case CONFIG: {
		const Descriptor &engine = *d.one<Descriptor *>(300, nullptr);
		d.program = engine.program, d.engine = engine.engine;
		for (const Descriptor *k : d.get<Descriptor *>(302)) {
			bool known = false;
			for (auto &[type, value] : d.engine.knobs)
				if (type == k->one<int>(600, -1)) known = true, value = k->one<int64_t>(601, 0);
			if (!known) return fail(BAD_PARAM, "the engine has no such knob");
		}
		return SUCCESS;
	}
	case PACK: {
		const auto uids = d.get<int64_t>(1000);
		if (uids.size() != d.get<void *>(1001).size()) return fail(BAD_PARAM, "as many ids as pointers are wanted");
		if (std::set<int64_t>(uids.begin(), uids.end()).size() != uids.size()) return fail(DUPLICATED, "an id comes twice");
	}
	}
	return SUCCESS;
}

} // namespace

namespace dnn {

int fail(int status, const std::string &text) {
	lastError = text;
	return status;
}

bool live(const Descriptor *d) { return alive.count(d); }

} // namespace dnn

extern "C" {

void cudnnGetLastErrorString(char *to, size_t size) {
	if (size) strncpy(to, lastError.c_str(), size - 1), to[size - 1] = 0;
	lastError.clear();
}

int cudnnBackendCreateDescriptor(int kind, Descriptor **d) {
	bool known = false;
	for (const Rule &r : rules) known = known || r.kind == kind;
	if (!d) return fail(NULL_POINTER, "nowhere to write the descriptor to");
	if (!known) return fail(NOT_SUPPORTED, "the stand-in has no descriptor of kind " + std::to_string(kind));
	alive.insert(*d = new Descriptor{kind});
	return SUCCESS;
}

int cudnnBackendDestroyDescriptor(Descriptor *d) {
	if (!alive.erase(d)) return fail(BAD_PARAM, "destroyed, but not there");
	delete d;
	return SUCCESS;
}

int cudnnBackendSetAttribute(Descriptor *d, int name, int type, int64_t count, const void *values) {
	if (!live(d)) return fail(BAD_PARAM, "no descriptor");
	if (d->finalized) return fail(NOT_INITIALIZED, "the descriptor is finalized");
	const Rule *r = rule(d->kind, name);
	if (!r) return fail(BAD_PARAM, "kind " + std::to_string(d->kind) + " has no attribute " + std::to_string(name) + " to be set");
	if (!takes(*r, type)) return fail(ATTRIBUTE_TYPE, "attribute " + std::to_string(name) + " is of type " + std::to_string(r->type));
	if (count < r->least || count > r->most) return fail(BAD_PARAM, "attribute " + std::to_string(name) + " does not have so many values");
	if (!values) return fail(NULL_POINTER, "no values");
	if (type == DESCRIPTOR)
		if (int s = refers(*r, count, values)) return s;
	Attribute &a = d->attributes[name];
	a.type = type, a.count = count;
	a.bytes.assign(static_cast<const char *>(values), static_cast<const char *>(values) + size_t(count) * width(type));
	return SUCCESS;
}

int cudnnBackendFinalize(Descriptor *d) {
	if (!live(d)) return fail(BAD_PARAM, "no descriptor");
	if (d->finalized) return fail(NOT_INITIALIZED, "the descriptor is finalized");
	const int s = finish(*d);
	d->finalized = s == SUCCESS;
	return s;
}

int cudnnBackendGetAttribute(Descriptor *d, int name, int type, int64_t wanted, int64_t *count, void *values) {
	if (!live(d)) return fail(BAD_PARAM, "no descriptor");
	if (!d->finalized) return fail(NOT_FINALIZED, "the descriptor is not finalized");
	if (wanted < 0) return fail(BAD_PARAM, "a negative number of values");
	const std::pair<int, int> asked{d->kind, name};
	if (asked == std::pair{int(HEURISTIC), 202} && type == DESCRIPTOR) {
		std::vector<Descriptor> list;
		for (const Engine &e : d->proposals) {
			list.push_back(made(*d, CONFIG));
			list.back().engine = e;
		}
		return fill(list, wanted, count, values);
	}
	if (asked == std::pair{int(CONFIG), 300} && type == DESCRIPTOR) return fill({made(*d, ENGINE)}, wanted, count, values);
	if (asked == std::pair{int(CONFIG), 302} && type == DESCRIPTOR) return fill(knobs(*d), wanted, count, values);
	if (asked == std::pair{int(ENGINE), 1301} && type == INT64) return give(std::vector<int64_t>{d->engine.index}, wanted, count, values);
	if (asked == std::pair{int(ENGINE), 1303} && type == NUMERICAL_NOTE) return give(d->engine.notes, wanted, count, values);
	if (asked == std::pair{int(ENGINE), 1305} && type == BEHAVIOR_NOTE) return give(d->engine.behaviors, wanted, count, values);
	if (asked == std::pair{int(PLAN), 402} && type == INT64) return give(std::vector<int64_t>{int64_t(d->workspace)}, wanted, count, values);
	if (asked == std::pair{int(KNOB_CHOICE), 600} && type == KNOB_TYPE) return give(d->get<int>(600), wanted, count, values);
	if (asked == std::pair{int(KNOB_CHOICE), 601} && type == INT64) return give(d->get<int64_t>(601), wanted, count, values);
	return fail(BAD_PARAM, "kind " + std::to_string(d->kind) + " has no attribute " + std::to_string(name) + " of type " + std::to_string(type) + " to be read");
}

} // extern "C"
