// The instructions of the PTX interpreter that compute: a table by name.
#include "ptx.h"
#include "bfloat16.h"

#include <math.h>
#include <string.h>

#include <limits>
#include <type_traits>

namespace ptx {
namespace {

typedef float f32;
typedef double f64;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
struct Bits16 { u16 v; };
typedef bool pred;

template <class T> Type type(char kind = 0) {
	if (std::is_same<T, bool>::value) return {'p', 1};
	if (!kind) kind = std::is_floating_point<T>::value ? 'f' : std::is_signed<T>::value ? 's' : 'u';
	return {kind, int(sizeof(T))};
}

template <class D, class A, class F> void one(Warp &w, const Instruction &i) {
	D *d = w.lane<D>(i.r[0]);
	const A *a = w.lane<A>(i.r[1]);
	each(w, [=](int l) { d[l] = F()(a[l]); });
}
template <class D, class A, class B, class F> void two(Warp &w, const Instruction &i) {
	D *d = w.lane<D>(i.r[0]);
	const A *a = w.lane<A>(i.r[1]);
	const B *b = w.lane<B>(i.r[2]);
	each(w, [=](int l) { d[l] = F()(a[l], b[l]); });
}
template <class D, class A, class B, class C, class F> void three(Warp &w, const Instruction &i) {
	D *d = w.lane<D>(i.r[0]);
	const A *a = w.lane<A>(i.r[1]);
	const B *b = w.lane<B>(i.r[2]);
	const C *c = w.lane<C>(i.r[3]);
	each(w, [=](int l) { d[l] = F()(a[l], b[l], c[l]); });
}

std::map<std::string, Form> table;

// Types named b see any register of their size.
#define KIND(T, name) type<T>(strstr(name, ".b") && std::is_unsigned<T>::value && !std::is_same<T, bool>::value ? 'b' : 0)
#define ONE(name, D, A, expression) \
	table[name] = {{KIND(D, name), KIND(A, name)}, one<D, A, decltype([](A a) -> D { return D(expression); })>}
#define TWO(name, D, A, B, expression) \
	table[name] = {{KIND(D, name), KIND(A, name), KIND(B, name)}, two<D, A, B, decltype([](A a, B b) -> D { return D(expression); })>}
#define THREE(name, D, A, B, C, expression) \
	table[name] = {{KIND(D, name), KIND(A, name), KIND(B, name), KIND(C, name)}, \
	               three<D, A, B, C, decltype([](A a, B b, C c) -> D { return D(expression); })>}

// flushed is zero in the place of what is smaller than the smallest normal number.
template <class T> T flushed(T x) { return fabs(x) < std::numeric_limits<T>::min() ? copysign(T(0), x) : x; }

// down is a·b + c rounded towards −∞; the product of two float32 is exact in float64.
f32 down(f32 a, f32 b, f32 c) {
	const f64 p = f64(a) * b, s = p + c, t = s - p, rest = (p - (s - t)) + (c - t); // p + c = s + rest
	const f32 r = f32(s);
	return f64(r) > s || (f64(r) == s && rest < 0) ? nextafterf(r, -INFINITY) : r;
}

// towards zero is a + b rounded so.
f32 towards_zero(f32 a, f32 b) {
	const f64 s = f64(a) + b, t = s - a, rest = (a - (s - t)) + (b - t);
	const f32 r = f32(s);
	const bool beyond = fabs(f64(r)) > fabs(s) || (f64(r) == s && rest != 0 && (rest > 0) != (s > 0));
	return beyond && isfinite(s) ? nextafterf(r, 0) : r;
}

template <class I, class T> I whole(T x) { // towards zero, the nearest there is, 0 for NaN
	if (x != x) return 0;
	if (x >= T(std::numeric_limits<I>::max())) return std::numeric_limits<I>::max();
	if (x <= T(std::numeric_limits<I>::min())) return std::numeric_limits<I>::min();
	return I(x);
}

template <class T> T larger(T a, T b) { return a != a ? b : b != b ? a : a == b ? (signbit(a) ? b : a) : a > b ? a : b; }
template <class T> T smaller(T a, T b) { return a != a ? b : b != b ? a : a == b ? (signbit(a) ? a : b) : a < b ? a : b; }
template <class T> T nan_or(T a, T b, T v) { return a != a || b != b ? std::numeric_limits<T>::quiet_NaN() : v; }

// coarse is 1/x as the fast instruction has it: the upper half of the bits.
f64 coarse(f64 x) {
	u64 b;
	memcpy(&b, &x, 8);
	b &= ~u64(0xffffffff);
	memcpy(&x, &b, 8);
	x = flushed(1 / flushed(x));
	memcpy(&b, &x, 8);
	b &= ~u64(0xffffffff);
	memcpy(&x, &b, 8);
	return x;
}

void numbers() {
#define FLOAT(T, rn) \
	TWO("add" rn "." #T, T, T, T, a + b); \
	TWO("sub" rn "." #T, T, T, T, a - b); \
	TWO("mul" rn "." #T, T, T, T, a * b)
#define BOTH(T) \
	FLOAT(T, ""); \
	FLOAT(T, ".rn"); \
	TWO("div.rn." #T, T, T, T, a / b); \
	THREE("fma.rn." #T, T, T, T, T, std::fma(a, b, c)); \
	ONE("rcp.rn." #T, T, T, 1 / a); \
	ONE("sqrt.rn." #T, T, T, std::sqrt(a)); \
	ONE("neg." #T, T, T, -a); \
	ONE("abs." #T, T, T, std::fabs(a)); \
	TWO("max." #T, T, T, T, larger(a, b)); \
	TWO("min." #T, T, T, T, smaller(a, b)); \
	ONE("cvt.rni." #T "." #T, T, T, nearbyint(a)); \
	ONE("cvt.rzi." #T "." #T, T, T, trunc(a)); \
	ONE("cvt.rmi." #T "." #T, T, T, floor(a)); \
	ONE("cvt.rpi." #T "." #T, T, T, ceil(a)); \
	ONE("cvt.rzi.s32." #T, s32, T, whole<s32>(a)); \
	ONE("cvt.rn." #T ".s32", T, s32, a); \
	ONE("cvt.rn." #T ".u32", T, u32, a); \
	ONE("cvt.rn." #T ".u64", T, u64, a); \
	ONE("mov." #T, T, T, a); \
	THREE("selp." #T, T, T, T, pred, c ? a : b)
	BOTH(f32);
	BOTH(f64);
	TWO("max.NaN.f32", f32, f32, f32, nan_or(a, b, larger(a, b)));
	TWO("min.NaN.f32", f32, f32, f32, nan_or(a, b, smaller(a, b)));
	ONE("cvt.f64.f32", f64, f32, a);
	ONE("cvt.rn.f32.f64", f32, f64, a);
	table["cvt.rn.bf16x2.f32"] = {{{'b', 4}, type<f32>(), type<f32>()},
	                              two<u32, f32, f32, decltype([](f32 a, f32 b) -> u32 { return u32(Bfloat16(a).bits) << 16 | Bfloat16(b).bits; })>};
	ONE("cvt.sat.f32.f32", f32, f32, a > 0 ? (a < 1 ? a : 1) : 0);
	THREE("fma.rm.f32", f32, f32, f32, f32, down(a, b, c));
	TWO("add.rz.f32", f32, f32, f32, towards_zero(a, b));
	ONE("ex2.approx.ftz.f32", f32, f32, flushed(exp2f(flushed(a))));
	ONE("rcp.approx.ftz.f32", f32, f32, flushed(1 / flushed(a)));
	ONE("rcp.approx.ftz.f64", f64, f64, coarse(a));
}

// compare adds a comparison, alone and joined to a predicate.
#define COMPARE(op, T, expression) \
	TWO("setp." op "." #T, pred, T, T, expression); \
	THREE("setp." op ".and." #T, pred, T, T, pred, (expression) && c); \
	THREE("setp." op ".or." #T, pred, T, T, pred, (expression) || c)
#define ORDER(T) \
	COMPARE("eq", T, a == b); \
	COMPARE("lt", T, a < b); \
	COMPARE("le", T, a <= b); \
	COMPARE("gt", T, a > b); \
	COMPARE("ge", T, a >= b)
#define UNORDERED(T) \
	COMPARE("ne", T, a < b || a > b); \
	COMPARE("equ", T, !(a < b || a > b)); \
	COMPARE("neu", T, a != b); \
	COMPARE("ltu", T, !(a >= b)); \
	COMPARE("leu", T, !(a > b)); \
	COMPARE("gtu", T, !(a <= b)); \
	COMPARE("geu", T, !(a < b)); \
	COMPARE("num", T, a == a && b == b); \
	COMPARE("nan", T, a != a || b != b)

template <class T> T shifted_left(T a, u32 b) { return b < 8 * sizeof(T) ? T(a << b) : 0; }
template <class T> T shifted_right(T a, u32 b) { return b < 8 * sizeof(T) ? T(a >> b) : a < 0 ? T(-1) : 0; }

void integers() {
#define INTEGER(T, U) \
	TWO("add." #T, T, T, T, U(a) + U(b)); \
	TWO("sub." #T, T, T, T, U(a) - U(b)); \
	TWO("mul.lo." #T, T, T, T, U(a) * U(b)); \
	THREE("mad.lo." #T, T, T, T, T, U(a) * U(b) + U(c)); \
	TWO("min." #T, T, T, T, a < b ? a : b); \
	TWO("max." #T, T, T, T, a > b ? a : b); \
	TWO("shr." #T, T, T, u32, shifted_right(a, b)); \
	ONE("mov." #T, T, T, a); \
	THREE("selp." #T, T, T, T, pred, c ? a : b); \
	ORDER(T); \
	COMPARE("ne", T, a != b)
	INTEGER(u32, u32);
	INTEGER(s32, u32);
	INTEGER(u64, u64);
	INTEGER(s64, u64);
	ORDER(f32);
	ORDER(f64);
	UNORDERED(f32);
	UNORDERED(f64);
	ORDER(s16);
	ORDER(u16);
	COMPARE("ne", s16, a != b);
	COMPARE("ne", u16, a != b);
	ONE("neg.s32", s32, s32, 0u - u32(a));
	ONE("neg.s64", s64, s64, 0ull - u64(a));
	TWO("mul.hi.u32", u32, u32, u32, u64(a) * b >> 32);
	TWO("mul.hi.u64", u64, u64, u64, (unsigned __int128)(a)*b >> 64);
	TWO("mul.wide.u32", u64, u32, u32, u64(a) * b);
	TWO("mul.wide.s32", s64, s32, s32, s64(a) * b);
	THREE("mad.wide.u32", u64, u32, u32, u64, u64(a) * b + c);
	TWO("div.u32", u32, u32, u32, b ? a / b : ~0u);
	TWO("rem.u32", u32, u32, u32, b ? a % b : a);
	ONE("cvt.u64.u32", u64, u32, a);
	ONE("cvt.u32.u64", u32, u64, a);
	ONE("cvt.s64.s32", s64, s32, a);
	ONE("mov.u16", u16, u16, a);
	ONE("cvt.u16.u32", u16, u32, a);
	ONE("cvt.u32.u16", u32, u16, a);
	TWO("shr.u16", u16, u16, u32, shifted_right(a, b));
	THREE("selp.u16", u16, u16, u16, pred, c ? a : b);
	ONE("cvta.to.global.u64", u64, u64, a);
}

// inserted puts the lowest bits of a word into another one, from a place on.
void inserted(Warp &w, const Instruction &i) {
	u32 *d = w.lane<u32>(i.r[0]);
	const u32 *a = w.lane<u32>(i.r[1]), *b = w.lane<u32>(i.r[2]), *place = w.lane<u32>(i.r[3]), *count = w.lane<u32>(i.r[4]);
	each(w, [=](int l) {
		const u32 mask = u32(shifted_left<u64>(shifted_left<u64>(1, count[l] & 255) - 1, place[l] & 255));
		d[l] = (b[l] & ~mask) | (shifted_left(a[l], place[l] & 255) & mask);
	});
}

void bits() {
#define BITS(n) \
	TWO("and.b" #n, u##n, u##n, u##n, a &b); \
	TWO("or.b" #n, u##n, u##n, u##n, a | b); \
	TWO("xor.b" #n, u##n, u##n, u##n, a ^ b); \
	ONE("not.b" #n, u##n, u##n, ~a); \
	ONE("mov.b" #n, u##n, u##n, a); \
	THREE("selp.b" #n, u##n, u##n, u##n, pred, c ? a : b); \
	table["shl.b" #n] = {{type<u##n>('b'), type<u##n>('b'), type<u32>()}, \
	                     two<u##n, u##n, u32, decltype([](u##n a, u32 b) -> u##n { return shifted_left(a, b); })>}; \
	COMPARE("eq", b##n, a == b); \
	COMPARE("ne", b##n, a != b)
	typedef u16 b16;
	typedef u32 b32;
	typedef u64 b64;
	BITS(16);
	BITS(32);
	BITS(64);
	table["bfi.b32"] = {{{'b', 4}, {'b', 4}, {'b', 4}, {'u', 4}, {'u', 4}}, inserted};
	TWO("and.pred", pred, pred, pred, a &&b);
	TWO("or.pred", pred, pred, pred, a || b);
	TWO("xor.pred", pred, pred, pred, a != b);
	ONE("not.pred", pred, pred, !a);
	ONE("mov.pred", pred, pred, a);
}

} // namespace

const Form *form(const std::string &name) {
	[[maybe_unused]] static const bool filled = (numbers(), integers(), bits(), true); // once, whichever thread comes first
	const auto f = table.find(name);
	return f == table.end() ? nullptr : &f->second;
}

} // namespace ptx
