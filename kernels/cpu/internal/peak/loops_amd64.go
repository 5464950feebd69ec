package peak

import "drift/kernels/cpu/internal/level"

var loops32 = [...]loop[float32]{
	level.Portable: {},
	level.AVX2:     {fmaF32AVX2, 12 * 8 * 2},
	level.AVX512:   {fmaF32AVX512, 24 * 16 * 2},
}

var loops64 = [...]loop[float64]{
	level.Portable: {},
	level.AVX2:     {fmaF64AVX2, 12 * 4 * 2},
	level.AVX512:   {fmaF64AVX512, 24 * 8 * 2},
}
