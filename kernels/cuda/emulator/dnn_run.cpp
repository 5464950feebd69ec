// What the stand-in's graphs compute, one operation after another as plain loops. Elements are rounded to the type of a tensor when they are stored,
// also between operations, and factors as the engine's tensor cores round them; sums are in the type of the arithmetic.
#include "bfloat16.h"
#include "dnn.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <limits>

using namespace dnn;

namespace {

template <class T> T load(const Tensor &t, const void *at, int64_t i) {
	switch (t.type) {
	case DATA_DOUBLE: return T(static_cast<const double *>(at)[i]);
	case DATA_INT32: return T(static_cast<const int32_t *>(at)[i]);
	case DATA_INT64: return T(static_cast<const int64_t *>(at)[i]);
	case DATA_BOOLEAN: return T(static_cast<const unsigned char *>(at)[i] != 0);
	case DATA_BFLOAT16: return T(float(static_cast<const Bfloat16 *>(at)[i]));
	}
	return T(static_cast<const float *>(at)[i]);
}

template <class T> void store(const Tensor &t, void *at, int64_t i, T x) {
	switch (t.type) {
	case DATA_DOUBLE: static_cast<double *>(at)[i] = x; break;
	case DATA_INT32: static_cast<int32_t *>(at)[i] = int32_t(x); break;
	case DATA_INT64: static_cast<int64_t *>(at)[i] = int64_t(x); break;
	case DATA_BOOLEAN: static_cast<unsigned char *>(at)[i] = x != 0; break;
	case DATA_BFLOAT16: static_cast<Bfloat16 *>(at)[i] = Bfloat16(float(x)); break;
	default: static_cast<float *>(at)[i] = float(x);
	}
}

// T is the type of the arithmetic. Values lie in the order of the dimensions.
template <class T> struct Runner {
	const Program &p;
	int bits; // of a factor's mantissa that are rounded away
	std::map<int64_t, void *> at;
	std::map<int64_t, std::vector<char>> between = {};

	void *memory(const Tensor &t) {
		if (!t.isVirtual) return at.at(t.uid);
		auto &room = between[t.uid];
		room.resize(size_t(t.extent()) * bytes(t.type));
		return room.data();
	}

	std::vector<T> values(int64_t uid, int off = 0) {
		const Tensor &t = p.tensors.at(uid);
		const void *from = memory(t);
		std::vector<T> v(static_cast<size_t>(t.size()));
		for (size_t i = 0; i < v.size(); i++) v[i] = rounded(load<T>(t, from, t.at(int64_t(i))), off);
		return v;
	}

	void keep(int64_t uid, const std::vector<T> &v) {
		const Tensor &t = p.tensors.at(uid);
		void *to = memory(t);
		for (size_t i = 0; i < v.size(); i++) store(t, to, t.at(int64_t(i)), v[i]);
	}

	// factors are what tensor cores read.
	std::vector<T> factors(int64_t uid) { return values(uid, p.tensors.at(uid).type == DATA_FLOAT ? bits : 0); }

	void convolve(const Node &n) {
		const Tensor &x = p.tensors.at(n.x), &w = p.tensors.at(n.w), &y = p.tensors.at(n.y);
		const int64_t XC = x.dims[1], H = x.dims[2], W = x.dims[3], C = w.dims[1], KH = w.dims[2], KW = w.dims[3], O = y.dims[1], OH = y.dims[2], OW = y.dims[3];
		const int64_t each = O / (XC / C), result = n.kind == CONVOLVE_IMAGE ? n.x : n.kind == CONVOLVE_KERNELS ? n.w : n.y;
		std::vector<T> a, k, o, sum(size_t(p.tensors.at(result).size()));
		if (result != n.x) a = factors(n.x);
		if (result != n.w) k = factors(n.w);
		if (result != n.y) o = factors(n.y);
		T *px = result == n.x ? sum.data() : a.data(), *pw = result == n.w ? sum.data() : k.data(), *py = result == n.y ? sum.data() : o.data();
		for (int64_t i = 0; i < y.dims[0]; i++)
			for (int64_t f = 0; f < O; f++)
				for (int64_t q = 0; q < C * KH * KW; q++) {
					const int64_t channel = f / each * C + q / (KH * KW), dh = q / KW % KH * n.dilations[0] - n.paddings[0], dw = q % KW * n.dilations[1] - n.paddings[1];
					T &tap = pw[f * C * KH * KW + q];
					for (int64_t r = 0; r < OH; r++) {
						const int64_t row = r * n.strides[0] + dh;
						if (row < 0 || row >= H) continue;
						T *in = px + ((i * XC + channel) * H + row) * W, *out = py + ((i * O + f) * OH + r) * OW;
						for (int64_t s = 0; s < OW; s++) {
							const int64_t column = s * n.strides[1] + dw;
							if (column < 0 || column >= W) continue;
							if (result == n.y) out[s] += in[column] * tap;
							if (result == n.x) in[column] += tap * out[s];
							if (result == n.w) tap += in[column] * out[s];
						}
					}
				}
		keep(result, sum);
	}

	T point(const Node &n, T x, T b, T t, int64_t place) {
		switch (n.mode) {
		case 0: return T(n.alpha) * x + T(n.alpha2) * b;
		case 1: return x * b;
		case 2: return x < b ? x : b;
		case 3: return x > b ? x : b;
		case 4: return sqrt(x);
		case 6: return x / b;
		case 9: return T(n.alpha) * x - T(n.alpha2) * b;
		case 10: return fabs(x);
		case 13: return exp(x);
		case 15: return log(x);
		case 16: return -x;
		case 17: return 1 / sqrt(x);
		case 21: return x;
		case 22: return 1 / x;
		case 100: return x > T(n.lower) ? (x < T(n.upper) ? x : T(n.upper)) : T(n.lower) + T(n.slope) * (x - T(n.lower));
		case 200: return x > T(n.lower) ? b : T(n.slope) * b; // b is dy
		case 300: return x == b;
		case 301: return x != b;
		case 302: return x > b;
		case 303: return x >= b;
		case 304: return x < b;
		case 305: return x <= b;
		case 400: return x != 0 && b != 0;
		case 401: return x != 0 || b != 0;
		case 402: return x == 0;
		case 501: return T(place);
		case 601: return t != 0 ? x : b;
		}
		return std::numeric_limits<T>::quiet_NaN();
	}

	// beside is the place in v, of shape t, that belongs to element i of y.
	static size_t beside(const Tensor &t, const Tensor &y, int64_t i, int64_t axis = -1, int64_t *place = nullptr) {
		int64_t index = 0, step = 1;
		for (size_t d = y.dims.size(); d-- > 0; i /= y.dims[d]) {
			if (int64_t(d) == axis) *place = i % y.dims[d];
			if (t.dims[d] != 1) index += i % y.dims[d] * step;
			step *= t.dims[d];
		}
		return size_t(index);
	}

	void pointwise(const Node &n) {
		const Tensor &y = p.tensors.at(n.y), &x = p.tensors.at(n.x);
		const std::vector<T> a = values(n.x), b = n.hasB ? values(n.b) : std::vector<T>(), t = n.hasT ? values(n.t) : std::vector<T>();
		std::vector<T> out(static_cast<size_t>(y.size()));
		for (size_t i = 0; i < out.size(); i++) {
			int64_t place = 0;
			const T u = a[beside(x, y, int64_t(i), n.axis, &place)];
			const T v = n.hasB ? b[beside(p.tensors.at(n.b), y, int64_t(i))] : 0, c = n.hasT ? t[beside(p.tensors.at(n.t), y, int64_t(i))] : 0;
			out[i] = point(n, u, v, c, place);
		}
		keep(n.y, out);
	}

	void matmul(const Node &n) {
		const Tensor &a = p.tensors.at(n.x), &b = p.tensors.at(n.w), &c = p.tensors.at(n.y);
		const size_t rank = c.dims.size();
		const int64_t M = c.dims[rank - 2], N = c.dims[rank - 1], K = a.dims[rank - 1];
		const std::vector<T> u = factors(n.x), v = factors(n.w);
		std::vector<T> out(static_cast<size_t>(c.size()));
		Tensor batches = c, as = a, bs = b;
		for (Tensor *t : {&batches, &as, &bs}) t->dims.resize(rank - 2);
		for (int64_t g = 0; g < batches.size(); g++) {
			const int64_t ga = int64_t(beside(as, batches, g)), gb = int64_t(beside(bs, batches, g));
			for (int64_t i = 0; i < M; i++)
				for (int64_t l = 0; l < K; l++)
					for (int64_t j = 0; j < N; j++)
						out[size_t((g * M + i) * N + j)] += u[size_t((ga * M + i) * K + l)] * v[size_t((gb * K + l) * N + j)];
		}
		keep(n.y, out);
	}

	void reduce(const Node &n) {
		const Tensor &x = p.tensors.at(n.x), &y = p.tensors.at(n.y);
		const std::vector<T> v = values(n.x);
		std::vector<T> out(static_cast<size_t>(y.size()), n.mode == 0 ? T(0) : n.mode == 1 ? T(1) : n.mode == 2 ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity());
		for (size_t i = 0; i < v.size(); i++) {
			T &to = out[beside(y, x, int64_t(i))];
			to = n.mode == 0 ? to + v[i] : n.mode == 1 ? to * v[i] : n.mode == 2 ? fmin(to, v[i]) : fmax(to, v[i]);
		}
		keep(n.y, out);
	}

	void reshape(const Node &n) {
		const Tensor &x = p.tensors.at(n.x), &y = p.tensors.at(n.y);
		const void *from = memory(x);
		void *to = memory(y);
		for (int64_t i = 0; i < y.size(); i++) store(y, to, y.at(i), load<T>(x, from, y.at(i)));
	}

	void all() {
		for (const Node &n : p.nodes) switch (n.kind) {
			case POINTWISE_OPERATION: pointwise(n); break;
			case MATMUL_OPERATION: matmul(n); break;
			case REDUCTION_OPERATION: reduce(n); break;
			case RESHAPE_OPERATION: reshape(n); break;
			default: convolve(n);
			}
	}
};

// dawdle lets the environment slow engines down, to see one chosen: "0:30,1:10" are milliseconds.
void dawdle(int64_t engine) {
	const char *list = getenv("DRIFT_EMULATOR_SLOW_ENGINE");
	while (list && *list) {
		char *end;
		const int64_t index = strtoll(list, &end, 10), ms = *end == ':' ? strtoll(end + 1, &end, 10) : 0;
		if (index == engine) usleep(useconds_t(ms * 1000));
		list = *end ? end + 1 : end;
	}
}

} // namespace

namespace dnn {

void run(const Program &p, const Engine &e, const std::map<int64_t, void *> &at) {
	dawdle(e.index);
	const int bits = e.has(TENSOR_CORE) ? 13 : 0;
	if (p.wide()) Runner<double>{p, 0, at}.all();
	else Runner<float>{p, bits, at}.all();
}

} // namespace dnn
