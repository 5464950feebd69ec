package winograd4

import "drift/kernels/cpu/internal/level"

var all = [...]*loops{
	level.Portable: nil,
	level.AVX2: {
		dataRows: dataRowsAVX2, spreadRows: spreadRowsAVX2, dataColumns: dataColumnsAVX2, spreadColumns: spreadColumnsAVX2,
		outputs: outputsAVX2, storeRows: storeRowsAVX2, kernels: kernelsAVX2, turnedKernels: turnedKernelsAVX2, gradients: gradientsAVX2,
		products: [blockVectors]productsOf{products16AVX2}, weights: [blockVectors]gradientsOf{weights16AVX2},
		dataLanes: dataLanesAVX2, spreadLanes: spreadLanesAVX2, outputLanes: outputLanesAVX2,
		weightRows: 8, suits: Suits{Tiles: 32, OwnBytes: 1 << 24, WideTiles: 64},
	},
	level.AVX512: {
		dataRows: dataRowsAVX512, spreadRows: spreadRowsAVX512, dataColumns: dataColumnsAVX512, spreadColumns: spreadColumnsAVX512,
		outputs: outputsAVX512, storeRows: storeRowsAVX512, kernels: kernelsAVX512, turnedKernels: turnedKernelsAVX512, gradients: gradientsAVX512,
		products:  [blockVectors]productsOf{products16AVX512, products32AVX512},
		weights:   [blockVectors]gradientsOf{unasked(weights16AVX512), unasked(weights32AVX512)},
		dataLanes: dataLanesAVX512, spreadLanes: spreadLanesAVX512, outputLanes: outputLanesAVX512,
		weightRows: 2, suits: Suits{Tiles: 128, OwnBytes: 1 << 20, WideTiles: 16},
	},
}

// unasked is gradients that do not ask for what is next.
func unasked(f func(k, y, v, s *float32, tiles, step, kStride, yStride, vStride int)) gradientsOf {
	return func(k, y, v, s, _ *float32, tiles, step, kStride, yStride, vStride int) {
		f(k, y, v, s, tiles, step, kStride, yStride, vStride)
	}
}
