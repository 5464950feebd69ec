// Functions that take more than an instruction or two, each of its own in the compiler's output: package emit puts their text in the place of
// a call. Errors are those of CUDA's functions, at most 4 ulp but for pow in float32 (8); sine and cosine are written here, because CUDA's keep
// the remainder of large numbers in local memory, and are within 2 ulp.
#include <math.h>

typedef unsigned long long u64;

// Digits of 2/π behind a word of zeros.
__constant__ u64 two_over_pi[21] = {
	0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
	0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
	0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea,
	0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
};

// window is the 64 digits of 2/π from digit i on, where 0 is the first of the zeros.
__device__ __forceinline__ u64 window(int i) {
	const u64 high = two_over_pi[i / 64], low = two_over_pi[i / 64 + 1];
	return i % 64 ? high << i % 64 | low >> (64 - i % 64) : high;
}

// turn is x·2/π for x = m·2^e without a multiple of 4: whole quarters, and what is left from the nearest of them, in
// [−½, ½] quarters, with an error of 2⁻¹²⁸. Digits that only add multiples of 4 are left out (Payne and Hanek 1983).
__device__ __forceinline__ int turn(u64 m, int e, double &rest) {
	const int from = e - 2 + 64;
	const u64 a = window(from), b = window(from + 64), c = window(from + 128);
	const u64 low = m * c, t = m * b, middle = t + __umul64hi(m, c);
	const u64 high = m * a + __umul64hi(m, b) + (middle < t);
	const int quarters = int(high >> 62);
	u64 first = high << 2 | middle >> 62, second = middle << 2 | low >> 62;
	const bool up = first >> 63;
	if (up) { // the distance to the next quarter, as a number from which nothing is lost
		first = ~first, second = ~second;
	}
	const double distance = double(first) * 0x1p-64 + double(second) * 0x1p-128;
	rest = up ? -distance : distance;
	return quarters + up;
}

// reduced gives x without its nearest multiple of π/2, whose number is returned. Small multiples are taken off in three parts (Cody and Waite
// 1980).
__device__ __forceinline__ int reduced(float x, float &r) {
	if (fabsf(x) < 0x1p16f) {
		const float k = rintf(x * 0.63661977f);
		r = fmaf(k, -1.57079601e+00f, x);
		r = fmaf(k, -3.13916473e-07f, r);
		r = fmaf(k, -5.39030253e-15f, r);
		return int(k);
	}
	const int bits = __float_as_int(x), e = (bits >> 23 & 255) - 150;
	if (e == 105) {
		r = x - x; // not a number
		return 0;
	}
	double rest;
	const int quarters = turn(bits & 0x7fffff | 0x800000, e, rest);
	const float close = float(rest * 1.57079632679489661923);
	r = bits < 0 ? -close : close;
	return bits < 0 ? -quarters : quarters;
}

__device__ __forceinline__ int reduced(double x, double &r) {
	if (fabs(x) < 0x1p16) {
		const double k = rint(x * 6.36619772367581343e-01);
		r = fma(k, -1.57079632679489656e+00, x);
		r = fma(k, -6.12323399573676604e-17, r);
		r = fma(k, 1.49738490485916983e-33, r);
		return int(k);
	}
	const long long bits = __double_as_longlong(x);
	const int e = int(bits >> 52 & 2047) - 1075;
	if (e == 972) {
		r = x - x;
		return 0;
	}
	double rest;
	const int quarters = turn(bits & 0xfffffffffffffull | 0x10000000000000ull, e, rest);
	const double close = rest * 1.57079632679489661923;
	r = bits < 0 ? -close : close;
	return bits < 0 ? -quarters : quarters;
}

// Taylor's series on [−π/4, π/4], up to terms below half an ulp.
__device__ __forceinline__ float sine_part(float r) {
	const float s = r * r;
	return fmaf(r * s, fmaf(s, fmaf(s, fmaf(s, 1.f / 362880, -1.f / 5040), 1.f / 120), -1.f / 6), r);
}

__device__ __forceinline__ float cosine_part(float r) {
	const float s = r * r;
	return fmaf(s, fmaf(s, fmaf(s, fmaf(s, fmaf(s, -1.f / 3628800, 1.f / 40320), -1.f / 720), 1.f / 24), -0.5f), 1.f);
}

__device__ __forceinline__ double sine_part(double r) {
	const double s = r * r;
	double p = 1. / 355687428096000;
	p = fma(s, p, -1. / 1307674368000);
	p = fma(s, p, 1. / 6227020800);
	p = fma(s, p, -1. / 39916800);
	p = fma(s, p, 1. / 362880);
	p = fma(s, p, -1. / 5040);
	p = fma(s, p, 1. / 120);
	p = fma(s, p, -1. / 6);
	return fma(r * s, p, r);
}

__device__ __forceinline__ double cosine_part(double r) {
	const double s = r * r;
	double p = 1. / 20922789888000;
	p = fma(s, p, -1. / 87178291200);
	p = fma(s, p, 1. / 479001600);
	p = fma(s, p, -1. / 3628800);
	p = fma(s, p, 1. / 40320);
	p = fma(s, p, -1. / 720);
	p = fma(s, p, 1. / 24);
	return fma(s, fma(s, p, -0.5), 1.);
}

// wave is sin(x + π/2·ahead).
template <class T> __device__ __forceinline__ T wave(T x, int ahead) {
	T r;
	const int quarter = reduced(x, r) + ahead;
	const T v = quarter & 1 ? cosine_part(r) : sine_part(r);
	return quarter & 2 ? -v : v;
}

template <class T> __device__ __forceinline__ T sigmoid(T x) {
	const T e = exp(-fabs(x));
	return (x < T(0) ? e : T(1)) / (T(1) + e);
}

template <class T> __device__ __forceinline__ T softplus(T x) {
	return x != x ? x : (x > T(0) ? x : T(0)) + log1p(exp(-fabs(x)));
}

template <class T> __device__ __forceinline__ T normal_density(T x) { return exp(T(-0.5) * x * x) * T(0.39894228040143267794); }

#define OF_ONE(name, T, suffix, expression) \
	extern "C" __device__ __noinline__ T name##_##suffix(T x) { return expression; }
#define OF_TWO(name, T, suffix, expression) \
	extern "C" __device__ __noinline__ T name##_##suffix(T x, T y) { return expression; }
#define BOTH(of, name, expression) of(name, float, f32, expression) of(name, double, f64, expression)

BOTH(OF_ONE, exp, exp(x))
BOTH(OF_ONE, log, log(x))
BOTH(OF_ONE, tanh, tanh(x))
BOTH(OF_ONE, sigmoid, sigmoid(x))
BOTH(OF_ONE, softplus, softplus(x))
BOTH(OF_ONE, normcdf, normcdf(x))
BOTH(OF_ONE, normpdf, normal_density(x))
BOTH(OF_ONE, sin, wave(x, 0))
BOTH(OF_ONE, cos, wave(x, 1))
BOTH(OF_TWO, pow, pow(x, y))
