package gemm

import "drift/kernels"

// mostSwept is the tiles of a sweep: the scheduler cannot interrupt it.
const mostSwept = 16

// InPlace is C = Aᵀ·B + beta·C for A [k,m], B [k,n] and C [m,n] whose rows begin lda, ldb and ldc elements apart, without copies into strips:
// for products with few terms over operands in the cache. With beta = 0, C is not read.
func InPlace[T kernels.Float](m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m <= 0 || n <= 0 || k <= 0 {
		return
	}
	_, _, _ = a[(k-1)*lda+m-1], b[(k-1)*ldb+n-1], c[(m-1)*ldc+n-1]
	kern := active[T]()
	w := within[T]{kernel: kern, tile: kern.tile, sweep: kern.sweep, m: m, n: n, a: a, lda: lda, rowStep: 1, termStep: lda, b: b, ldb: ldb, c: c, ldc: ldc}
	w.multiply(k, beta)
}

// InRows is InPlace for A [m,k]: C = A·B + beta·C. Where the kernel takes no such A, it is transposed into turned, of m·k elements.
func InRows[T kernels.Float](m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int, turned []T) {
	if m <= 0 || n <= 0 || k <= 0 {
		return
	}
	kern := active[T]()
	if kern.rows == nil {
		Transpose(turned, a, m, k, lda)
		InPlace(m, n, k, turned, m, b, ldb, beta, c, ldc)
		return
	}
	_, _, _ = a[(m-1)*lda+k-1], b[(k-1)*ldb+n-1], c[(m-1)*ldc+n-1]
	w := within[T]{kernel: kern, tile: kern.rows, sweep: kern.sweepRows, m: m, n: n, a: a, lda: lda, rowStep: lda, termStep: 1, b: b, ldb: ldb, c: c, ldc: ldc}
	w.multiply(k, beta)
}

// within is a product whose operands are used where they lie: element (i,p) of A is a[i·rowStep+p·termStep].
type within[T kernels.Float] struct {
	*kernel[T]
	tile              func(k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T, ahead *T, step int)
	sweep             func(k int, a *T, as int, b *T, bs, next int, c *T, ldc, rows, tiles int, alpha, beta T, ahead *T, step, skip int)
	m, n              int
	a, b, c           []T
	lda, ldb, ldc     int
	rowStep, termStep int
}

func (w *within[T]) multiply(k int, beta T) {
	swept := 0 // columns
	if w.sweep != nil {
		swept = w.n / w.maxCols * w.maxCols
	}
	for from := 0; from < k; from += w.depth {
		depth := min(w.depth, k-from)
		if from > 0 {
			beta = 1
		}
		for col := 0; col < swept; col += mostSwept * w.maxCols {
			tiles := min(mostSwept, (swept-col)/w.maxCols)
			w.strips(from, func(a *T, row, height int) {
				w.sweep(depth, a, w.lda, &w.b[from*w.ldb+col], w.ldb, w.maxCols, &w.c[row*w.ldc+col], w.ldc, height, tiles, 1, beta, a, 1, 0)
			})
		}
		for col := swept; col < w.n; col += w.maxCols {
			w.strips(from, func(a *T, row, height int) {
				w.tile(depth, a, w.lda, &w.b[from*w.ldb+col], w.ldb, &w.c[row*w.ldc+col], w.ldc, height, min(w.maxCols, w.n-col), 1, beta, a, 1)
			})
		}
	}
}

// strips calls f with the strips of A, from an element of k on.
func (w *within[T]) strips(from int, f func(a *T, row, height int)) {
	strips := ceil(w.m, w.maxRows)
	for s := range strips {
		row := split(w.m, strips, s)
		f(&w.a[row*w.rowStep+from*w.termStep], row, split(w.m, strips, s+1)-row)
	}
}

// Transpose is dst[i·rows+j] = src[j·ld+i] for j < rows, i < columns: the operand of InPlace that src is the transpose of.
func Transpose[T kernels.Float](dst, src []T, rows, columns, ld int) {
	_, _ = dst[rows*columns-1], src[(rows-1)*ld+columns-1]
	if rows < 4 {
		transposePortable(&dst[0], &src[0], columns, rows, ld)
		return
	}
	active[T]().transpose(&dst[0], &src[0], columns, rows, ld)
}

// Ask brings x into the second-level cache while something else is computed, as far as the processor does that on request.
func Ask[T kernels.Float](x []T) {
	if ask := active[T]().ask; ask != nil && len(x) >= inLine[T]() {
		ask(&x[0], len(x)/inLine[T]())
	}
}
