// Pooling: one thread an element of the result; adjoints look at the windows that cover their pixel in ascending order.
#include "window.cuh"

// each calls f(place in the window, element of the plane) for the places of the window at o that lie inside the image.
template <class F> __device__ __forceinline__ void each(const WindowArgs &a, const Pixel &o, F f) {
	for (u32 r = 0; r < a.kh; r++) {
		const u32 y = o.y * a.sh + r - a.ph; // wraps above h in the padding
		if (y >= a.h) continue;
		for (u32 c = 0; c < a.kw; c++) {
			const u32 x = o.x * a.sw + c - a.pw;
			if (x < a.w) f(r * a.kw + c, y * a.w + x);
		}
	}
}

// Pair is two neighbours that are loaded and stored as one.
template <class T> struct __align__(2 * sizeof(T)) Pair {
	T left, right;
};

// maxpool finds the place of each window's first largest element, the first place of all where nothing exceeds −∞, and, where
// out is not 0, the element there: zero if that is in the padding.
template <class T> __device__ __forceinline__ void maxpool(const WindowArgs &a) {
	const u32 i = thread();
	if (i >= a.n * a.c * a.oh * a.ow) return;
	const Pixel o = pixel(i, a.oh, a.ow, a.by_oh, a.by_ow);
	const T *plane = at<T>(a.x) + o.plane * a.h * a.w;
	u32 best = 0;
	Wide<T> top = -Wide<T>(__int_as_float(0x7f800000)), value = 0;
	const auto look = [&](u32 place, Wide<T> v) {
		if (place == 0 || v > top || (v != v && top == top)) {
			best = place;
			top = value = v;
		}
	};
	const bool squares = a.kh == 2 && a.kw == 2 && a.sh == 2 && a.sw == 2 && a.ph == 0 && a.pw == 0;
	if (squares && a.w % 2 == 0 && a.x % sizeof(Pair<T>) == 0) {
		const Pair<T> *row = reinterpret_cast<const Pair<T> *>(plane + 2 * o.y * a.w) + o.x;
		const Pair<T> upper = row[0], lower = row[a.w / 2];
		look(0, upper.left);
		look(1, upper.right);
		look(2, lower.left);
		look(3, lower.right);
	} else {
		each(a, o, [&](u32 place, u32 from) { look(place, plane[from]); });
	}
	at<int>(a.index)[i] = int(best);
	if (a.out) at<T>(a.out)[i] = T(value);
}

STORED(maxpool, WindowArgs)

template <class T> __device__ __forceinline__ void maxgather(const WindowArgs &a) {
	const u32 i = thread();
	if (i >= a.n * a.c * a.oh * a.ow) return;
	const Pixel o = pixel(i, a.oh, a.ow, a.by_oh, a.by_ow);
	u32 k;
	const bool ok = position(at<int>(a.index)[i], a.kh * a.kw, k);
	const u32 row = a.by_kw.of(k), y = o.y * a.sh + row - a.ph, x = o.x * a.sw + (k - row * a.kw) - a.pw;
	const T *plane = at<T>(a.x) + o.plane * a.h * a.w;
	at<T>(a.out)[i] = ok && y < a.h && x < a.w ? plane[y * a.w + x] : T(0); // as maxscatter drops what falls outside
}

STORED(maxgather, WindowArgs)

// Sources sums what the windows over a pixel give it: f(output element, place of the pixel in that window).
template <class F> __device__ __forceinline__ double sources(const WindowArgs &a, u32 i, F f) {
	const Pixel p = pixel(i, a.h, a.w, a.by_h, a.by_w);
	const Cover rows = cover(p.y, a.kh, a.sh, a.ph, a.oh), cols = cover(p.x, a.kw, a.sw, a.pw, a.ow);
	double sum = 0;
	for (u32 y = rows.from; y < rows.to; y++)
		for (u32 x = cols.from; x < cols.to; x++)
			sum += f((p.plane * a.oh + y) * a.ow + x, (p.y + a.ph - y * a.sh) * a.kw + (p.x + a.pw - x * a.sw));
	return sum;
}

template <class T> __device__ __forceinline__ void maxscatter(const WindowArgs &a) {
	const u32 i = thread();
	if (i >= a.n * a.c * a.h * a.w) return;
	const T *g = at<T>(a.x);
	const int *index = at<int>(a.index);
	at<T>(a.out)[i] = T(sources(a, i, [=](u32 o, u32 place) { return index[o] == int(place) ? double(g[o]) : 0.0; }));
}

STORED(maxscatter, WindowArgs)

// maxspread is maxscatter for windows without padding that neither overlap nor leave gaps: one thread writes all pixels of a window,
// and zeros at the image's edges that no window reaches.
template <class T> __device__ __forceinline__ void maxspread(const WindowArgs &a) {
	const u32 i = thread(), high = (a.h + a.kh - 1) / a.kh, wide = (a.w + a.kw - 1) / a.kw;
	if (i >= a.n * a.c * high * wide) return;
	const u32 q = i / wide;
	const Pixel cell = {q / high, q % high, i - q * wide};
	const u32 o = (cell.plane * a.oh + cell.y) * a.ow + cell.x;
	const bool window = cell.y < a.oh && cell.x < a.ow;
	const T g = window ? at<T>(a.x)[o] : T(0);
	const int index = window ? at<int>(a.index)[o] : 0;
	T *out = at<T>(a.out) + (cell.plane * a.h + cell.y * a.kh) * a.w + cell.x * a.kw;
	const bool pairs = a.kw == 2 && a.w % 2 == 0 && a.out % sizeof(Pair<T>) == 0;
	for (u32 r = 0; r < a.kh && cell.y * a.kh + r < a.h; r++, out += a.w) {
		if (pairs) {
			*reinterpret_cast<Pair<T> *>(out) = {index == int(2 * r) ? g : T(0), index == int(2 * r + 1) ? g : T(0)};
			continue;
		}
		for (u32 c = 0; c < a.kw && cell.x * a.kw + c < a.w; c++) out[c] = index == int(r * a.kw + c) ? g : T(0);
	}
}

STORED(maxspread, WindowArgs)

template <class T> __device__ __forceinline__ void avgpool(const WindowArgs &a) {
	const u32 i = thread();
	if (i >= a.n * a.c * a.oh * a.ow) return;
	const Pixel o = pixel(i, a.oh, a.ow, a.by_oh, a.by_ow);
	const T *plane = at<T>(a.x) + o.plane * a.h * a.w;
	double sum = 0;
	each(a, o, [&](u32, u32 from) { sum += double(plane[from]); });
	at<T>(a.out)[i] = T(sum / (a.kh * a.kw));
}

STORED(avgpool, WindowArgs)

template <class T> __device__ __forceinline__ void avgunpool(const WindowArgs &a) {
	const u32 i = thread();
	if (i >= a.n * a.c * a.h * a.w) return;
	const T *g = at<T>(a.x);
	at<T>(a.out)[i] = T(sources(a, i, [=](u32 o, u32) { return double(g[o]); }) / (a.kh * a.kw));
}

STORED(avgunpool, WindowArgs)
