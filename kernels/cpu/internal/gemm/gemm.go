// Package gemm computes matrix products.
package gemm

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"drift/kernels"
	"drift/kernels/cpu/internal/pool"
)

// block is the side of the blocks of C that are shared among threads. gonum multiplies blocks of this size on the
// calling goroutine, without allocating.
const block = 128

// Gemm is C = alpha·op(A)·op(B) + beta·C for row-major matrices with leading dimensions lda, ldb, ldc: op(A) is m×k, op(B) is
// k×n, C is m×n. With beta = 0, C is not read. It runs on the threads of p (nil: on the caller's alone), may be called
// inside a task of p, and allocates nothing. The result does not depend on the number of threads.
func Gemm[T kernels.Float](p *pool.Pool, transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m == 0 || n == 0 {
		return
	}
	g := product[T]{transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc}
	columns := (n + block - 1) / block
	tasks := (m + block - 1) / block * columns
	if p.Threads() == 1 || m*n*k < 1<<16 {
		for t := range tasks {
			g.block(t/columns, t%columns)
		}
		return
	}
	p.Run(tasks, func(t int) { g.block(t/columns, t%columns) })
}

type product[T kernels.Float] struct {
	transA, transB bool
	m, n, k        int
	alpha          T
	a              []T
	lda            int
	b              []T
	ldb            int
	beta           T
	c              []T
	ldc            int
}

func (g *product[T]) block(row, column int) {
	i, j := row*block, column*block
	m, n := min(block, g.m-i), min(block, g.n-j)
	c := g.c[i*g.ldc+j:]
	if g.k == 0 || g.beta == 0 {
		for r := range m {
			clear(c[r*g.ldc:][:n])
		}
	}
	if g.k == 0 {
		return
	}
	ta, tb, a, b := blas.NoTrans, blas.NoTrans, g.a, g.b
	if g.transA {
		ta, a = blas.Trans, a[i:]
	} else {
		a = a[i*g.lda:]
	}
	if g.transB {
		tb, b = blas.Trans, b[j*g.ldb:]
	} else {
		b = b[j:]
	}
	switch c := any(c).(type) {
	case []float32:
		gonum.Implementation{}.Sgemm(ta, tb, m, n, g.k, float32(g.alpha), any(a).([]float32), g.lda, any(b).([]float32), g.ldb, float32(g.beta), c, g.ldc)
	case []float64:
		gonum.Implementation{}.Dgemm(ta, tb, m, n, g.k, float64(g.alpha), any(a).([]float64), g.lda, any(b).([]float64), g.ldb, float64(g.beta), c, g.ldc)
	}
}
