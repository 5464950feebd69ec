package devicetest

import (
	"os"
	"sync"
	"testing"

	"drift/kernels"
	"drift/kernels/cuda"
)

// Emulated reports whether Open gives an emulated GPU, which is a hundred times slower than a processor. A test whose cases differ in what
// happens above the device takes some of them there.
var Emulated = sync.OnceValue(func() bool {
	if os.Getenv("DRIFT_TEST_DEVICE") != "cuda" {
		return false
	}
	gpus := cuda.Probe().Devices
	return len(gpus) > 0 && gpus[0].Name == "emulated GPU"
})

// Some is the first n of the cases on an emulated GPU, and all of them elsewhere.
func Some[T any](n int, all ...T) []T {
	if Emulated() {
		return all[:n]
	}
	return all
}

// NotOnGPU skips a test that uses no device, or one of its own, where the same tests run on a GPU.
func NotOnGPU(t testing.TB) {
	t.Helper()
	if os.Getenv("DRIFT_TEST_DEVICE") == "cuda" {
		t.Skip("it uses no GPU")
	}
}

// Narrow starts the GPU with values between kernels stored as bfloat16. A test that asks for it is skipped where the tests run on a processor.
func Narrow(t testing.TB) kernels.Device {
	t.Helper()
	if os.Getenv("DRIFT_TEST_DEVICE") != "cuda" {
		t.Skip("a processor stores float32 as it is")
	}
	d, err := cuda.Open(0, cuda.Options{Precision: cuda.BF16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
