package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/optim/checkpoint"
)

type entry struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss"`
}

type state struct{ Step int }

func create1(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Create(path, "lr = 0.1\n")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRunGoesOnFromItsCheckpoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "run")
	d := create1(t, path)
	for step := 1; step <= 5; step++ {
		if err := d.Log(entry{step, 1 / float64(step)}); err != nil {
			t.Fatal(err)
		}
		if step == 3 {
			if err := d.Save(state{3}, checkpoint.Vectors{"theta": []float32{1, 2}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.metrics.WriteString(`{"step":6,"lo`) // as a crash would leave it
	d.Close()

	d, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var s state
	vectors, found, err := d.Load(&s, nil)
	if err != nil || !found || s.Step != 3 || vectors["theta"].([]float32)[1] != 2 || d.Config() != "lr = 0.1\n" {
		t.Fatalf("state %v, vectors %v, found %v, config %q, %v", s, vectors, found, d.Config(), err)
	}
	if err := d.Rewind(s.Step); err != nil {
		t.Fatal(err)
	}
	if err := d.Log(entry{4, 0.25}); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(d.File(metricsName))
	want := `{"step":1,"loss":1}|{"step":2,"loss":0.5}|{"step":3,"loss":0.3333333333333333}|{"step":4,"loss":0.25}|`
	if got := strings.ReplaceAll(string(text), "\n", "|"); got != want {
		t.Errorf("metrics are %s, want %s", got, want)
	}
}

func TestResumeWithoutCheckpointStartsAtTheBeginning(t *testing.T) {
	path := t.TempDir()
	d := create1(t, path)
	d.Log(entry{1, 1})
	d.Close()
	d, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, found, err := d.Load(new(state), nil); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	if err := d.Rewind(0); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(d.File(metricsName)); len(text) != 0 {
		t.Errorf("metrics are %q", text)
	}
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	used := filepath.Join(base, "used")
	d := create1(t, used)
	check := func(what string, err error, says string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", what, err, says)
		}
	}
	_, err := Create(file, "")
	check("a file", err, "it is a file")
	_, err = Create(filepath.Join(file, "run"), "")
	check("a folder in a file", err, "not a directory")
	_, err = Resume(base)
	check("resuming nothing", err, "holds no run")
	if _, isLocked := any(d.lock).(*os.File); isLocked {
		_, err = Resume(used)
		check("a run in progress", err, "another process")
	}
	d.Close()
	_, err = Create(used, "")
	check("another run", err, "holds another run")
	if os.Geteuid() != 0 { // root may write anywhere
		locked := filepath.Join(base, "locked")
		os.Mkdir(locked, 0o555)
		_, err = Create(locked, "")
		check("a folder without permission", err, "permission denied")
	}
}

// A crash between the lock and config.toml leaves nothing that keeps a new run from starting.
func TestLeftoverTemporaryFileIsNoRun(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, ".config.toml.tmp"), []byte("lr"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := create1(t, path).Close(); err != nil {
		t.Error(err)
	}
}

// The distributions are cut back with the metrics; a run without any has no such file.
func TestDistributionsAreCutBack(t *testing.T) {
	path := t.TempDir()
	d := create1(t, path)
	file := filepath.Join(path, DistributionsName)
	if _, err := os.Stat(file); err == nil {
		t.Error("the file is there before its first line")
	}
	for step := range 3 {
		if err := d.LogDistributions(entry{step, 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := Resume(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := errors.Join(d.Rewind(1), d.LogDistributions(entry{2, 5})); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if want := `{"step":0,"loss":1}|{"step":1,"loss":1}|{"step":2,"loss":5}|`; err != nil || strings.ReplaceAll(string(text), "\n", "|") != want {
		t.Errorf("%s, %v", text, err)
	}
}
