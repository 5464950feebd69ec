package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// batchWork is the number of multiplications from which a product of a batch is worth the threads by itself.
const batchWork = 1 << 21

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
	product := func(threads *pool.Pool, i int) {
		gemm.Gemm(threads, p.TransA, p.TransB, p.M, p.N, p.K, T(p.Alpha), a[i*strideA:], lda, b[i*strideB:], ldb, T(p.Beta),
			c[i*p.M*p.N:], max(1, p.N))
	}
	if p.Batch < 2*l.threads && p.M*p.N*p.K >= batchWork || p.Batch == 1 {
		l.steps = append(l.steps, func(threads *pool.Pool) {
			for i := range p.Batch {
				product(threads, i)
			}
		})
		return
	}
	l.parallel(p.Batch, p.M*p.N*p.K/8, func(_, from, to int) {
		for i := from; i < to; i++ {
			product(nil, i)
		}
	})
}
