package gemm

import "drift/kernels/cpu/internal/level"

var kernels32 = [...]kernel[float32]{
	level.Portable: portable[float32](),
	level.AVX2: {
		tile: tileF32AVX2, rows: rowsF32AVX2, sweep: sweepF32AVX2, sweepRows: sweepRowsF32AVX2,
		ask: askF32, lines: linesF32, spread: spreadF32, gather: gatherF32, transpose: transposeF32,
		maxRows: 6, maxCols: 16, depth: 256,
		dot: dotF32AVX2, dotRows: 3, dotCols: 4, dotDepth: 2048,
	},
	level.AVX512: {
		tile: tileF32AVX512,
		ask:  askF32, lines: linesF32, gather: gatherF32, transpose: transposeF32,
		maxRows: 14, maxCols: 32, depth: 512,
		dot: dotF32AVX512, dotRows: 4, dotCols: 6, dotDepth: 2048,
	},
}

var kernels64 = [...]kernel[float64]{
	level.Portable: portable[float64](),
	level.AVX2: {
		tile: tileF64AVX2, rows: rowsF64AVX2, sweep: sweepF64AVX2, sweepRows: sweepRowsF64AVX2,
		ask: askF64, lines: linesF64, spread: spreadF64, gather: gatherF64, transpose: transposeF64,
		maxRows: 6, maxCols: 8, depth: 256,
		dot: dotF64AVX2, dotRows: 3, dotCols: 4, dotDepth: 1024,
	},
	level.AVX512: {
		tile: tileF64AVX512,
		ask:  askF64, lines: linesF64, gather: gatherF64, transpose: transposeF64,
		maxRows: 14, maxCols: 16, depth: 384,
		dot: dotF64AVX512, dotRows: 4, dotCols: 6, dotDepth: 1024,
	},
}
