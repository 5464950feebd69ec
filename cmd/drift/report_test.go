package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run, a comparison and a measurement that the commands have written come together in one page, the same each time.
func TestReportCommand(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	task := "--data glyphs,train=60,test=40,size=8 --model mlp:6 --seed 4 --quiet "
	for _, args := range []string{
		"train " + task + "--epochs 3 --log-every 2 --every 1epoch --out " + in("run"),
		"compare " + task + "--optimizers sgd,gd-reg --seeds 2 --steps 10 --shuffles 0 --out " + in("race"),
		"measure --run " + in("run") + " --quiet --sigma-top 3 --sigma-density 4 --hessian-density 4 --out " + in("m"),
	} {
		if status, _, stderr := drift(t, strings.Fields(args)...); status != statusDone {
			t.Fatalf("drift %s: %s", args, stderr)
		}
	}
	var first string
	for range 2 {
		status, stdout, stderr := drift(t, "report", in("run"), in("race"), in("m"), "--out", in("page.html"), "--json", "-")
		var result reported
		text, err := os.ReadFile(in("page.html"))
		if status != statusDone || err != nil || json.Unmarshal([]byte(stdout), &result) != nil || result.Bytes != int64(len(text)) {
			t.Fatalf("status %d, %q, %q, %v", status, stdout, stderr, err)
		}
		if first != "" && first != string(text) {
			t.Error("the page differs the second time")
		}
		first = string(text)
	}
	for _, want := range []string{"A training run: mlp:6", "race: gd-reg", "Spectrum of Σ", "Spectrum of the Hessian", "Parameters of m", "3.bias", "Computed by drift", "Trace of Σ", "drift compare --config"} {
		if !strings.Contains(first, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestReportRefusals(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "page.html")
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, statusUsage, "needs the folders"},
		{[]string{folder}, statusFailed, "holds no training run"},
		{[]string{filepath.Join(folder, "none")}, statusFailed, "no such file"},
		{[]string{folder, "--out", folder}, statusUsage, "is a folder"},
	} {
		status, stdout, stderr := drift(t, append([]string{"report", "--out", page}, c.args...)...)
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("report %v: status %d, stdout %q, stderr %q; want %d and %q", c.args, status, stdout, stderr, c.status, c.says)
		}
	}
	if _, err := os.Stat(page); err == nil {
		t.Error("a refusal left a page")
	}
}

// A folder of another command is told from a damaged one.
func TestFoldersOfOtherCommands(t *testing.T) {
	runs, results := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "results")
	object(t, smallRun+"--steps 1 --json - --out "+runs)
	object(t, smallComparison+"--steps 1 --seeds 1 --shuffles 0 --quiet --json - --out "+results)
	for args, want := range map[string]string{
		"train --resume " + results:   "config.toml is of another command",
		"compare --resume " + runs:    "config.toml is of another command",
		"verify --along " + results:   "config.toml is of another command",
		"eval --run " + results:       "it holds a comparison",
		"measure --run " + results:    "it holds a comparison",
		"study --resume " + runs:      "it holds no study.toml",
		"report " + runs + "/nothing": "no such file",
	} {
		if status, _, stderr := drift(t, strings.Fields(args)...); status != statusFailed || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %s", args, status, stderr)
		}
	}
}
