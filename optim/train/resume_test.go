package train

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"drift/kernels"
	"drift/kernels/devicetest"
	"drift/optim/optimtest"
	"drift/optim/rundir"
)

// A run that was stopped after any step, with a checkpoint some steps before, ends with the same bits and the same log.
func TestResumedRunsEndWithTheSameBits(t *testing.T) {
	for name, r := range runs {
		for dtype, stops := range map[kernels.DType][]int{kernels.Float32: devicetest.Some(1, 19, 0, 30), kernels.Float64: {5}} {
			path := filepath.Join(t.TempDir(), "whole")
			whole := newTrainer(t, r, dtype)
			dir, err := rundir.Create(path, "")
			if err != nil {
				t.Fatal(err)
			}
			train(t, whole, Logging{Dir: dir, LogEvery: 3, EvalEvery: 10})
			dir.Close()
			for _, stop := range stops {
				if got := stopAndResume(t, r, dtype, stop, path); !optimtest.Same(got, theta(t, whole)) {
					t.Errorf("%s, %v: other weights after a stop at step %d", name, dtype, stop)
				}
			}
		}
	}
}

// stopAndResume abandons a run after a step without any farewell, as a crash would, and goes on with it.
func stopAndResume(t *testing.T, r run, dtype kernels.DType, stop int, whole string) []float64 {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stopped")
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	l := Logging{Dir: dir, LogEvery: 3, EvalEvery: 10, CheckpointEvery: 7}
	stopped := newTrainer(t, r, dtype)
	for stopped.StepsTaken() < stop {
		if err := stopped.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.log(stopped); err != nil {
			t.Fatal(err)
		}
		if due(stopped.StepsTaken(), l.CheckpointEvery) {
			if err := l.save(stopped); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir.Close()
	if l.Dir, err = rundir.Resume(path); err != nil {
		t.Fatal(err)
	}
	defer l.Dir.Close()
	resumed := newTrainer(t, r, dtype)
	if err := resumed.Resume(l.Dir); err != nil {
		t.Fatal(err)
	}
	if want := stop / 7 * 7; resumed.StepsTaken() != want {
		t.Errorf("resumed at step %d, want %d", resumed.StepsTaken(), want)
	}
	train(t, resumed, l)
	wantSteps, want := readMetrics(t, whole)
	gotSteps, got := readMetrics(t, path)
	if len(got) != len(want) {
		t.Fatalf("stopped at %d: logged steps %v, want %v", stop, gotSteps, wantSteps)
	}
	for i := range want {
		for key, x := range want[i] {
			if got[i][key] != x {
				t.Errorf("stopped at %d: step %v has %s = %v, want %v", stop, want[i]["step"], key, got[i][key], x)
			}
		}
	}
	return theta(t, resumed)
}

func TestEndedRunResumesToItsResult(t *testing.T) {
	path := t.TempDir()
	dir, err := rundir.Create(path, "")
	if err != nil {
		t.Fatal(err)
	}
	first := train(t, newTrainer(t, runs["sgd"], kernels.Float32), Logging{Dir: dir, LogEvery: 10})
	dir.Close()
	if dir, err = rundir.Resume(path); err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	again := newTrainer(t, runs["sgd"], kernels.Float32)
	if err := again.Resume(dir); err != nil {
		t.Fatal(err)
	}
	second := train(t, again, Logging{Dir: dir, LogEvery: 10})
	if first.Train != second.Train || *first.Test != *second.Test || first.ExampleGradients != second.ExampleGradients {
		t.Errorf("first %+v, then %+v", first, second)
	}
	if steps, _ := readMetrics(t, path); len(steps) != 3 {
		t.Errorf("logged steps %v", steps)
	}
}

func TestInterruptedRunKeepsACheckpoint(t *testing.T) {
	dir, err := rundir.Create(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	ctx, cancel := context.WithCancel(context.Background())
	trainer := newTrainer(t, runs["sgd"], kernels.Float32)
	_, err = trainer.Run(ctx, Logging{Dir: dir, Observe: func(step int, _ *Entry) {
		if step == 11 {
			cancel()
		}
	}})
	var c counters
	_, found, loadErr := dir.Load(&c, nil)
	if !errors.Is(err, ErrInterrupted) || !found || loadErr != nil || c.Step != 11 {
		t.Errorf("%v; checkpoint found %v at step %d, %v", err, found, c.Step, loadErr)
	}
}
