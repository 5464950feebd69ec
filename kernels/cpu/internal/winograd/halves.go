package winograd

import "drift/kernels"

// Halves is even[r·half+i], odd[r·half+i] = p[r·row+2i], p[r·row+2i+1] for r < rows and the n pixels p of a row.
func Halves[T kernels.Float](even, odd []T, half int, p []T, row, rows, n int) {
	_, _, _ = even[(rows-1)*half+(n-1)/2], odd[(rows-1)*half+max(0, n/2-1)], p[(rows-1)*row+n-1]
	if l := active[T](); l != nil {
		l.split(&even[0], &odd[0], &p[0], rows, n, half, row)
		return
	}
	for r := range rows {
		for i, v := range p[r*row:][:n] {
			if i%2 == 0 {
				even[r*half+i/2] = v
			} else {
				odd[r*half+i/2] = v
			}
		}
	}
}

// Whole is the other way.
func Whole[T kernels.Float](p []T, row int, even, odd []T, half, rows, n int) {
	_, _, _ = even[(rows-1)*half+(n-1)/2], odd[(rows-1)*half+max(0, n/2-1)], p[(rows-1)*row+n-1]
	if l := active[T](); l != nil {
		l.join(&p[0], &even[0], &odd[0], rows, n, row, half)
		return
	}
	for r := range rows {
		for i := range p[r*row:][:n] {
			if i%2 == 0 {
				p[r*row+i] = even[r*half+i/2]
			} else {
				p[r*row+i] = odd[r*half+i/2]
			}
		}
	}
}
