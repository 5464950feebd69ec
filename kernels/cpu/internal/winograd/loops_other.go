//go:build !amd64

package winograd

import "drift/kernels/cpu/internal/level"

var (
	loops32 [level.Levels]*loops[float32]
	loops64 [level.Levels]*loops[float64]
)
