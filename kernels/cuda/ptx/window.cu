// Im2Col and Col2Im: one thread an element of the result. u is [n, oh·ow, c·kh·kw].
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
