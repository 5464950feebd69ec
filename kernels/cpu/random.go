package cpu

import "drift/kernels"

func loadUniform[T kernels.Float](l *loader, p kernels.Uniform, o operands[T]) {
	out, key, at, w := o.out[0], o.key, o.index, p.Width
	l.parallel(p.Rows, 16*w, func(_, from, to int) {
		k := [2]uint32{uint32(key[0]), uint32(key[1])}
		for r := from; r < to; r++ {
			row := out[r*w : (r+1)*w]
			for c := 0; c < w; c += 4 {
				block := kernels.Philox([4]uint32{uint32(c / 4), uint32(at[r]), p.Stream, 0}, k)
				for i := range min(4, w-c) {
					row[c+i] = T(kernels.UniformOf(block[i]))
				}
			}
		}
	})
}
