package gemm

import "drift/kernels"

// Mirrored is the rows of a strip of Mirror.
const Mirrored = 16

// Mirror copies strips [from, to) of what lies below the diagonal of C [n,n] to the other side of it.
func Mirror[T kernels.Float](c []T, n, from, to int) {
	transpose := active[T]().transpose
	for row := from * Mirrored; row < min(to*Mirrored, n); row += Mirrored {
		if row+Mirrored > n {
			mirror(c, n, row, 0, n)
			break
		}
		for col := 0; col < row; col += Mirrored {
			transpose(&c[col*n+row], &c[row*n+col], Mirrored, Mirrored, n, n)
		}
		mirror(c, n, row, row, row+Mirrored)
	}
}

// mirror copies elements below the diagonal in rows [row, end), from a column on.
func mirror[T kernels.Float](c []T, n, row, column, end int) {
	for i := row; i < end; i++ {
		for j := column; j < i; j++ {
			c[j*n+i] = c[i*n+j]
		}
	}
}
