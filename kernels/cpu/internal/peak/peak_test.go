package peak

import (
	"runtime"
	"testing"
	"time"

	"drift/kernels/cpu/internal/level"
)

// Wider vectors reach more, two threads no less than one, and what has no vectors is not measured.
func TestRates(t *testing.T) {
	before := level.Active()
	defer level.Set(before)
	const d = time.Millisecond
	last := 0.0
	for l := level.Portable; l <= level.Best(); l++ {
		level.Set(l)
		single, double := 0.0, 0.0
		for range 20 { // other work on the machine only slows down
			single, double = max(single, Rate32(1, d)), max(double, Rate64(1, d))
		}
		t.Logf("%v: %.0f and %.0f GFLOP/s", l, single/1e9, double/1e9)
		switch {
		case l == level.Portable:
			if single != 0 || double != 0 {
				t.Errorf("%v: %v, %v: there is nothing to measure", l, single, double)
			}
		case !(single > 0 && double > 0):
			t.Errorf("%v: %v, %v", l, single, double)
		case runtime.GOARCH == "amd64" && (double > 0.75*single || double < 0.3*single):
			t.Errorf("%v: %.3g of float32, %.3g of float64", l, single, double)
		case single < 0.8*last: // a processor may take two steps for a wide vector
			t.Errorf("%v: %.3g, narrower vectors reach %.3g", l, single, last)
		}
		last = single
	}
}
