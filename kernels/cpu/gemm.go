package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

func loadGemm[T kernels.Float](l *loader, p kernels.Gemm, o operands[T]) {
	a, b, c := o.in[0], o.in[1], o.out[0]
	if symmetric(p, a, b) {
		loadSymmetric(l, p, a, c)
		return
	}
	lda, ldb := max(1, p.K), max(1, p.N)
	if p.TransA {
		lda = max(1, p.M)
	}
	if p.TransB {
		ldb = max(1, p.K)
	}
	strideA, strideB := p.M*p.K, p.K*p.N
	if p.ShareA {
		strideA = 0
	}
	if p.ShareB {
		strideB = 0
	}
	left := gemm.Matrix[T]{Data: a, LD: lda, Trans: p.TransA, Stride: strideA}
	right := gemm.Matrix[T]{Data: b, LD: ldb, Trans: p.TransB, Stride: strideB}
	l.steps = append(l.steps, func(threads *pool.Pool) {
		gemm.Batched(threads, p.Batch, p.M, p.N, p.K, T(p.Alpha), left, right, T(p.Beta), c, max(1, p.N), p.M*p.N)
	})
}
