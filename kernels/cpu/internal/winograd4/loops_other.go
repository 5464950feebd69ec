//go:build !amd64

package winograd4

import "drift/kernels/cpu/internal/level"

var all [level.Levels]*loops
