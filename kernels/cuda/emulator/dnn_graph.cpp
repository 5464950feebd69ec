// The stand-in's graphs: what operations may be asked for, and which shapes, types and links belong together.
#include "dnn.h"

#include <set>

using namespace dnn;

namespace {

const std::set<int> types = {DATA_FLOAT, DATA_DOUBLE, DATA_INT32, DATA_BFLOAT16, DATA_INT64, DATA_BOOLEAN};

bool positive(const std::vector<int64_t> &v) {
	for (int64_t x : v)
		if (x < 1) return false;
	return true;
}

// scale is a factor of float or double.
double scale(const Descriptor &d, int name) {
	const auto a = d.attributes.find(name);
	if (a == d.attributes.end()) return 1;
	return a->second.type == DOUBLE ? d.one<double>(name, 1) : double(d.one<float>(name, 1));
}

Tensor part(const Descriptor &d, int name) { return tensorOf(*d.one<Descriptor *>(name, nullptr)); }

// fits reports windows that make images of the outputs' size, and channels that divide into groups.
int fits(const Node &n, const Tensor &x, const Tensor &w, const Tensor &y) {
	const size_t rank = n.strides.size() + 2;
	if (x.dims.size() != rank || w.dims.size() != rank || y.dims.size() != rank) return fail(BAD_PARAM, "tensors of a convolution of other ranks");
	if (x.dims[0] != y.dims[0] || w.dims[0] != y.dims[1]) return fail(SHAPE_MISMATCH, "images or outputs of another number");
	if (w.dims[1] == 0 || x.dims[1] % w.dims[1] || y.dims[1] % (x.dims[1] / w.dims[1])) return fail(SHAPE_MISMATCH, "channels that do not divide into groups");
	for (size_t i = 2; i < rank; i++) {
		const int64_t span = (w.dims[i] - 1) * n.dilations[i - 2] + 1, room = x.dims[i] + 2 * n.paddings[i - 2] - span;
		if (room < 0 || y.dims[i] != room / n.strides[i - 2] + 1) return fail(SHAPE_MISMATCH, "outputs of another size");
	}
	return SUCCESS;
}

int convolution(const Descriptor &d, Node &n, Tensor &x, Tensor &w, Tensor &y) {
	const int first = d.kind == CONVOLVE_OUTPUT ? 700 : d.kind == CONVOLVE_IMAGE ? 706 : 712;
	const Descriptor &c = *d.one<Descriptor *>(first + 2, nullptr);
	n.compute = c.one<int>(100, 0);
	n.dilations = c.get<int64_t>(102), n.strides = c.get<int64_t>(103), n.paddings = c.get<int64_t>(105);
	const int scales = n.compute == DATA_DOUBLE ? DOUBLE : FLOAT;
	if (d.attributes.at(first).type != scales || d.attributes.at(first + 1).type != scales) return fail(BAD_PARAM, "alpha and beta are not of the arithmetic's type");
	if (scale(d, first) != 1 || scale(d, first + 1) != 0) return fail(NOT_SUPPORTED, "the stand-in knows alpha 1 and beta 0");
	w = part(d, first + 3), x = part(d, first + 4), y = part(d, first + 5);
	n.x = x.uid, n.w = w.uid, n.y = y.uid;
	return fits(n, x, w, y);
}

// broadcasts reports dimensions that are those of y, or 1.
bool broadcasts(const Tensor &x, const Tensor &y) {
	if (x.dims.size() != y.dims.size()) return false;
	for (size_t i = 0; i < x.dims.size(); i++)
		if (x.dims[i] != y.dims[i] && x.dims[i] != 1) return false;
	return true;
}

int operands(int mode) {
	if (mode == 601) return 3;
	if ((mode >= 10 && mode <= 22) || mode == 4 || (mode >= 100 && mode < 200) || mode == 402 || mode == 501) return 1;
	return 2;
}

int pointwise(const Descriptor &d, Node &n, std::vector<Tensor> &all) {
	const Descriptor &how = *d.one<Descriptor *>(750, nullptr);
	n.mode = how.one<int>(0, 0), n.compute = how.one<int>(1, 0), n.axis = how.one<int64_t>(9, -1);
	n.lower = how.one<double>(3, 0), n.upper = how.one<double>(4, 1e300), n.slope = how.one<double>(5, 0);
	n.alpha = scale(d, 754), n.alpha2 = scale(d, 755);
	const bool back = n.mode >= 200 && n.mode < 300;
	const int y = back ? 756 : 753, b = back ? 757 : 752;
	n.hasB = back || operands(n.mode) >= 2, n.hasT = operands(n.mode) == 3;
	if (!d.attributes.count(y) || n.hasB != bool(d.attributes.count(b)) || n.hasT != bool(d.attributes.count(758)) || d.attributes.count(back ? 753 : 756))
		return fail(BAD_PARAM, "pointwise mode " + std::to_string(n.mode) + " has other operands");
	Tensor out = part(d, y);
	for (int name : {751, b, 758}) {
		if (!d.attributes.count(name)) continue;
		all.push_back(part(d, name));
		if (!broadcasts(all.back(), out)) return fail(SHAPE_MISMATCH, "an operand of a pointwise operation of another shape");
		(name == 751 ? n.x : name == 758 ? n.t : n.b) = all.back().uid;
	}
	if (n.mode == 501 && (n.axis < 0 || n.axis >= int64_t(out.dims.size()))) return fail(BAD_PARAM, "an axis that is not there");
	n.y = out.uid;
	all.push_back(out);
	return SUCCESS;
}

int matmul(const Descriptor &d, Node &n, std::vector<Tensor> &all) {
	n.compute = d.one<Descriptor *>(1523, nullptr)->one<int>(1500, 0);
	const Tensor a = part(d, 1520), b = part(d, 1521), c = part(d, 1522);
	const size_t rank = c.dims.size();
	if (rank < 3 || a.dims.size() != rank || b.dims.size() != rank) return fail(BAD_PARAM, "a product wants batches of matrices");
	for (size_t i = 0; i + 2 < rank; i++)
		if ((a.dims[i] != c.dims[i] && a.dims[i] != 1) || (b.dims[i] != c.dims[i] && b.dims[i] != 1)) return fail(SHAPE_MISMATCH, "batches of other numbers");
	if (a.dims[rank - 2] != c.dims[rank - 2] || b.dims[rank - 1] != c.dims[rank - 1] || a.dims[rank - 1] != b.dims[rank - 2])
		return fail(SHAPE_MISMATCH, "matrices of other sizes");
	n.x = a.uid, n.w = b.uid, n.y = c.uid;
	all = {a, b, c};
	return SUCCESS;
}

int reduction(const Descriptor &d, Node &n, std::vector<Tensor> &all) {
	const Descriptor &how = *d.one<Descriptor *>(1612, nullptr);
	n.mode = how.one<int>(1600, 0), n.compute = how.one<int>(1601, 0);
	const Tensor x = part(d, 1610), y = part(d, 1611);
	if (!broadcasts(y, x)) return fail(SHAPE_MISMATCH, "a reduction to another shape");
	n.x = x.uid, n.y = y.uid;
	all = {x, y};
	return SUCCESS;
}

// reshape gives elements of the same places in memory other dimensions.
int reshape(const Descriptor &d, Node &n, std::vector<Tensor> &all) {
	const Tensor x = part(d, 2200), y = part(d, 2201);
	if (x.size() != y.size() || x.extent() != y.extent()) return fail(SHAPE_MISMATCH, "other places in memory");
	n.x = x.uid, n.y = y.uid;
	all = {x, y};
	return SUCCESS;
}

int node(const Descriptor &d, Node &n, std::vector<Tensor> &all) {
	n.kind = d.kind;
	switch (d.kind) {
	case POINTWISE_OPERATION: return pointwise(d, n, all);
	case MATMUL_OPERATION: return matmul(d, n, all);
	case REDUCTION_OPERATION: return reduction(d, n, all);
	case RESHAPE_OPERATION: return reshape(d, n, all);
	}
	all.resize(3);
	return convolution(d, n, all[0], all[1], all[2]);
}

// written is the tensor that a node computes.
int64_t written(const Node &n) { return n.kind == CONVOLVE_IMAGE ? n.x : n.kind == CONVOLVE_KERNELS ? n.w : n.y; }

std::vector<int64_t> read(const Node &n) {
	if (n.kind == CONVOLVE_IMAGE) return {n.w, n.y};
	if (n.kind == CONVOLVE_KERNELS) return {n.x, n.y};
	std::vector<int64_t> list = {n.x};
	if (n.kind == CONVOLVE_OUTPUT || n.kind == MATMUL_OPERATION) list.push_back(n.w);
	if (n.hasB) list.push_back(n.b);
	if (n.hasT) list.push_back(n.t);
	return list;
}

bool same(const Tensor &a, const Tensor &b) { return a.type == b.type && a.dims == b.dims && a.strides == b.strides && a.isVirtual == b.isVirtual; }

} // namespace

namespace dnn {

int64_t Tensor::size() const {
	int64_t n = 1;
	for (int64_t d : dims) n *= d;
	return n;
}

int64_t Tensor::extent() const {
	int64_t n = 1;
	for (size_t i = 0; i < dims.size(); i++) n += (dims[i] - 1) * strides[i];
	return n;
}

int64_t Tensor::at(int64_t index) const {
	int64_t place = 0;
	for (size_t i = dims.size(); i-- > 0; index /= dims[i]) place += index % dims[i] * strides[i];
	return place;
}

bool Program::wide() const {
	for (const Node &n : nodes)
		if (n.compute == DATA_DOUBLE) return true;
	return false;
}

const Node *Program::convolution() const {
	for (const Node &n : nodes)
		if (n.kind >= CONVOLVE_OUTPUT && n.kind <= CONVOLVE_IMAGE) return &n;
	return nullptr;
}

Tensor tensorOf(const Descriptor &d) {
	Tensor t;
	t.uid = d.one<int64_t>(906, 0), t.alignment = d.one<int64_t>(900, 0), t.type = d.one<int>(901, 0);
	t.dims = d.get<int64_t>(902), t.strides = d.get<int64_t>(903);
	t.isVirtual = d.one<char>(907, 0) != 0, t.byValue = d.one<char>(908, 0) != 0;
	return t;
}

size_t bytes(int type) { return type == DATA_DOUBLE || type == DATA_INT64 ? 8 : type == DATA_BFLOAT16 ? 2 : type == DATA_BOOLEAN ? 1 : 4; }

int finishTensor(Descriptor &d) {
	const Tensor t = tensorOf(d);
	if (!types.count(t.type)) return fail(UNKNOWN_DATA_TYPE, "the stand-in has no tensors of that type");
	if (t.dims.size() != t.strides.size()) return fail(BAD_PARAM, "as many strides as dimensions are wanted");
	if (!positive(t.dims) || !positive(t.strides)) return fail(BAD_PARAM, "dimensions and strides must be above 0");
	if (t.alignment < int64_t(bytes(t.type)) || (t.alignment & (t.alignment - 1))) return fail(BAD_PARAM, "an alignment that is no power of 2, or below an element's size");
	if (t.isVirtual && t.byValue) return fail(BAD_PARAM, "a virtual tensor has no value");
	if (t.byValue && t.size() != 1) return fail(BAD_PARAM, "a tensor by value has one element");
	return SUCCESS;
}

int finishConvolution(Descriptor &d) {
	const size_t dims = size_t(d.one<int64_t>(106, 0));
	for (int name : {102, 103, 104, 105})
		if (d.get<int64_t>(name).size() != dims) return fail(BAD_PARAM, "a convolution with other dimensions in attribute " + std::to_string(name));
	if (!positive(d.get<int64_t>(102)) || !positive(d.get<int64_t>(103))) return fail(BAD_PARAM, "dilations and strides must be above 0");
	if (d.get<int64_t>(104) != d.get<int64_t>(105)) return fail(NOT_SUPPORTED, "the stand-in pads both sides alike");
	if (d.one<int>(101, 0) != 1) return fail(NOT_SUPPORTED, "the stand-in correlates");
	return SUCCESS;
}

int finishOperation(Descriptor &d) {
	Node n;
	std::vector<Tensor> all;
	return node(d, n, all);
}

int finishGraph(Descriptor &d) {
	auto p = std::make_shared<Program>();
	std::set<int64_t> made, used;
	for (const Descriptor *op : d.get<Descriptor *>(801)) {
		if (!live(op)) return fail(BAD_PARAM, "an operation is not there any more");
		Node n;
		std::vector<Tensor> all;
		if (int s = node(*op, n, all)) return s;
		for (const Tensor &t : all) {
			const auto [at, fresh] = p->tensors.emplace(t.uid, t);
			if (!fresh && !same(at->second, t)) return fail(DUPLICATED, "two tensors have the id " + std::to_string(t.uid));
		}
		for (int64_t uid : read(n)) {
			if (p->tensors[uid].isVirtual && !made.count(uid)) return fail(BAD_PARAM, "a virtual tensor is read before it is made");
			used.insert(uid);
		}
		if (p->tensors[written(n)].byValue || !made.insert(written(n)).second) return fail(BAD_PARAM, "a tensor is written twice, or by value");
		p->nodes.push_back(n);
	}
	for (int64_t uid : made)
		if (p->tensors[uid].isVirtual && !used.count(uid)) return fail(BAD_PARAM, "a virtual tensor is never read");
	d.program = p;
	return SUCCESS;
}

} // namespace dnn
