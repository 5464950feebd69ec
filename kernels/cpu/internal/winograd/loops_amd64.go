package winograd

import "drift/kernels/cpu/internal/level"

var loops32 = [...]*loops[float32]{
	level.Portable: nil,
	level.AVX2:     {split: splitF32, join: joinF32, data: dataF32AVX2, outputs: outputsF32AVX2, spread: spreadF32AVX2, lanes: 8},
	level.AVX512:   {split: splitF32, join: joinF32, data: dataF32AVX512, outputs: outputsF32AVX512, spread: spreadF32AVX512, lanes: 16},
}

var loops64 = [...]*loops[float64]{
	level.Portable: nil,
	level.AVX2:     {split: splitF64, join: joinF64, data: dataF64AVX2, outputs: outputsF64AVX2, spread: spreadF64AVX2, lanes: 4},
	level.AVX512:   {split: splitF64, join: joinF64, data: dataF64AVX512, outputs: outputsF64AVX512, spread: spreadF64AVX512, lanes: 8},
}
