package timing

import (
	"math"
	"os"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/kernels/cuda"
	"drift/kernels/profile"
)

// profiling opens the device under test with a profile.
func profiling(t *testing.T) (kernels.Device, *profile.Profile) {
	t.Helper()
	p := new(profile.Profile)
	if os.Getenv("DRIFT_TEST_DEVICE") != "cuda" {
		dev := cpu.New(cpu.Options{Threads: 2, Profile: p})
		t.Cleanup(func() { dev.Close() })
		return dev, p
	}
	dev, err := cuda.Open(0, cuda.Options{Profile: p})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev, p
}

// The rows of training steps hold what was counted by hand, and no time beyond that of the programs they are pieces of.
func TestProfileOfSteps(t *testing.T) {
	dev, p := profiling(t)
	ceiling, err := profile.Measure(dev, kernels.Float32)
	if err != nil || !(ceiling.Bytes > 0) || !(ceiling.Flops > 0) {
		t.Fatalf("%+v, %v", ceiling, err)
	}
	const n = 2 // examples
	for _, c := range []struct {
		net          network
		op, shape    string
		calls        int // a step
		bytes, flops float64
	}{
		{network{name: "mlp", spec: "mlp:16"}, "gemm", "2×16×784 NT", 1, 4 * (n*784 + 16*784 + n*16), 2 * n * 16 * 784},
		{network{name: "cnn", spec: "cnn"}, "conv", "2×1×28×28 ⋆ 32×3×3", 1, 4 * (n*784 + 32*9 + n*32*784), 2 * n * 32 * 784 * 9},
		{resnet20, "convweight", "2×16×32×32 ⋆ 16×3×3", 6, 4 * (n*2*16*1024 + 16*16*9), 2 * n * 16 * 1024 * 16 * 9},
	} {
		work := Case{Name: c.net.name, Open: work(c.net, step{name: "sgd", open: sgd}, kernels.Float32, n)}
		found, err := Profile(t.Context(), dev, p, []profile.Ceiling{ceiling}, work)
		if err != nil {
			t.Fatal(err)
		}
		if found.Steps != profiledRuns || !(found.Seconds > 0) {
			t.Errorf("%s: %d steps of %v s", c.net.name, found.Steps, found.Seconds)
		}
		if off := math.Abs(found.Sum - found.Table.Seconds); off > 0.05*found.Table.Seconds {
			t.Errorf("%s: the rows add up to %v s, the programs to %v s", c.net.name, found.Sum, found.Table.Seconds)
		}
		t.Logf("%s: %.2g s a step, of which %.1f %% is in no row", c.net.name, found.Seconds, 100*found.Unexplained())
		seen := false
		for _, l := range found.Rows {
			if l.Op == c.op && l.Shape == c.shape {
				seen = true
				if l.Bytes != c.bytes || l.Flops != c.flops || l.Count != c.calls*found.Steps || l.Share < 0 {
					t.Errorf("%s: %+v, want %d calls of %v bytes and %v operations", c.net.name, l, c.calls, c.bytes, c.flops)
				}
			}
		}
		if !seen {
			t.Errorf("%s: no row of %s %s: %+v", c.net.name, c.op, c.shape, found.Rows)
		}
	}
}

// Every work for a GPU runs, on whatever device there is.
func TestGPUCasesRun(t *testing.T) {
	dev, _ := profiling(t)
	for _, c := range GPUCases(kernels.Float32, true) {
		w, err := c.Open(dev)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if err := w.Run(); err != nil || !ForGPU(c.Name) {
			t.Errorf("%s: %v", c.Name, err)
		}
		w.Close()
	}
}
