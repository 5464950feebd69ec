package gemm

import "drift/kernels"

// InPlace is C = Aᵀ·B + beta·C for A [k,m], B [k,n] and C [m,n] whose rows begin lda, ldb and ldc elements apart, without copies into strips:
// for products with few terms over operands in the cache. With beta = 0, C is not read.
func InPlace[T kernels.Float](m, n, k int, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m <= 0 || n <= 0 || k <= 0 {
		return
	}
	_, _, _ = a[(k-1)*lda+m-1], b[(k-1)*ldb+n-1], c[(m-1)*ldc+n-1]
	kern := active[T]()
	strips := ceil(m, kern.maxRows)
	for from := 0; from < k; from += kern.depth {
		depth := min(kern.depth, k-from)
		if from > 0 {
			beta = 1
		}
		for col := 0; col < n; col += kern.maxCols {
			width := min(kern.maxCols, n-col)
			for s := range strips {
				row := split(m, strips, s)
				kern.tile(depth, &a[from*lda+row], lda, &b[from*ldb+col], ldb, &c[row*ldc+col], ldc, split(m, strips, s+1)-row, width, 1, beta, &a[from*lda+row], 1)
			}
		}
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
