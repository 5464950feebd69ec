package winograd4

import (
	"testing"

	"drift/kernels/cpu/internal/level"
)

// everyLevel runs a test at every level that has the transforms.
func everyLevel(t *testing.T, f func(t *testing.T)) {
	for l := range level.Levels {
		l := level.Level(l)
		t.Run(l.String(), func(t *testing.T) {
			if l > level.Best() {
				t.Skip("this processor does not have it")
			}
			defer level.Set(level.Set(l))
			if !Available() {
				t.Skip("this level has no transforms")
			}
			f(t)
		})
	}
}
