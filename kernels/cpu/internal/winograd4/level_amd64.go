package winograd4

import "drift/kernels/cpu/internal/level"

const required = level.AVX512
