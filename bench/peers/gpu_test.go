//go:build gpu

package peers

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// measured is the JSON of gpu.sh. A check is true or the end of what the test printed.
type measured struct {
	Environment any
	Checks      map[string]any
	Seconds     struct {
		Drift      map[string]map[string]any
		Torch, JAX map[string]any
	}
}

// rehearse runs gpu.sh with small works on the bundle that `make gpu-bundle` made.
func rehearse(t *testing.T, environment ...string) (found measured, log string, err error) {
	t.Helper()
	bundle := os.Getenv("DRIFT_TEST_BUNDLE")
	if bundle == "" {
		t.Skip("DRIFT_TEST_BUNDLE names no bundle")
	}
	out := filepath.Join(t.TempDir(), "gpu.json")
	script := exec.Command("sh", filepath.Join(bundle, "gpu.sh"), bundle, out)
	script.Env = append(append(os.Environ(), "DRIFT_GPU_SMALL=1"), environment...)
	said, err := script.CombinedOutput()
	text, missing := os.ReadFile(out)
	if missing != nil {
		t.Fatalf("%v: %s", missing, said)
	}
	if invalid := json.Unmarshal(text, &found); invalid != nil {
		t.Fatalf("%v: %s", invalid, text)
	}
	return found, string(said), err
}

var works = []string{"cnn_step", "mlp1024_gradient", "mlp1024_hvp", "mlp1024_sigma_product", "mlp1024_trace_gradient", "mlp4096_step"}

// On a GPU every check passes and every work is timed; that a peer is not there is recorded.
func TestRehearsal(t *testing.T) {
	found, log, err := rehearse(t)
	if err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	if len(found.Checks) < 6 {
		t.Errorf("checks: %v", found.Checks)
	}
	for name, passed := range found.Checks {
		if passed != true {
			t.Errorf("check %s: %v", name, passed)
		}
	}
	for _, precision := range []string{"float32", "tf32", "bf16"} {
		if names := slices.Sorted(maps.Keys(found.Seconds.Drift[precision])); !slices.Equal(names, works) {
			t.Errorf("%s: timed are %v", precision, names)
		}
	}
	for name, peer := range map[string]map[string]any{"PyTorch": found.Seconds.Torch, "JAX": found.Seconds.JAX} {
		if peer["version"] == nil && peer["error"] == nil {
			t.Errorf("%s: %v", name, peer)
		}
	}
	if !strings.Contains(log, "H v / gradient") {
		t.Errorf("the ratios are not printed: %s", log)
	}
}

// Where nothing works, the file says of every part why.
func TestRehearsalWithoutADriver(t *testing.T) {
	found, log, err := rehearse(t, "LD_LIBRARY_PATH=", "DRIFT_CUBLAS=/no/such/library", "PYTHON=/no/such/python")
	if err == nil {
		t.Fatalf("no error: %s", log)
	}
	if why, _ := found.Checks["cuda"].(string); !strings.Contains(why, "FAIL") && !strings.Contains(why, "status") {
		t.Errorf("check cuda: %v", found.Checks["cuda"])
	}
	s := found.Seconds
	for name, part := range map[string]map[string]any{"drift": s.Drift["tf32"], "PyTorch": s.Torch, "JAX": s.JAX} {
		if why, _ := part["error"].(string); why == "" {
			t.Errorf("%s: %v", name, part)
		}
	}
}
