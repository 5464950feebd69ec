//go:build !amd64 && !arm64

package vmath

import "drift/kernels/cpu/internal/level"

var (
	vectors32 [level.Levels]*vectors[float32]
	vectors64 [level.Levels]*vectors[float64]
)
