package planes

import "drift/kernels/cpu/internal/level"

var loops32 = [...]*loops[float32]{
	level.Portable: nil,
	level.AVX2:     {addRows: addRowsF32AVX2, places: placesF32AVX2, pick: pickF32AVX2, spread: spreadF32AVX2},
	level.AVX512:   {addRows: addRowsF32AVX512, places: placesF32AVX512, pick: pickF32AVX512, spread: spreadF32AVX512},
}

var loops64 = [...]*loops[float64]{
	level.Portable: nil,
	level.AVX2:     {addRows: addRowsF64AVX2, places: placesF64AVX2, pick: pickF64AVX2, spread: spreadF64AVX2},
	level.AVX512:   {addRows: addRowsF64AVX512, places: placesF64AVX512, pick: pickF64AVX512, spread: spreadF64AVX512},
}
