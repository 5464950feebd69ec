package gemm

import "drift/kernels"

// Mirrored is the rows of a strip of Mirror.
const Mirrored = 16

// Mirror copies strips [from, to) of what lies below the diagonal of C [n,n] to the other side of it.
func Mirror[T kernels.Float](c []T, n, from, to int) {
	j := take[T]()
	j.kernel, j.blockA = active[T](), grow(j.blockA, Mirrored*Mirrored)
	for i := range j.mirrored {
		j.mirrored[i] = i * Mirrored
	}
	for row := from * Mirrored; row < min(to*Mirrored, n); row += Mirrored {
		if row+Mirrored > n {
			mirror(c, n, row, 0, n)
			break
		}
		for col := 0; col < row; col += Mirrored {
			j.kernel.transpose(&j.blockA[0], &c[row*n+col], Mirrored, Mirrored, n, Mirrored)
			j.kernel.gather(&c[col*n+row], &j.blockA[0], &j.mirrored[0], Mirrored, Mirrored, n)
		}
		mirror(c, n, row, row, row+Mirrored)
	}
	j.release()
}

// mirror copies elements below the diagonal in rows [row, end), from a column on.
func mirror[T kernels.Float](c []T, n, row, column, end int) {
	for i := row; i < end; i++ {
		for j := column; j < i; j++ {
			c[j*n+i] = c[i*n+j]
		}
	}
}
