// Unpack: one thread an element of the result, or four of a line.
#include "window.cuh"

struct UnpackArgs {
	ptr out, levels, table, index, moves;
	u32 n, rows_of_table, groups, height, width;
	u32 line, fours, moved, words; // threads of a line, whether each does four elements, whether images move, whether four bytes lie in a word
	u32 unused;
	Divisor by_size, by_plane, by_width; // threads of an image, of a group, of a line
};

__device__ __forceinline__ void put4(float *to, const float *v) { *reinterpret_cast<float4 *>(to) = float4{v[0], v[1], v[2], v[3]}; }
__device__ __forceinline__ void put4(double *to, const double *v) {
	reinterpret_cast<double2 *>(to)[0] = double2{v[0], v[1]};
	reinterpret_cast<double2 *>(to)[1] = double2{v[2], v[3]};
}
__device__ __forceinline__ void put4(int *to, const int *v) {
	*reinterpret_cast<float4 *>(to) = float4{__int_as_float(v[0]), __int_as_float(v[1]), __int_as_float(v[2]), __int_as_float(v[3])};
}
__device__ __forceinline__ void put4(bf16 *to, const bf16 *v) { *reinterpret_cast<Four *>(to) = {v[0], v[1], v[2], v[3]}; }

// Place is where in an image a thread begins.
struct Place {
	u32 group, y, x;
};

__device__ __forceinline__ Place place_of(const UnpackArgs &a, u32 i) {
	Place p;
	p.group = a.by_plane.of(i);
	const u32 in_plane = i - p.group * a.height * a.line;
	p.y = a.by_width.of(in_plane);
	p.x = in_plane - p.y * a.line;
	if (a.fours) p.x *= 4;
	return p;
}

// moved_byte is the byte at (y, x) of an image that moves, 0 outside of it: m is dy·2¹⁶ + (dx·2 + mirrored as 16 bits).
__device__ __forceinline__ u32 moved_byte(const UnpackArgs &a, const u8 *plane, int m, u32 y, u32 x) {
	const u32 from_x = (m & 1 ? a.width - 1 - x : x) + u32(short(m & 0xffff) >> 1);
	const u32 from_y = y + u32(m >> 16);
	return from_y < a.height && from_x < a.width ? plane[from_y * a.width + from_x] : 0;
}

// T is the type of the levels, To that of what is stored.
template <class T, class To = T> __device__ __forceinline__ void unpack(const UnpackArgs &a, T missing) {
	const u32 i = thread();
	if (i >= a.n) return;
	const u32 r = a.by_size.of(i);
	u32 t;
	const bool there = position(at<int>(a.index)[r], a.rows_of_table, t);
	const Place p = place_of(a, i - r * (a.groups * a.height * a.line));
	const u8 *plane = at<u8>(a.table) + (size_t(t) * a.groups + p.group) * (a.height * a.width);
	const T *levels = at<T>(a.levels) + p.group * 256;
	const int m = a.moved ? at<int>(a.moves)[r] : 0;
	u32 four = 0;
	const bool whole = a.words && m == 0;
	if (there && whole) four = *reinterpret_cast<const u32 *>(plane + p.y * a.width + p.x);
	To v[4];
#ifdef __CUDACC__
#pragma unroll
#endif
	for (u32 k = 0; k < 4; k++) {
		if (k > 0 && !a.fours) break;
		const u32 byte = !there ? 0 : whole ? four >> 8 * k & 255 : moved_byte(a, plane, m, p.y, p.x + k);
		v[k] = To(there ? levels[byte] : missing);
	}
	if (a.fours) put4(at<To>(a.out) + size_t(i) * 4, v);
	else at<To>(a.out)[i] = v[0];
}

KERNEL(unpack_f32, UnpackArgs) { unpack<float>(a, not_a_number<float>()); }
KERNEL(unpack_f64, UnpackArgs) { unpack<double>(a, not_a_number<double>()); }
KERNEL(unpack_b16, UnpackArgs) { unpack<float, bf16>(a, not_a_number<float>()); }
KERNEL(unpack_i32, UnpackArgs) { unpack<int>(a, -1); }
