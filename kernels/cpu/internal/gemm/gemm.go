// Package gemm multiplies matrices: C = α·op(A)·op(B) + β·C, row-major, in float32 and float64.
//
// The method is that of Goto and van de Geijn (2008) and BLIS (Van Zee and van de Geijn 2015): blocks of A and B are copied into
// strips of contiguous memory, and a micro-kernel multiplies a strip of A by a strip of B into a tile of C held in registers. (That of AVX2 also
// reads rows of A where they lie.)
// The strips may come from a function instead of a matrix in memory, which is how convolutions are computed without
// writing out all their windows: see PackFunc.
//
// Every element of C is summed in an order that depends on the sizes and the instruction set only, never on the number of
// threads. Products may be computed by several goroutines at once, also within a task of the pool. Working memory is kept and
// used again, so that calls allocate nothing once the sizes have been seen.
package gemm

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

//go:generate go run drift/kernels/cpu/internal/gen ..

// Matrix is an operand as it lies in memory: element (i,j) of op(X) is Data[i·LD+j], or Data[j·LD+i] with Trans.
// In a batch, the matrix of item q begins Stride·q elements later; with Stride 0 one matrix serves all items.
// With Pack, the elements come from that function and the other fields mean nothing.
type Matrix[T kernels.Float] struct {
	Data   []T
	LD     int
	Trans  bool
	Stride int
	Pack   PackFunc[T]
}

// PackFunc writes a strip of an operand of which there is no copy in memory. For A [m,k] of item q of a batch it sets
//
//	dst[p·width+i] = A[first+i, depth+p]   for i < width, p < len(dst)/width
//
// and for B [k,n] likewise dst[p·width+j] = B[depth+p, first+j]: the strip's width runs fastest in both cases. Widths are at
// most 14 rows of A and 32 columns of B, and len(dst)/width at most a few hundred. It is called from several goroutines
// at once, mostly once for every element of the operand. Make the function once, not for every call: closures allocate.
type PackFunc[T kernels.Float] func(dst []T, q, first, width, depth int)

// Gather copies lines of up to 32 elements, for pack functions: dst[i·stride+j] = src[rows[i]+j] for j < width. The rows must lie
// within src.
func Gather[T kernels.Float](dst []T, stride int, src []T, rows []int, width int) {
	for len(rows) > 0 && width > 0 {
		n := min(len(rows), gatherLines)
		_ = dst[(n-1)*stride+width-1]
		active[T]().gather(&dst[0], &src[0], &rows[0], n, width, stride)
		if rows = rows[n:]; len(rows) > 0 {
			dst = dst[n*stride:]
		}
	}
}

// gatherLines is how many lines one call of assembly copies: the scheduler cannot interrupt it.
const gatherLines = 1 << 10

// Gemm is C = alpha·op(A)·op(B) + beta·C for row-major matrices with leading dimensions lda, ldb, ldc: op(A) is m×k, op(B) is
// k×n, C is m×n. With beta = 0, C is not read; with k = 0, C becomes beta·C. It runs on the threads of p (nil: on the
// caller's alone). It panics where a slice is shorter than the sizes require.
func Gemm[T kernels.Float](p *pool.Pool, transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	Batched(p, 1, m, n, k, alpha, Matrix[T]{Data: a, LD: lda, Trans: transA}, Matrix[T]{Data: b, LD: ldb, Trans: transB}, beta, c, ldc, 0)
}

// Batched is Gemm for batch independent products whose results begin strideC elements apart and do not overlap.
func Batched[T kernels.Float](p *pool.Pool, batch, m, n, k int, alpha T, a, b Matrix[T], beta T, c []T, ldc, strideC int) {
	if batch <= 0 || m <= 0 || n <= 0 {
		return
	}
	_ = c[(batch-1)*strideC+(m-1)*ldc+n-1]
	if k <= 0 {
		for q := range batch {
			scale(m, n, beta, c[q*strideC:], ldc)
		}
		return
	}
	a.check(batch, m, k)
	b.check(batch, k, n)
	j := take[T]()
	j.product = product[T]{kernel: active[T](), m: m, n: n, k: k, alpha: alpha, beta: beta, a: a, b: b, c: c, ldc: ldc, strideC: strideC}
	j.turn()
	j.run(p, batch)
	j.release()
}

// Lower is C = alpha·A·Aᵀ for A [n,k], or alpha·Aᵀ·A for A [k,n] with trans, on and below the diagonal only: elements above it are
// left as they are, or set where they share a tile with others. Elements have the bits that Gemm gives them.
func Lower[T kernels.Float](p *pool.Pool, trans bool, n, k int, alpha T, a []T, lda int, c []T, ldc int) {
	if n <= 0 || k <= 0 {
		return
	}
	_ = c[(n-1)*ldc+n-1]
	left, right := Matrix[T]{Data: a, LD: lda, Trans: trans}, Matrix[T]{Data: a, LD: lda, Trans: !trans}
	left.check(1, n, k)
	j := take[T]()
	j.product = product[T]{kernel: active[T](), m: n, n: n, k: k, alpha: alpha, a: left, b: right, c: c, ldc: ldc, lower: true}
	j.run(p, 1)
	j.release()
}

// check panics where the matrix is shorter than rows×cols of op(X) require.
func (x *Matrix[T]) check(batch, rows, cols int) {
	if x.Pack != nil {
		return
	}
	if x.Trans {
		rows, cols = cols, rows
	}
	_ = x.Data[(batch-1)*x.Stride+(rows-1)*x.LD+cols-1]
}

// scale is C = beta·C, without reading C where beta is 0.
func scale[T kernels.Float](m, n int, beta T, c []T, ldc int) {
	for i := range m {
		row := c[i*ldc:][:n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
