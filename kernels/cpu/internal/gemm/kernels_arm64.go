package gemm

import "drift/kernels/cpu/internal/level"

var kernels32 = [...]kernel[float32]{
	level.Portable: portable[float32](),
	level.NEON: {
		tile: tileF32NEON, lines: linesPortable[float32], gather: gatherPortable[float32], transpose: transposePortable[float32],
		maxRows: 8, maxCols: 12, depth: 384,
	},
}

var kernels64 = [...]kernel[float64]{
	level.Portable: portable[float64](),
	level.NEON: {
		tile: tileF64NEON, lines: linesPortable[float64], gather: gatherPortable[float64], transpose: transposePortable[float64],
		maxRows: 8, maxCols: 6, depth: 256,
	},
}
