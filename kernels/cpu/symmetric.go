package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// leastSymmetric is the rows from which a product of a matrix with its own transpose is worth a mirror.
const leastSymmetric = 128

// symmetric reports a product of a matrix with its own transpose that is large enough for half of it.
func symmetric[T kernels.Float](p kernels.Gemm, a, b []T) bool {
	return p.Batch == 1 && p.M == p.N && p.M >= leastSymmetric && p.K > 0 && p.TransA != p.TransB && p.Beta == 0 && &a[0] == &b[0]
}

// loadSymmetric computes what lies on and below the diagonal and mirrors it: a Gram matrix for little more than half the work.
func loadSymmetric[T kernels.Float](l *loader, p kernels.Gemm, a, c []T) {
	n, ld := p.M, p.K
	if p.TransA {
		ld = p.M
	}
	l.steps = append(l.steps, func(threads *pool.Pool) { gemm.Lower(threads, p.TransA, n, p.K, T(p.Alpha), a, ld, c, n) })
	l.parallel((n+gemm.Mirrored-1)/gemm.Mirrored, gemm.Mirrored*n, func(_, from, to int) { gemm.Mirror(c, n, from, to) })
}
