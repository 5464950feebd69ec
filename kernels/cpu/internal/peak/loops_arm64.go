package peak

import "drift/kernels/cpu/internal/level"

var (
	loops32 = [...]loop[float32]{level.Portable: {}, level.NEON: {fmaF32NEON, 24 * 4 * 2}}
	loops64 = [...]loop[float64]{level.Portable: {}, level.NEON: {fmaF64NEON, 24 * 2 * 2}}
)
