package peers

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script runs Python code beside the scripts of this folder, and gives what it printed.
func script(t *testing.T, arguments ...string) []byte {
	t.Helper()
	pythons := interpreters()
	if len(pythons) == 0 {
		t.Skip("no Python")
	}
	c := exec.Command(pythons[0], arguments...)
	c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

// timed is what the scripts for a GPU write.
type timed struct {
	Version string
	Errors  map[string]string
	TF32    map[string]map[string]*float64
}

// A work that fails, or that there is no time for, says why in one line and does not keep the others from being timed; what was
// timed is in the file after each.
func TestTimesOnAGPUAreKept(t *testing.T) {
	out := filepath.Join(t.TempDir(), "times.json")
	const toy = `
import sys, time
import gpu_timing
options = gpu_timing.arguments("toy", seconds=60)
report = gpu_timing.Report(options, {"version": "1", "errors": {}, "tf32": {}})
def bad():
    raise ValueError("backend raised:\n\nCause: the\n  compiler")
report.add("tf32", "eager", "nap", lambda: (lambda: time.sleep(0.001), lambda: None))
report.add("tf32", "eager", "bad", bad)
options.seconds = 0
report.add("tf32", "compile", "late", lambda: (lambda: None, lambda: None))
`
	script(t, "-c", "import sys; sys.path.insert(0, '.'); sys.argv = ['toy', '--out', '"+out+"']\n"+toy)
	var got timed
	text, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if nap := got.TF32["eager"]["nap"]; nap == nil || !(*nap >= 0.001) || got.TF32["eager"]["bad"] != nil || got.TF32["compile"]["late"] != nil {
		t.Errorf("%s", text)
	}
	if got.Errors["tf32 eager bad"] != "ValueError: backend raised: Cause: the compiler" ||
		!strings.Contains(got.Errors["tf32 compile late"], "were over") || len(got.Errors) != 2 {
		t.Errorf("%q", got.Errors)
	}
}

// The scripts that need a library which is not here are Python at least.
func TestScriptsCompile(t *testing.T) {
	files, err := filepath.Glob("*.py")
	if err != nil || len(files) < 7 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		script(t, "-c", "import sys; compile(open(sys.argv[1], encoding='utf-8').read(), sys.argv[1], 'exec')", f)
	}
}

// Where PyTorch is, its script runs on the processor with small works; those that it compiles take a compiler, which need not be there.
func TestTorchScriptRunsOnTheProcessor(t *testing.T) {
	pythons := interpreters()
	if len(pythons) == 0 || exec.Command(pythons[0], "-c", "import torch").Run() != nil {
		t.Skip("no PyTorch")
	}
	out := filepath.Join(t.TempDir(), "times.json")
	script(t, "torch_gpu.py", "--small", "--seconds", "3", "--out", out)
	var got timed
	text, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if step := got.TF32["eager"]["mlp4096/sgd"]; err != nil || got.Version == "" || step == nil {
		t.Fatalf("%v: %s", err, text)
	}
	for work, why := range got.Errors {
		if !strings.Contains(why, "were over") && !strings.Contains(work, "compile") {
			t.Errorf("%s: %s", work, why)
		}
	}
}
