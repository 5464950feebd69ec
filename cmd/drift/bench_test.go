package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/bench/timing"
	"drift/kernels/profile"
)

func TestBench(t *testing.T) {
	var result timing.Report
	markdown := filepath.Join(t.TempDir(), "table.md")
	status, stdout, stderr := drift(t, "bench", "--only", "^gemm/float(32|64)/64$|^sum/all$", "--time", "1ms", "--peers", "none",
		"--json", "-", "--markdown", markdown)
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil {
		t.Fatalf("status %d, %v, stderr %q", status, err, stderr)
	}
	c := result.Cases
	if len(c) != 3 || c[0].Name != "gemm/float32/64" || c[0].GFlops <= 0 || c[2].Seconds.Median <= 0 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(stderr, "gemm/float64/64") || !strings.Contains(stderr, "GFLOP/s") {
		t.Errorf("stderr %q", stderr)
	}
	if text, err := os.ReadFile(markdown); err != nil || !strings.Contains(string(text), "| gemm/float32/64 |") {
		t.Errorf("%v: %s", err, text)
	}
}

// With peers: whatever this machine has, the command ends well.
func TestBenchBesidePeers(t *testing.T) {
	if testing.Short() {
		t.Skip("loads PyTorch where it is installed")
	}
	var result timing.Report
	status, stdout, stderr := drift(t, "bench", "--only", "^gemm/float32/64$", "--time", "1ms", "--json", "-")
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil || len(result.Cases) != 1 {
		t.Fatalf("status %d, %v, stderr %q", status, err, stderr)
	}
	if len(result.Machine.Peers) > 0 != (len(result.Cases[0].Against) > 0) {
		t.Errorf("peers %v, compared with %+v; notes %v", result.Machine.Peers, result.Cases[0].Against, result.Notes)
	}
}

func TestBenchMistakes(t *testing.T) {
	for args, says := range map[string]string{
		"bench --only nonesuch": "no case matches",
		"bench --only (":        "--only",
		"bench --time 5":        "with its unit",
		"bench --time -1s":      "above 0",
		"bench --peers numpy":   "choose",
		"bench extra":           "takes no argument",
		"bench --only ^gemm/float32/64$ --markdown /dev/null/x": "--markdown: cannot write",
	} {
		status, stdout, stderr := drift(t, strings.Fields(args)...)
		if status != statusUsage || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, says) {
			t.Errorf("drift %s: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}

func TestBenchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	status := run(ctx, strings.Fields("bench --only ^gemm --time 1ms --peers none"), &stdout, &stderr)
	if status != statusFailed || !strings.Contains(stderr.String(), "interrupted after 0 of") || !strings.Contains(stdout.String(), "GFLOP/s") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout.String(), stderr.String())
	}
}

func TestBenchProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.json")
	status, stdout, stderr := drift(t, "bench", "--profile", path, "--only", "^gemm/float32/64$|^gpu/mlp1024/gradient", "--small")
	text, err := os.ReadFile(path)
	var result timing.ProfileReport
	if err == nil {
		err = json.Unmarshal(text, &result)
	}
	if status != statusDone || err != nil || len(result.Cases) != 2 {
		t.Fatalf("status %d, %v, stderr %q: %s", status, err, stderr, text)
	}
	c := result.Cases[0]
	k := slices.IndexFunc(c.Rows, func(l profile.Line) bool { return l.Op == "gemm" })
	if c.Name != "gemm/float32/64" || len(c.Rows) != 2 || k < 0 || c.Rows[k].Flops != 2*64*64*64 || c.Rows[k].Bytes != 3*4*64*64 || result.Ceiling.Flops <= 0 {
		t.Errorf("%+v", result)
	}
	for _, want := range []string{"64×64×64 NN", "ceiling: a copy moves", "a step, 1 calls", "between programs"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in %q", want, stdout)
		}
	}
	if status, _, stderr := drift(t, "bench", "--profile", "/dev/null/x"); status != statusUsage || !strings.Contains(stderr, "--profile") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

func TestBenchCount(t *testing.T) {
	table := filepath.Join(t.TempDir(), "counts.md")
	status, stdout, stderr := drift(t, "bench", "--count", "--only", "^mlp/(gradient|lowrank)$", "--json", "-", "--markdown", table)
	var result benchCounts
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil {
		t.Fatalf("status %d, %v, stderr %q", status, err, stderr)
	}
	if len(result.Cases) != 1 || result.Cases[0].Name != "mlp/gradient" || !(result.Cases[0].Calls > 10) || result.DType != "float32" {
		t.Errorf("%+v", result.Cases)
	}
	if len(result.Notes) != 1 || !strings.Contains(result.Notes[0], "mlp/lowrank") || !strings.Contains(stderr, "not counted: counting mlp/lowrank") {
		t.Errorf("notes %q, stderr %q", result.Notes, stderr)
	}
	if text, err := os.ReadFile(table); err != nil || !strings.Contains(string(text), "| mlp/gradient | ") {
		t.Errorf("%v: %s", err, text)
	}
	if status, _, stderr := drift(t, "bench", "--count", "--profile", filepath.Join(t.TempDir(), "p")); status != statusUsage || !strings.Contains(stderr, "exclude") {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}
