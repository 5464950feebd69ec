package cpu

import (
	"drift/kernels"
	"drift/kernels/cpu/internal/gemm"
	"drift/kernels/cpu/internal/pool"
)

// symmetricBlock is the rows of a product of a matrix with its own transpose that are computed at once.
const symmetricBlock = 256

// symmetric reports a product of a matrix with its own transpose that is large enough for blocks.
func symmetric[T kernels.Float](p kernels.Gemm, a, b []T) bool {
	return p.Batch == 1 && p.M == p.N && p.M >= 2*symmetricBlock && p.K > 0 && p.TransA != p.TransB && p.Beta == 0 && &a[0] == &b[0]
}

// loadSymmetric computes the blocks on and below the diagonal and mirrors them: a Gram matrix for little more than half the work.
func loadSymmetric[T kernels.Float](l *loader, p kernels.Gemm, a, c []T) {
	n, ld, row := p.M, p.K, p.K
	if p.TransA {
		ld, row = p.M, 1
	}
	l.steps = append(l.steps, func(threads *pool.Pool) {
		for from := 0; from < n; from += symmetricBlock {
			to := min(from+symmetricBlock, n)
			gemm.Gemm(threads, p.TransA, p.TransB, to-from, to, p.K, T(p.Alpha), a[from*row:], ld, a, ld, 0, c[from*n:], n)
		}
	})
	const tile = 16
	tiles := (n + tile - 1) / tile
	l.parallel(tiles, tile*n, func(_, from, to int) {
		for i := from; i < to; i++ {
			for j := i; j < tiles; j++ {
				mirror(c, n, i*tile, min((i+1)*tile, n), j*tile, min((j+1)*tile, n))
			}
		}
	})
}

// mirror copies what lies below the diagonal of c [n,n] to rows and columns in the given ranges above it.
func mirror[T kernels.Float](c []T, n, row, rows, column, columns int) {
	for i := row; i < rows; i++ {
		for j := max(column, i+1); j < columns; j++ {
			c[i*n+j] = c[j*n+i]
		}
	}
}
