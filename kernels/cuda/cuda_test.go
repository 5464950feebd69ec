//go:build gpu

package cuda

import (
	"testing"

	"drift/kernels"
	"drift/kernels/kerneltest"
)

// open starts the first GPU, real or emulated, or skips the test where there is none.
func open(t *testing.T, o Options) kernels.Device {
	t.Helper()
	if missing := Probe().Missing; missing != "" {
		t.Skip(missing)
	}
	d, err := Open(0, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestConformance(t *testing.T) {
	kerneltest.Run(t, func() kernels.Device { return open(t, Options{}) })
}
