//go:build gpu

package peers

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"drift/kernels/profile"
)

// bundle is the folder that `make gpu-bundle` packed, unpacked.
var bundle = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "bundle")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("tar", "-C", folder, "-xf", os.Getenv("DRIFT_TEST_BUNDLE")).CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return filepath.Join(folder, "gpu"), nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if os.Getenv("DRIFT_TEST_BUNDLE") != "" {
		if folder, err := bundle(); err == nil {
			os.RemoveAll(filepath.Dir(folder))
		}
	}
	os.Exit(status)
}

// measured is the results.json of gpu.sh.
type measured struct {
	Parts map[string]struct {
		Status, Seconds *int
		End             string
		Result          struct {
			Trial *struct {
				Failed  string
				CuBLAS  string
				Notices []string
			}
			GPU   struct{ Missing string }
			Cases []struct {
				Name    string
				Seconds struct{ Min float64 }
			}
			Device struct {
				CuBLAS, CuDNN    string
				Convolutions     int `json:"cudnn_convolutions"`
				Refused          int `json:"cudnn_refused"`
				Epilogues        int `json:"cublaslt_epilogues"`
				EpiloguesRefused int `json:"cublaslt_refused"`
				Graphs, Eager    int
				Notices          []string
			} `json:"device_report"`
		}
	}
}

// outOfTime is the exit status of a part that took too long, whether it ended when it was asked to or had to be killed.
const outOfTime = 124

// ended is a part's exit status, −1 where it did not come to its end.
func (m measured) ended(part string) int {
	s := m.Parts[part].Status
	switch {
	case s == nil:
		return -1
	case *s == 137:
		return outOfTime
	}
	return *s
}

// rehearsal is a run of gpu.sh with small works.
type rehearsal struct {
	*exec.Cmd
	out string
}

func rehearse(t *testing.T, parts string, environment ...string) rehearsal {
	t.Helper()
	if os.Getenv("DRIFT_TEST_BUNDLE") == "" {
		t.Skip("DRIFT_TEST_BUNDLE names no bundle")
	}
	folder, err := bundle()
	if err != nil {
		t.Fatalf("%v: %s", err, folder)
	}
	r := rehearsal{exec.Command("sh", append([]string{filepath.Join(folder, "gpu.sh")}, strings.Fields(parts)...)...), t.TempDir()}
	r.Env = append(append(os.Environ(), "DRIFT_GPU_SMALL=1", "OUT="+r.out), environment...)
	return r
}

// results reads results.json, and holds what is left to what can be brought back from a GPU.
func (r rehearsal) results(t *testing.T) (m measured) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.out, "results.json"))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	files, _ := os.ReadDir(r.out)
	if len(files) > 8 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Size() > 16<<20 || !regexp.MustCompile(`^[A-Za-z0-9._-]+$`).MatchString(f.Name()) || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", f.Name(), info, err)
		}
	}
	return m
}

// log is a file that a part left.
func (r rehearsal) log(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.out, name))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// On a GPU every part passes, and tells what it found.
func TestRehearsal(t *testing.T) {
	r := rehearse(t, "")
	start := time.Now()
	said, err := r.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	t.Logf("%.0f s", time.Since(start).Seconds())
	if info, err := os.Stat(os.Getenv("DRIFT_TEST_BUNDLE")); err != nil || info.Size() > 60e6 {
		t.Errorf("the bundle has %d bytes: %v", info.Size(), err)
	}
	m := r.results(t)
	if len(m.Parts) < 12 {
		t.Errorf("%d parts", len(m.Parts))
	}
	for name := range m.Parts {
		if status := m.ended(name); status != 0 {
			t.Errorf("%s ended with %d", name, status)
		}
	}
	if env := m.Parts["environment"].Result; env.Trial == nil || env.Trial.CuBLAS == "" || len(env.Trial.Notices) > 0 {
		t.Errorf("environment: %+v", env)
	}
	steps := m.Parts["time-tf32"].Result
	if d := steps.Device; len(steps.Cases) != 7 || d.Graphs == 0 || d.Eager > 0 || d.Convolutions == 0 || d.Refused > 0 || d.CuDNN == "" ||
		d.Epilogues == 0 || d.EpiloguesRefused > 0 {
		t.Errorf("%+v", steps)
	}
	var table struct {
		Cases []struct {
			profile.Table
			Name  string
			Steps int
			Step  float64 `json:"step_seconds"`
		}
	}
	if err := json.Unmarshal([]byte(r.log(t, "profile.json")), &table); err != nil || len(table.Cases) != 7 || len(table.Cases[0].Rows) < 10 {
		t.Errorf("profile: %v, %d cases", err, len(table.Cases))
	}
	for _, c := range table.Cases {
		sum, whole := 0.0, c.Step*float64(c.Steps)
		for _, row := range c.Rows {
			sum += row.Seconds
		}
		if !(math.Abs(sum-whole) <= 0.05*whole) {
			t.Errorf("profile: the rows of %s add up to %v of %v s", c.Name, sum, whole)
		}
	}
	for file, want := range map[string]string{"environment.log": "environment: cuDNN in use", "check.log": "check-cuda: PASS",
		"time.log": "time-bf16: gpu/mlp4096/sgd", "claims.txt": "H v / gradient"} {
		if text := r.log(t, file); !strings.Contains(text, want) {
			t.Errorf("no %q in %s: %s", want, file, text)
		}
	}
}

// Whatever goes wrong, each part says so, the ones behind it are come to, and the logs are whole.
func TestRehearsalsThatFail(t *testing.T) {
	for _, c := range []struct {
		name, parts string
		environment []string
		ends        map[string]int // some parts' statuses
		says        map[string]string
	}{
		{"a kernel fails", "environment check time", []string{"DRIFT_EMULATOR_FAULT=2"},
			map[string]int{"environment": 0, "check-cuda": 1, "time-float32": 1, "time-bf16": 1},
			map[string]string{"environment.log": "trial", "check.log": "check-cuda: --- FAIL", "time.log": "lost while"}},
		{"a library is missing", "environment check profile", []string{"DRIFT_CUBLAS=/no/such/library"},
			map[string]int{"environment": 0, "check-cuda": 1, "profile": 1},
			map[string]string{"environment.log": "no such file", "check.log": "no such file", "time.log": "no such file"}},
		{"there is no driver and no Python", "environment peers", []string{"LD_LIBRARY_PATH=", "PYTHON=/no/such/python"},
			map[string]int{"environment": 0, "torch": 127, "jax": 127},
			map[string]string{"environment.log": "no usable NVIDIA driver", "peers.log": "/no/such/python"}},
		{"a part hangs", "environment check profile", []string{"DRIFT_EMULATOR_HANG=1", "DRIFT_GPU_PART_SECONDS=10"},
			map[string]int{"environment": 0, "check-cuda": outOfTime, "profile": outOfTime},
			map[string]string{"check.log": "check-cuda: === RUN"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rehearse(t, c.parts, c.environment...)
			said, err := r.CombinedOutput()
			failed := false
			m := r.results(t)
			for name, want := range c.ends {
				if got := m.ended(name); got != want {
					t.Errorf("%s ended with %d, want %d: %s", name, got, want, m.Parts[name].End)
				}
				if want != 0 && want < outOfTime && m.Parts[name].End == "" {
					t.Errorf("%s does not say why", name)
				}
				failed = failed || want != 0 && name != "torch" && name != "jax"
			}
			if failed != (err != nil) {
				t.Errorf("%v: %s", err, said)
			}
			for file, want := range c.says {
				if text := r.log(t, file); !strings.Contains(text, want) {
					t.Errorf("no %q in %s: %s", want, file, text)
				}
			}
		})
	}
}

// When the time for all parts is over, those that hang and those behind them end within moments.
func TestRehearsalThatRunsOutOfTime(t *testing.T) {
	r := rehearse(t, "environment check time profile", "DRIFT_EMULATOR_HANG=1", "DRIFT_GPU_SECONDS=5")
	start := time.Now()
	if said, err := r.CombinedOutput(); err == nil {
		t.Errorf("parts that hang are no failure: %s", said)
	}
	if d := time.Since(start); d > time.Minute {
		t.Errorf("5 s for all took %v", d)
	}
	m := r.results(t)
	for _, name := range []string{"check-cuda", "time-float32", "time-tf32", "time-bf16", "profile"} {
		if got := m.ended(name); got != outOfTime {
			t.Errorf("%s ended with %d", name, got)
		}
	}
}

// What the libraries refuse is in the results and in the log.
func TestRehearsalWithRefusals(t *testing.T) {
	r := rehearse(t, "environment time", "DRIFT_EMULATOR_WORKSPACE=1000000000000", "DRIFT_EMULATOR_NO_CAPTURE=1")
	if said, err := r.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	m := r.results(t)
	if trial := m.Parts["environment"].Result.Trial; trial == nil || len(trial.Notices) == 0 {
		t.Errorf("%+v", trial)
	}
	d := m.Parts["time-tf32"].Result.Device
	if d.Refused == 0 || d.Convolutions > 0 || d.Eager == 0 || d.Graphs > 0 || len(d.Notices) < 2 {
		t.Errorf("%+v", d)
	}
	for _, want := range []string{"time-tf32: drift: note: cuda:0: cuDNN refuses conv", "cannot be recorded as a CUDA graph"} {
		if text := r.log(t, "time.log"); !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// A run that is killed leaves what was finished.
func TestRehearsalThatIsKilled(t *testing.T) {
	r := rehearse(t, "environment check time")
	r.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for !strings.Contains(string(first(os.ReadFile(filepath.Join(r.out, "results.json")))), `"time-float32"`) {
		if time.Now().After(deadline) {
			t.Fatal("the timing did not begin")
		}
		time.Sleep(50 * time.Millisecond)
	}
	syscall.Kill(-r.Process.Pid, syscall.SIGKILL)
	r.Wait()
	m := r.results(t)
	for name := range m.Parts {
		if got := m.ended(name); strings.HasPrefix(name, "check-") && got != 0 || name == "environment" && got != 0 || name == "time-bf16" {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if text := r.log(t, "check.log"); !strings.Contains(text, "check-cuda: PASS") || !strings.Contains(text, "check-train: PASS") {
		t.Error(text)
	}
}

func first[A, B any](a A, _ B) A { return a }
