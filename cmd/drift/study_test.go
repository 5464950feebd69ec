package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const smallStudy = `seeds = 3
budget = {updates = 200}
targets = ["loss <= 2.2", "accuracy >= 0.2"]
tuning = {trials = 3, finalists = 2, again = 1}
points = 10

[[task]]
name = "glyphs"
data = "glyphs,train=60,test=60,size=8"
model = "mlp:8,act=tanh"

[[optimizer]]
type = "sgd"
settings = {batch = 8}
search = {lr = [0.01, 1]}

[[optimizer]]
type = "gd"
`

// Shards do their runs and write no results; those that follow from others' trials wait; resuming merges.
func TestShardsOfAStudy(t *testing.T) {
	folder := t.TempDir()
	file, out := filepath.Join(folder, "small.toml"), filepath.Join(folder, "out")
	if err := os.WriteFile(file, []byte(strings.Replace(smallStudy, "updates = 200", "updates = 10", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := drift(t, append([]string{"study"}, args...)...)
		if code != want {
			t.Fatalf("%v: status %d, %s", args, code, stderr)
		}
		return stdout + stderr
	}
	if text := run(0, file, "--check"); !strings.Contains(text, "1 tasks, 2 optimizers, 3 seeds: 16 runs") {
		t.Error(text)
	}
	if text := run(0, file, "--out", out, "--shard", "0/2"); !strings.Contains(text, "follow from runs of other shards") {
		t.Error(text)
	}
	if text := run(1, file, "--out", out, "--shard", "0/2", "--wait", "10ms"); !strings.Contains(text, "other shards have not finished in 10ms") {
		t.Error(text)
	}
	if _, err := os.Stat(filepath.Join(out, "study.json")); err == nil {
		t.Error("a shard wrote results")
	}
	soFar := filepath.Join(folder, "x.html")
	if code, _, stderr := drift(t, "report", out, "--out", soFar); code != statusDone {
		t.Errorf("a page of a study without results: %d, %s", code, stderr)
	}
	if text, _ := os.ReadFile(soFar); !strings.Contains(string(text), "It has not ended: 3 of 16 runs are finished") {
		t.Errorf("%.900s", text)
	}
	run(0, file, "--out", out, "--shard", "1/2")
	run(0, file, "--out", out, "--shard", "0/2", "--wait", "10ms")
	if text := run(0, "--resume", out); !strings.Contains(text, "what tuning chose") {
		t.Error(text)
	}
	for _, name := range []string{"study.json", "curves.csv", "tables.md", "tables.tex", "profile.pdf", "curves-01-glyphs.svg", "report.html"} {
		if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() < 100 {
			t.Errorf("%s: %v", name, err)
		}
	}
	html, _ := os.ReadFile(filepath.Join(out, "report.html"))
	for _, want := range []string{"Performance profile", "what tuning chose", "differences from sgd", "seconds of training", "drift study"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	run(2, file, "--out", out, "--shard", "2/2")
	if err := os.WriteFile(file, []byte(smallStudy), 0o666); err != nil {
		t.Fatal(err)
	}
	if text := run(2, file, "--out", out); !strings.Contains(text, "holds another study") {
		t.Error(text)
	}
}

func TestStudyCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{}, "study needs one file, or the name of a study: baselines, paper"},
		{[]string{"papre"}, "did you mean paper?"},
		{[]string{"paper", "--seed", "3"}, "--seed: a study's file says that: give seeds there"},
		{[]string{"paper", "--wait", "1s"}, "--wait is for shards"},
		{[]string{"paper", "--resume", "x"}, "--resume takes the study of the folder"},
		{[]string{"."}, "is a directory: give a TOML file"},
	} {
		code, _, stderr := drift(t, append([]string{"study"}, c.args...)...)
		if code != statusUsage || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: status %d, %q, want %q", c.args, code, stderr, c.want)
		}
	}
	for mistake, want := range map[string]string{"batch = 8": "line 14: optimizer \"sgd\" on task \"glyphs\": trial 1: a batch of 800 is more than there are training examples, 48: set batch",
		"lr = [0.01, 1]": "line 15: optimizer \"sgd\": lr: got \"-0.01\""} {
		file := filepath.Join(t.TempDir(), "wrong.toml")
		text := strings.NewReplacer("batch = 8", "batch = 800").Replace(smallStudy)
		if mistake != "batch = 8" {
			text = strings.Replace(smallStudy, mistake, "lr = {low = -0.01, high = 1, scale = \"linear\"}", 1)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := drift(t, "study", file, "--check")
		if code != statusUsage || !strings.Contains(stderr, want) || strings.Contains(stderr, "--") {
			t.Errorf("status %d, %q, want %q", code, stderr, want)
		}
	}
	if code, _, stderr := drift(t, "study", "--resume", t.TempDir()); code != statusFailed || !strings.Contains(stderr, "it holds no study.toml") {
		t.Errorf("status %d, %q", code, stderr)
	}
	if code, stdout, _ := drift(t, "study", "paper", "--show"); code != 0 || !strings.Contains(stdout, "[[optimizer]]") {
		t.Errorf("status %d, %q", code, stdout)
	}
}

// Shards of a comparison, one of them done twice and one left out, merge to the same results.
func TestShardsOfAComparison(t *testing.T) {
	folder := t.TempDir()
	whole, parts := filepath.Join(folder, "whole"), filepath.Join(folder, "parts")
	run := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := drift(t, append([]string{"compare"}, args...)...)
		if code != want {
			t.Fatalf("%v: status %d, %s", args, code, stderr)
		}
		return stdout + stderr
	}
	settings := []string{"--data", "glyphs,train=60,test=60,size=8", "--model", "mlp:8", "--optimizers", "sgd,gd", "--steps", "20", "--seeds", "5", "--shuffles", "0",
		"--paths", "0", "--tune", "2"}
	run(0, append(settings, "--out", whole)...)
	for _, shard := range []string{"0/3", "2/3", "2/3"} {
		if text := run(0, append(settings, "--out", parts, "--shard", shard)...); !strings.Contains(text, "Shard "+shard+" is done") {
			t.Error(text)
		}
	}
	if _, err := os.Stat(filepath.Join(parts, "compare.json")); err == nil {
		t.Error("a shard wrote results")
	}
	run(2, append(settings, "--out", parts, "--shard", "1/3", "--lr", "0.2")...)
	run(2, "--resume", parts, "--shard", "1/3")
	run(0, "--resume", parts)
	for _, name := range []string{"curves.csv", "config.toml", "compare.png"} {
		want, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(parts, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
}
