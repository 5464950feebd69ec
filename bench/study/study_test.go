package study

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/kernels"
	"drift/kernels/cpu"
	"drift/optim"
	"drift/optim/train"
)

const small = `seeds = 2
points = 5
dtype = "float64"
budget = {updates = 12}
targets = ["accuracy >= 0.05", "loss <= 2.4"]
tuning = {trials = 3, finalists = 2, again = 1}

[[task]]
name = "clean"
data = "glyphs,train=40,test=30,size=8"
model = "mlp:8,act=tanh"

[[task]]
name = "noisy, by gradients"
data = "glyphs,train=40,test=30,size=8,label-noise=0.2"
model = "mlp:8,act=tanh"
budget = {gradients = 400}

[[optimizer]]
type = "sgd"
settings = {batch = 8}
search = {lr = [0.01, 1], momentum = {low = 0.5, high = 0.95, scale = "complement"}, schedule = ["constant", "cosine"]}

[[optimizer]]
type = "gd-reg"
settings = {emulate_batch = 8}

[[optimizer]]
name = "wild"
type = "gd"
settings = {lr = 1e308}
tune = false
`

func parsed(t *testing.T, text string) Study {
	t.Helper()
	s, err := Parse("small.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func oneThread() (kernels.Device, error) { return cpu.New(cpu.Options{Threads: 1}), nil }

// results are the bytes of all files of a study's folder that do not tell seconds.
func results(t *testing.T, s Study, o Options) map[string]string {
	t.Helper()
	outcome, err := s.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := outcome.WriteFiles(folder); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if e.Name() != "seconds.csv" {
			files[e.Name()] = string(text)
		}
	}
	return files
}

func sameFiles(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// Sixteen shards, some passes each, one of them lost and one done twice at the same time, merge to what one process comes to.
func TestShardsMergeToTheSameBytes(t *testing.T) {
	s := parsed(t, small)
	want := results(t, s, Options{Dir: t.TempDir(), Device: oneThread})
	dir := t.TempDir()
	const shards, lost, twice = 16, 5, 3
	waiting := 0
	for range 3 {
		waiting = 0
		errs := make(chan error, 2*shards)
		count := 0
		for i := range shards {
			times := 1
			if i == twice {
				times = 2
			}
			for range times {
				if i == lost {
					continue
				}
				count++
				go func() {
					p, err := s.RunShard(context.Background(), Options{Dir: dir, Device: oneThread, Shard: Shard{i, shards}})
					if err == nil && p.Done+p.Waiting != p.Cells {
						err = errors.New("cells are neither done nor waiting")
					}
					errs <- err
				}()
			}
		}
		for range count {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, cellsFolder, "*.json"))
	if n := len(s.cells()); len(files) == 0 || len(files) >= n {
		t.Errorf("%d of %d cells after all shards but one (%d waiting)", len(files), n, waiting)
	}
	sameFiles(t, "merged", results(t, s, Options{Dir: dir, Device: oneThread}), want)
	if left, _ := filepath.Glob(filepath.Join(dir, cellsFolder, ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

// A study that is asked to stop after any cell goes on with the next one.
func TestStoppedStudiesGoOnToTheSameBytes(t *testing.T) {
	s := parsed(t, small)
	s.Tasks = s.Tasks[:1]
	want := results(t, s, Options{Device: oneThread})
	dir := t.TempDir()
	for stops := 0; ; stops++ {
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		_, err := s.Run(ctx, Options{Dir: dir, Device: oneThread, Observe: func(News) {
			if calls++; calls > 40*(stops+1) {
				cancel()
			}
		}})
		cancel()
		if err == nil {
			if stops < 2 {
				t.Errorf("stopped %d times only", stops)
			}
			break
		}
		if !errors.Is(err, train.ErrInterrupted) {
			t.Fatal(err)
		}
	}
	sameFiles(t, "resumed", results(t, s, Options{Dir: dir, Device: oneThread}), want)
}

// What a study says of runs that diverge, of targets, of tuning and of budgets.
func TestOutcome(t *testing.T) {
	o, err := parsed(t, small).Run(context.Background(), Options{Device: oneThread})
	if err != nil {
		t.Fatal(err)
	}
	clean, noisy := o.Tasks[0], o.Tasks[1]
	if r := clean.Rows[2]; len(r.Diverged) != 2 || r.TestLoss != nil || !strings.Contains(r.Quartiles["test_loss"].String(), "∞") {
		t.Errorf("a run that diverges: %+v", r)
	}
	if r := clean.Rows[0]; r.TestLoss == nil || r.Targets[0].Runs != 2 || r.Search == nil || r.Search.Chosen < 0 || len(r.Search.Trials) != 3 || len(r.Search.Finalists) != 2 {
		t.Errorf("sgd: %+v", r)
	}
	if s := clean.Rows[0].Search; s.Updates != 12*5 || s.ExampleGradients != 5*(2*(3*8+8)+5*0)+0 && s.ExampleGradients <= 0 {
		t.Errorf("tuning cost %d updates and %v gradients", s.Updates, s.ExampleGradients)
	}
	for k, want := range []float64{400, 360} { // 50 batches of 8; gd-reg pays 120 a step, and 400 is 3.3 of them
		if got := noisy.Rows[k].ExampleGradients; got == nil || got.Mean != want {
			t.Errorf("%s: %v example gradients, want %v", noisy.Rows[k].Optimizer, got, want)
		}
	}
	if missed := clean.Rows[2].Targets[1]; missed.Runs != 0 || missed.Of != 2 {
		t.Errorf("a target that is missed: %+v", missed)
	}
	if len(o.Differences) != 2*2*2 || o.Differences[1].Test != "sign" || o.Differences[0].Mean == nil {
		t.Errorf("differences %+v", o.Differences)
	}
	if o.Profile == nil || len(o.Profile.Problems) != 4 || o.Profile.Unit != "example gradients" {
		t.Errorf("profile %+v", o.Profile)
	}
	if !slices.ContainsFunc(o.Warnings, func(w string) bool { return strings.Contains(w, "wild: 2 of 2 runs diverged") }) {
		t.Errorf("warnings %q", o.Warnings)
	}
	var tex bytes.Buffer
	if err := o.writeLaTeX(&tex); err != nil || strings.Count(tex.String(), `\begin{table}`) != len(o.Tables) {
		t.Errorf("%v, %s", err, tex.String())
	}
}

// An optimizer of which no trial stays finite has no runs, and keeps the others from nothing.
func TestOptimizerWithoutFiniteTrials(t *testing.T) {
	s := parsed(t, small)
	s.Tasks = s.Tasks[:1]
	s.Optimizers[2].Fixed, s.Optimizers[2].Space = false, []Dimension{{Name: "lr", Low: 1e308, High: 1.5e308}}
	dir := t.TempDir()
	for range 2 { // computed, and read from its cells
		o, err := s.Run(context.Background(), Options{Device: oneThread, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if r := o.Tasks[0].Rows[2]; r.Settings != nil || r.Search.Chosen != -1 || r.Search.Diverged != 3 || len(r.Diverged) != 2 {
			t.Errorf("%+v", r)
		}
	}
}

// Cells of another study, or of other data, are refused.
func TestCellsOfAnotherStudyAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := parsed(t, small)
	s.Tasks, s.Tuning = s.Tasks[:1], Tuning{}
	for i := range s.Optimizers {
		s.Optimizers[i].Space = nil
	}
	if _, err := s.Run(context.Background(), Options{Device: oneThread, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	s.Tasks[0].Budget.Updates++
	if _, err := s.Run(context.Background(), Options{Device: oneThread, Dir: dir}); err == nil || !strings.Contains(err.Error(), "belongs to other settings") {
		t.Errorf("got %v", err)
	}
}

// A budget in seconds ends a run after about as long.
func TestBudgetInSeconds(t *testing.T) {
	sgd := optim.DefaultSGD
	sgd.Batch = 8
	s := Study{Tasks: []Task{{Name: "quick", Data: "glyphs,train=40,test=30,size=8", Model: "mlp:8", Budget: Budget{Seconds: 0.05}}},
		Optimizers: []Optimizer{{Name: "sgd", Optimizer: sgd}}, Seeds: []uint64{1}}
	o, err := s.Run(context.Background(), Options{Device: oneThread})
	if err != nil {
		t.Fatal(err)
	}
	if r := o.Tasks[0].groups[0].Runs[0].Result; r.Steps < 2 || r.Seconds > 5 {
		t.Errorf("%d steps in %v s", r.Steps, r.Seconds)
	}
}
