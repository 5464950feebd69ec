package gemm

import "drift/kernels"

// mostSwept is the tiles of a sweep: the scheduler cannot interrupt it.
const mostSwept = 16

// InPlace is C = Aᵀ·B + beta·C for A [k,m], B [k,n] and C [m,n] whose rows begin lda, ldb and ldc elements apart, without copies into strips:
// for products with few terms over operands in the cache. With beta = 0, C is not read.
func InPlace[T kernels.Float](m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	InColumns(m, k, a, lda).Times(n, b, ldb, beta, c, ldc)
}

// Left is A [m,k] of products whose operands are used where they lie.
type Left[T kernels.Float] struct {
	a           []T
	m, k, ld    int
	inRows      bool
	first, last int // of k, relative to the first and behind the last row of a strip
}

// InColumns is A with element (i,p) at a[p·ld+i].
func InColumns[T kernels.Float](m, k int, a []T, ld int) Left[T] {
	return Left[T]{a: a, m: m, k: k, ld: ld, first: -m, last: k}
}

// InRows is A with element (i,p) at a[i·ld+p]. Where the kernel takes no such A, it is transposed into turned, of m·k elements.
func InRows[T kernels.Float](m, k int, a []T, ld int, turned []T) Left[T] {
	if active[T]().rows != nil || m <= 0 || k <= 0 {
		return Left[T]{a: a, m: m, k: k, ld: ld, inRows: true, first: -m, last: k}
	}
	Transpose(turned, a, m, k, ld)
	return InColumns(m, k, turned, m)
}

// After is A without terms p < i−rows, which are zeros: less than maxRows of them are still read.
func (l Left[T]) After(rows int) Left[T] {
	l.first = -rows
	return l
}

// Until is A without terms p > i+terms, which are zeros: less than maxRows of them are still read.
func (l Left[T]) Until(terms int) Left[T] {
	l.last = terms
	return l
}

// Times is C = A·B + beta·C for B [k,n] and C [m,n]. With beta = 0, C is not read.
func (l Left[T]) Times(n int, b []T, ldb int, beta T, c []T, ldc int) {
	l.TimesUntil(n, n, b, ldb, beta, c, ldc)
}

// TimesUntil is Times where columns j > i+columns of C are not wanted: they are set or left as they are.
func (l Left[T]) TimesUntil(columns, n int, b []T, ldb int, beta T, c []T, ldc int) {
	w := within[T]{Left: l, n: n, columns: columns, b: b, ldb: ldb, c: c, ldc: ldc}
	w.multiply(beta)
}

// within is a product whose operands are used where they lie: element (i,p) of A is a[i·rowStep+p·termStep].
type within[T kernels.Float] struct {
	Left[T]
	n, columns        int
	b, c              []T
	ldb, ldc          int
	rowStep, termStep int
	kernel            *kernel[T]
	tile              func(k int, a *T, as int, b *T, bs int, c *T, ldc, rows, cols int, alpha, beta T, ahead *T, step int)
	sweep             func(k int, a *T, as int, b *T, bs, next int, c *T, ldc, rows, tiles int, alpha, beta T, ahead *T, step, skip int)
}

func (w *within[T]) multiply(beta T) {
	if w.m <= 0 || w.n <= 0 || w.k <= 0 {
		return
	}
	kern := active[T]()
	w.kernel, w.tile, w.sweep, w.rowStep, w.termStep = kern, kern.tile, kern.sweep, 1, w.ld
	if w.inRows {
		w.tile, w.sweep, w.rowStep, w.termStep = kern.rows, kern.sweepRows, w.ld, 1
	}
	_, _, _ = w.a[(w.m-1)*w.rowStep+(w.k-1)*w.termStep], w.b[(w.k-1)*w.ldb+w.n-1], w.c[(w.m-1)*w.ldc+w.n-1]
	strips, width := ceil(w.m, kern.maxRows), kern.maxCols
	if w.sweep != nil {
		width *= mostSwept
	}
	height, taller := w.m/strips, w.m%strips
	for from := 0; from < w.k; from += kern.depth {
		for col := 0; col < w.n; col += width {
			end := min(col+width, w.n)
			whole := (end - col) / kern.maxCols
			for s, row := 0, 0; s < strips; s++ {
				height := height
				if s < taller {
					height++
				}
				w.strip(row, height, from, col, end, whole, beta)
				row += height
			}
		}
	}
}

// strip adds a block of terms, from one on, to columns [col, end) of a strip of rows, which begin with whole tiles.
func (w *within[T]) strip(row, height, from, col, end, whole int, beta T) {
	first, last := max(0, row+w.first), min(w.k, row+height+w.last)
	to := min(from+w.kernel.depth, last)
	from = max(from, first)
	if from >= to {
		return
	}
	if from > first {
		beta = 1
	}
	if wanted := row + height + w.columns; wanted < end {
		end = wanted
		whole = min(whole, ceil(end-col, w.kernel.maxCols))
	}
	a, b, c, wide := &w.a[row*w.rowStep+from*w.termStep], from*w.ldb, row*w.ldc, w.kernel.maxCols
	if w.sweep != nil && whole > 0 {
		w.sweep(to-from, a, w.ld, &w.b[b+col], w.ldb, wide, &w.c[c+col], w.ldc, height, whole, 1, beta, a, 1, 0)
		col += whole * wide
	}
	for ; col < end; col += wide {
		w.tile(to-from, a, w.ld, &w.b[b+col], w.ldb, &w.c[c+col], w.ldc, height, min(wide, w.n-col), 1, beta, a, 1)
	}
}

// Transpose is dst[i·rows+j] = src[j·ld+i] for j < rows, i < columns: the operand of InPlace that src is the transpose of.
func Transpose[T kernels.Float](dst, src []T, rows, columns, ld int) {
	TransposeApart(dst, rows, src, rows, columns, ld)
}

// TransposeApart is Transpose with rows of dst that begin apart elements from each other.
func TransposeApart[T kernels.Float](dst []T, apart int, src []T, rows, columns, ld int) {
	_, _ = dst[(columns-1)*apart+rows-1], src[(rows-1)*ld+columns-1]
	transpose := active[T]().transpose
	if rows < 4 {
		transpose = transposePortable[T]
	}
	transpose(&dst[0], &src[0], columns, rows, ld, apart)
}

// Ask brings x into the second-level cache while something else is computed, as far as the processor does that on request.
func Ask[T kernels.Float](x []T) {
	if ask := active[T]().ask; ask != nil && len(x) >= inLine[T]() {
		ask(&x[0], 1, len(x)/inLine[T](), 0)
	}
}

// AskRows is Ask for the first width elements of rows that begin ld elements apart.
func AskRows[T kernels.Float](x []T, rows, width, ld int) {
	_ = x[(rows-1)*ld+width-1]
	if ask := active[T]().ask; ask != nil {
		ask(&x[0], rows, ceil(width, inLine[T]()), ld)
	}
}
