package gemm

import (
	"unsafe"

	"drift/kernels"
	"drift/kernels/cpu/internal/level"
)

// kernel is what depends on the instruction set: the micro-kernel and the sizes that suit it.
type kernel[T kernels.Float] struct {
	// tile is C = alpha·A·B + beta·C for rows ≤ maxRows and cols ≤ maxCols, with A[i,p] at a[p·as+i], B[p,j] at b[p·bs+j] and
	// C[i,j] at c[i·ldc+j]. It reads and writes no other elements, and C only where beta is not 0. On the way it may ask for k lines of memory,
	// step > 0 bytes apart, from ahead on, spread out because many at once would hold up what the tile itself loads.
	tile func(k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T, ahead *T, step int)
	// rows is tile with A[i,p] at a[i·as+p]. Nil where A is always copied into strips.
	rows func(k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T, ahead *T, step int)
	// sweep is tile for whole tiles side by side, B[p,t·maxCols+j] at b[t·next+p·bs+j], and sweepRows the same with A as for rows. Along tile t they ask
	// for k lines from ahead[t·skip] on. Nil where every tile is a call.
	sweep, sweepRows func(k int, a *T, as int, b *T, bs, next int, c *T, ldc, rows, tiles int, alpha, beta T, ahead *T, step, skip int)
	// lines is dst[i·width+j] = src[i·ld+j] and transpose dst[i·stride+j] = src[j·ld+i], for i < count ≥ 1, j < width. A transpose
	// in assembly wants a width of 4 at least.
	lines     func(dst, src *T, count, width, ld int)
	transpose func(dst, src *T, count, width, ld, stride int)
	// spread is lines for several strips at once: dst[s·stride+i·width+j] = src[i·ld+s·width+j] for s < strips. It may read and write up to a
	// vector behind each line. It is for widths of more than 16 bytes, and nil where strips are copied one by one.
	spread func(dst, src *T, count, width, ld, strips, stride int)
	// ask brings lines of 64 bytes, at least one, from src[i·ld] on for i < rows into the second-level cache. Nil where the processor has to do so itself.
	ask func(src *T, rows, lines, ld int)
	// gather is dst[i·stride+j] = src[rows[i]+j] for i < count, j < width.
	gather           func(dst, src *T, rows *int, count, width, stride int)
	maxRows, maxCols int
	depth            int // of the blocks in k: a strip of A fits L1, some strips of B half of L2

	// dot is tile with B[j,p] at b[j·bs+p] and A[i,p] at a[i·as+p], for narrow products. Nil where tile serves them too.
	dot              func(k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T)
	dotRows, dotCols int
	dotDepth         int
}

// active is the kernel of the level in use.
func active[T kernels.Float]() *kernel[T] {
	var t T
	if _, ok := any(t).(float32); ok {
		return any(&kernels32[level.Active()]).(*kernel[T])
	}
	return any(&kernels64[level.Active()]).(*kernel[T])
}

const portableTile = 4

func portable[T kernels.Float]() kernel[T] {
	return kernel[T]{tile: tilePortable[T], lines: linesPortable[T], gather: gatherPortable[T], transpose: transposePortable[T],
		maxRows: portableTile, maxCols: portableTile, depth: 256}
}

// tilePortable is kernel.tile in Go.
func tilePortable[T kernels.Float](k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T, _ *T, _ int) {
	var sum [portableTile][portableTile]T
	A, B, C := unsafe.Slice(a, (k-1)*as+rows), unsafe.Slice(b, (k-1)*bs+cols), unsafe.Slice(c, (rows-1)*ldc+cols)
	if rows == portableTile && cols == portableTile {
		full(k, A, as, B, bs, &sum)
	} else {
		for p := range k {
			for i, x := range A[p*as:][:rows] {
				for j, y := range B[p*bs:][:cols] {
					sum[i][j] += x * y
				}
			}
		}
	}
	for i := range rows {
		row := C[i*ldc:][:cols]
		for j := range row {
			if beta == 0 {
				row[j] = alpha * sum[i][j]
			} else {
				row[j] = alpha*sum[i][j] + beta*row[j]
			}
		}
	}
}

func linesPortable[T kernels.Float](dst, src *T, count, width, ld int) {
	d, s := unsafe.Slice(dst, count*width), unsafe.Slice(src, (count-1)*ld+width)
	for i := range count {
		copy(d[i*width:][:width], s[i*ld:])
	}
}

func gatherPortable[T kernels.Float](dst, src *T, rows *int, count, width, stride int) {
	d := unsafe.Slice(dst, (count-1)*stride+width)
	for i, from := range unsafe.Slice(rows, count) {
		copy(d[i*stride:], unsafe.Slice((*T)(unsafe.Add(unsafe.Pointer(src), from*int(unsafe.Sizeof(*src)))), width))
	}
}

func transposePortable[T kernels.Float](dst, src *T, count, width, ld, stride int) {
	d, s := unsafe.Slice(dst, (count-1)*stride+width), unsafe.Slice(src, (width-1)*ld+count)
	for j := range width {
		for i, v := range s[j*ld:][:count] {
			d[i*stride+j] = v
		}
	}
}

// full sums a whole tile, two rows at a time so that the sums stay in registers.
func full[T kernels.Float](k int, a []T, as int, b []T, bs int, sum *[portableTile][portableTile]T) {
	for i := 0; i < portableTile; i += 2 {
		var s0, s1, s2, s3, t0, t1, t2, t3 T
		for p := range k {
			x := a[p*as+i : p*as+i+2 : p*as+i+2]
			y := b[p*bs : p*bs+4 : p*bs+4]
			s0 += x[0] * y[0]
			s1 += x[0] * y[1]
			s2 += x[0] * y[2]
			s3 += x[0] * y[3]
			t0 += x[1] * y[0]
			t1 += x[1] * y[1]
			t2 += x[1] * y[2]
			t3 += x[1] * y[3]
		}
		sum[i], sum[i+1] = [4]T{s0, s1, s2, s3}, [4]T{t0, t1, t2, t3}
	}
}
