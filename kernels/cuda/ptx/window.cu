// Im2Col, Col2Im, WindowGram and PixelGram: one thread an element of the result. u is [n, oh·ow, c·kh·kw].
#include "window.cuh"

template <class T> __device__ __forceinline__ void im2col(const WindowArgs &a) {
	const u32 i = thread(), spots = a.kh * a.kw, width = a.c * spots;
	if (i >= a.n * a.oh * a.ow * width) return;
	const u32 window = a.by_width.of(i), k = i - window * width, c = a.by_spots.of(k), spot = k - c * spots, row = a.by_kw.of(spot);
	const Pixel o = pixel(window, a.oh, a.ow, a.by_oh, a.by_ow); // its plane is the image
	const u32 y = o.y * a.sh + row * a.dh - a.ph, x = o.x * a.sw + (spot - row * a.kw) * a.dw - a.pw; // wraps above h, w in the padding
	const bool inside = y < a.h && x < a.w;
	at<T>(a.out)[i] = inside ? at<T>(a.x)[((o.plane * a.c + c) * a.h + y) * a.w + x] : T(0);
}

STORED(im2col, WindowArgs)

template <class T> __device__ __forceinline__ void col2im(const WindowArgs &a) {
	const u32 i = thread(), spots = a.kh * a.kw;
	if (i >= a.n * a.c * a.h * a.w) return;
	const Pixel p = pixel(i, a.h, a.w, a.by_h, a.by_w);
	const u32 image = a.by_c.of(p.plane), c = p.plane - image * a.c;
	const bool gaps = a.dh > 1 || a.dw > 1; // between the pixels of a window
	const Cover rows = cover(p.y, (a.kh - 1) * a.dh + 1, a.sh, a.ph, a.oh), cols = cover(p.x, (a.kw - 1) * a.dw + 1, a.sw, a.pw, a.ow);
	double sum = 0;
	for (u32 y = rows.from; y < rows.to; y++) {
		for (u32 x = cols.from; x < cols.to; x++) {
			u32 row = p.y + a.ph - y * a.sh, col = p.x + a.pw - x * a.sw;
			if (gaps) {
				if (row % a.dh || col % a.dw) continue;
				row /= a.dh, col /= a.dw;
			}
			const u32 spot = row * a.kw + col;
			sum += double(at<T>(a.x)[((image * a.oh + y) * a.ow + x) * a.c * spots + c * spots + spot]);
		}
	}
	at<T>(a.out)[i] = T(sum);
}

STORED(col2im, WindowArgs)

// Pair is one element of matrices over pixels: the pixels that its row and its column stand for; the plane is the matrix.
struct Pair {
	Pixel row, column;
};

__device__ __forceinline__ Pair pair(u32 i, u32 h, u32 w, Divisor by_h, Divisor by_w) {
	const Pixel column = pixel(i, h, w, by_h, by_w);
	return {pixel(column.plane, h, w, by_h, by_w), column};
}

template <class T> __device__ __forceinline__ void windowgram(const WindowArgs &a) {
	const u32 i = thread(), t = a.oh * a.ow;
	if (i >= a.n * a.c * t * t) return;
	const Pair o = pair(i, a.oh, a.ow, a.by_oh, a.by_ow);
	double sum = 0;
	for (u32 row = 0; row < a.kh; row++) {
		const u32 below = row * a.dh - a.ph, y = o.row.y * a.sh + below, v = o.column.y * a.sh + below; // wraps above h in the padding
		if (y >= a.h || v >= a.h) continue;
		for (u32 col = 0; col < a.kw; col++) {
			const u32 right = col * a.dw - a.pw, x = o.row.x * a.sw + right, u = o.column.x * a.sw + right;
			if (x >= a.w || u >= a.w) continue;
			sum += double(at<T>(a.x)[(((o.row.plane * a.h + y) * a.w + x) * a.h + v) * a.w + u]);
		}
	}
	at<T>(a.out)[i] = T(sum);
}

STORED(windowgram, WindowArgs)

// strided is i / stride where that leaves nothing over, else as good as infinite.
__device__ __forceinline__ u32 strided(u32 i, u32 stride) { return stride == 1 ? i : i % stride ? ~0u : i / stride; }

template <class T> __device__ __forceinline__ void pixelgram(const WindowArgs &a) {
	const u32 i = thread(), pixels = a.h * a.w;
	if (i >= a.n * a.c * pixels * pixels) return;
	const Pair p = pair(i, a.h, a.w, a.by_h, a.by_w);
	double sum = 0;
	for (u32 row = 0; row < a.kh; row++) {
		const u32 above = a.ph - row * a.dh, y = strided(p.row.y + above, a.sh), v = strided(p.column.y + above, a.sh); // wraps above oh outside
		if (y >= a.oh || v >= a.oh) continue;
		for (u32 col = 0; col < a.kw; col++) {
			const u32 left = a.pw - col * a.dw, x = strided(p.row.x + left, a.sw), u = strided(p.column.x + left, a.sw);
			if (x >= a.ow || u >= a.ow) continue;
			sum += double(at<T>(a.x)[(((p.row.plane * a.oh + y) * a.ow + x) * a.oh + v) * a.ow + u]);
		}
	}
	at<T>(a.out)[i] = T(sum);
}

STORED(pixelgram, WindowArgs)
