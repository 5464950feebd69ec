package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const smallVerify = "verify --data glyphs,size=8,train=32,test=32 --model mlp:4,act=tanh --examples 4 --batches 2,4 --momenta 0.5 --rates 5 "

// verify passes on a small network, says so by its status, and leaves numbers and figures; its JSON has the fields that scripts read.
func TestVerify(t *testing.T) {
	out := t.TempDir()
	status, stdout, stderr := drift(t, strings.Fields(smallVerify+"--draws 1000 --quiet --json - --out "+out)...)
	if status != statusDone || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	var result struct{ Checks []map[string]any }
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || len(result.Checks) < 50 {
		t.Fatalf("%d checks, %v", len(result.Checks), err)
	}
	controls := 0
	for _, c := range result.Checks {
		for _, key := range []string{"equation", "name", "predicted", "measured", "relative_error", "slope", "slope_expected", "z", "control", "pass"} {
			if _, there := c[key]; !there {
				t.Fatalf("no %s in %v", key, c)
			}
		}
		if c["control"] == true {
			controls++
		}
	}
	if controls < 10 {
		t.Errorf("%d controls", controls)
	}
	for _, name := range []string{"verify.json", "verify.csv", "slopes.png", "slopes.svg", "agreement.png", "agreement.svg"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// With too few draws the controls are not rejected clearly, and a check that fails makes the command fail.
func TestVerifyFails(t *testing.T) {
	status, stdout, stderr := drift(t, strings.Fields(smallVerify+"--draws 100 --out "+t.TempDir())...)
	if status != statusFailed || !strings.Contains(stdout, "NOT REJECTED") || !strings.Contains(stderr, "checks fail") {
		t.Errorf("status %d, stderr %q, stdout %s", status, stderr, stdout)
	}
}

func TestWrongVerifyCommands(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	for args, says := range map[string]string{
		"--dtype float32":              "the checks need float64",
		"--batches 3":                  "that divide the examples",
		"--momenta 1":                  "--momenta: got \"1\"",
		"--batches 2,,4":               "--batches: got \"\"",
		"--rates 4":                    "at least 5",
		"--examples 5":                 "an even number",
		"--examples 20":                "too many shuffles",
		"--out /dev/null/folder":       "name another one with --out",
		"--model lent --out " + folder: "did you mean lenet?",
	} {
		status, _, stderr := drift(t, strings.Fields("verify "+args)...)
		if status == statusDone || !strings.Contains(stderr, says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("verify %s: status %d, %q", args, status, stderr)
		}
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("a wrong model leaves a folder: %v", err)
	}
}

// A run is followed to the very weights that it left; at a small learning rate the gap drifts as predicted and the regularizer explains
// most of what separates GD and SGD.
func TestVerifyAlongARun(t *testing.T) {
	run, out := filepath.Join(t.TempDir(), "run"), t.TempDir()
	train := "train --data glyphs,size=8,train=60,test=60 --model mlp:4,act=tanh --lr 0.003 --batch 10 --epochs 60 --quiet --out " + run
	if status, _, stderr := drift(t, strings.Fields(train)...); status != statusDone {
		t.Fatal(stderr)
	}
	status, stdout, stderr := drift(t, "verify", "--along", run, "--stages", "5", "--examples", "6", "--batches", "2", "--quiet", "--json", "-", "--out", out)
	if status != statusDone || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	var result struct {
		Along struct {
			Distance *float64
			Stages   []struct {
				Step  int
				Kinks *float64 `json:"kinks_crossed_update"`
			}
			Trend struct {
				Slope     float64 `json:"gap_slope"`
				R2        float64 `json:"gap_r2"`
				Explained float64 `json:"drift_explained"`
				Both      float64 `json:"second_order_explained"`
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil {
		t.Fatal(err)
	}
	a := result.Along
	for _, stage := range a.Stages {
		if stage.Kinks != nil {
			t.Errorf("step %d: tanh has no kinks to cross, and %v are", stage.Step, *stage.Kinks)
		}
	}
	if a.Distance == nil || *a.Distance != 0 || len(a.Stages) != 5 || a.Stages[4].Step != 288 {
		t.Errorf("%+v", a)
	}
	if a.Trend.Slope < 0.9 || a.Trend.Slope > 1.1 || a.Trend.R2 < 0.95 || a.Trend.Explained < 0.5 || a.Trend.Both < max(0.95, a.Trend.Explained) {
		t.Errorf("%+v", a.Trend)
	}
	if _, err := os.Stat(filepath.Join(out, "along.svg")); err != nil {
		t.Error(err)
	}
	for spec, says := range map[string]string{t.TempDir(): "it holds no run", run + "x": "it holds no run"} {
		if status, _, stderr := drift(t, "verify", "--along", spec, "--out", out); status != statusFailed || !strings.Contains(stderr, says) {
			t.Errorf("along %s: status %d, %q", spec, status, stderr)
		}
	}
}

// A large network is checked as far as there is time, which is said and recorded, with the chunk; the settings that are recorded do the same again.
func TestVerifyWithin(t *testing.T) {
	out := t.TempDir()
	command := "verify --data glyphs,size=8,train=32,test=32 --model mlp:4,act=tanh --within 200ms --json - --out " + out
	status, stdout, stderr := drift(t, strings.Fields(command)...)
	if status != statusDone || !strings.Contains(stderr, "note: no time for beyond leading order") || !strings.Contains(stderr, "fewer examples (4)") {
		t.Fatalf("status %d, stderr %s", status, stderr)
	}
	var result struct {
		Checks []map[string]any
		Config map[string]any
		Plan   struct {
			Examples int
			LeftOut  []map[string]any `json:"left_out"`
		}
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || result.Plan.Examples != 4 || len(result.Plan.LeftOut) == 0 {
		t.Fatalf("%v, plan %+v", err, result.Plan)
	}
	if c := result.Config; c["within"] != "200ms" || c["examples"] != nil || c["chunk"] == nil || c["chunk"] == 0. {
		t.Errorf("the settings are %v", c)
	}
	if status, _, stderr := drift(t, "verify", "--within", "1m", "--draws", "1000"); status == statusDone || !strings.Contains(stderr, "leave one out") {
		t.Errorf("--within with --draws: status %d, %s", status, stderr)
	}
}
