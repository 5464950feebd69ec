//go:build gpu

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/cmd/drift/internal/machine"
	"drift/kernels/cuda"
)

// A run whose device fails ends with one line that says how to go on, and goes on to the bits of a run without a failure.
func TestRunGoesOnAfterALostDevice(t *testing.T) {
	if gpus := cuda.Probe().Devices; len(gpus) == 0 || gpus[0].Name != "emulated GPU" {
		t.Skip("only an emulated GPU fails when it is told to")
	}
	flags := smallRun + "--device cuda --steps 60 --checkpoint-every 10 --out "
	whole, broken := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "broken")
	if status, _, stderr := drift(t, strings.Fields(flags+whole)...); status != statusDone {
		t.Fatal(stderr)
	}
	run := child(strings.Fields(flags + broken)...)
	run.Env = append(run.Env, "DRIFT_EMULATOR_FAULT=600")
	var stderr bytes.Buffer
	run.Stderr = &stderr
	said := func() string { return stderr.String() }
	if err := run.Run(); err == nil || strings.Count(said(), "\n") != 1 || !strings.Contains(said(), "lost while") ||
		!strings.Contains(said(), "--resume") {
		t.Fatalf("%v: %q, want one line that says that the device is lost and how to go on", err, said())
	}
	if out, err := child("train", "--quiet", "--device", "cuda", "--resume", broken).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !bytes.Equal(readWeights(t, whole), readWeights(t, broken)) {
		t.Error("the run that went on has other weights")
	}
}

// What the libraries refuse is in the report of the machine and in the log of a run, and the run ends well.
func TestFallbacksAreSaid(t *testing.T) {
	if gpus := cuda.Probe().Devices; len(gpus) == 0 || gpus[0].Name != "emulated GPU" {
		t.Skip("only an emulated GPU refuses when it is told to")
	}
	refusing := append(os.Environ(), "DRIFT_TEST_AS_MAIN=1", "DRIFT_EMULATOR_WORKSPACE=1000000000000", "DRIFT_EMULATOR_NO_CAPTURE=1")
	says := func(text string) {
		t.Helper()
		for _, want := range []string{"cuDNN refuses conv float32", "MiB are allowed", "cannot be recorded as a CUDA graph"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
	}
	env := child("env", "--device", "cuda", "--json", "-")
	env.Env = refusing
	var table bytes.Buffer
	env.Stderr = &table
	out, err := env.Output()
	var found machine.Environment
	if err != nil || json.Unmarshal(out, &found) != nil || found.Trial == nil {
		t.Fatalf("%v: %s", err, out)
	}
	if r := found.Trial; r.Refused != 6 || r.Convolutions != 0 || r.Eager != 2 || r.Graphs != 0 || r.Failed != "" || r.CuBLAS == "" || r.CuDNN == "" ||
		r.Epilogues != 2 || r.EpiloguesRefused != 0 {
		t.Errorf("%+v", r)
	}
	says(strings.Join(found.Trial.Notices, "\n"))
	says(table.String())
	run := child("train", "--device", "cuda", "--data", "glyphs,train=20,test=10", "--model", "lenet", "--steps", "3", "--batch", "4", "--out", t.TempDir())
	run.Env = refusing
	log, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	says(string(log))
}

// A cuDNN whose parts are not to be found would end the process: it is left alone.
func TestIncompleteCuDNNIsNotUsed(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("DRIFT_CUDNN"))
	if err != nil {
		t.Skip("DRIFT_CUDNN names no library")
	}
	lone := filepath.Join(t.TempDir(), "libcudnn.so.9")
	if err := os.WriteFile(lone, text, 0o777); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{lone: "", os.Getenv("DRIFT_CUDNN"): os.Getenv("DRIFT_CUDNN")} {
		run := child("env", "--quiet", "--json", "-")
		run.Env = append(run.Env, "DRIFT_CUDNN="+path)
		out, err := run.Output()
		var found machine.Environment
		if err != nil || json.Unmarshal(out, &found) != nil || found.GPU.CuDNN != want {
			t.Errorf("%v: with DRIFT_CUDNN=%s found is %q, want %q", err, path, found.GPU.CuDNN, want)
		}
	}
}
