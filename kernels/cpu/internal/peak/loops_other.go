//go:build !amd64 && !arm64

package peak

import "drift/kernels/cpu/internal/level"

var (
	loops32 = [...]loop[float32]{level.Portable: {}}
	loops64 = [...]loop[float64]{level.Portable: {}}
)
