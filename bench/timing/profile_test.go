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

// profiled is a step of a network over n examples whose profile is looked at, and a row of it that was counted by hand.
type profiled struct {
	net          network
	n            int
	op, shape    string
	calls        int // a step
	bytes, flops float64
}

var profiledSteps = []profiled{
	{network{name: "mlp", spec: "mlp:256"}, 512, "product", "512×256×784 NT + bias, relu", 1, 4 * (512*784 + 256*784 + 512*256 + 256), 2 * 512 * 256 * 784},
	{network{name: "cnn", spec: "cnn"}, 8, "conv", "8×1×28×28 ⋆ 32×3×3", 1, 4 * (8*784 + 32*9 + 8*32*784), 2 * 8 * 32 * 784 * 9},
	{resnet20, 2, "convweight", "2×16×32×32 ⋆ 16×3×3", 6, 4 * (2*2*16*1024 + 16*16*9), 2 * 2 * 16 * 1024 * 16 * 9},
}

// The rows of training steps hold what was counted by hand. With the time between programs they add up to the step's, which kernels
// alone do within 5 %, in one of a few profiles: whatever else the machine does shows in that remainder.
func TestProfileOfSteps(t *testing.T) {
	dev, p := profiling(t)
	ceiling, err := profile.Measure(dev, kernels.Float32)
	if err != nil || !(ceiling.Bytes > 0) || !(ceiling.Flops > 0) {
		t.Fatalf("%+v, %v", ceiling, err)
	}
	for _, c := range profiledSteps {
		work := Case{Name: c.net.name, Open: work(c.net, step{name: "sgd", open: sgd}, kernels.Float32, c.n)}
		between := math.Inf(1)
		for tries := 0; tries < 5 && between > 0.05; tries++ {
			found, err := Profile(t.Context(), dev, p, []profile.Ceiling{ceiling}, work)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, found)
			between = min(between, found.Between())
		}
		t.Logf("%s: %.1f %% of a step is between programs", c.net.name, 100*between)
		if !(between >= 0 && between <= 0.05) {
			t.Errorf("%s: %.1f %% of a step is between programs", c.net.name, 100*between)
		}
	}
}

func (c profiled) check(t *testing.T, found Profiled) {
	t.Helper()
	whole := found.Seconds * float64(found.Steps)
	if off := math.Abs(found.Sum - whole); found.Steps != profiledRuns || !(whole > 0) || off > 1e-9*whole {
		t.Errorf("%s: %d steps take %v s, the rows %v s", c.net.name, found.Steps, whole, found.Sum)
	}
	seen := false
	for _, l := range found.Rows {
		if l.Seconds < 0 {
			t.Errorf("%s: %+v", c.net.name, l)
		}
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
