//go:build !amd64

package planes

import "drift/kernels/cpu/internal/level"

var (
	loops32 [level.AVX512 + 1]*loops[float32]
	loops64 [level.AVX512 + 1]*loops[float64]
)
