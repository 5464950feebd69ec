package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const smallComparison = "compare --optimizers sgd,gd,gd-reg --data glyphs,train=40,test=30,size=8,label-noise=0.2 --model mlp:8 --batch 8 --steps 10 --seeds 2 --shuffles 4 "

// What scripts rely on: the keys of the JSON, and that the experiment's settings run it again.
func TestCompareWritesItsResults(t *testing.T) {
	out := filepath.Join(t.TempDir(), "results")
	status, stdout, stderr := drift(t, strings.Fields(smallComparison+"--json - --out "+out)...)
	if status != statusDone {
		t.Fatal(stderr)
	}
	var result struct {
		Rows       []map[string]json.RawMessage
		Experiment map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || len(result.Rows) != 3 || result.Experiment["config"] == nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if chunk := result.Experiment["config"].(map[string]any)["chunk"]; chunk != 1024. {
		t.Errorf("the chunk is recorded as %v, want that of this network, 1024", chunk)
	}
	for i, name := range []string{"sgd", "gd", "gd-reg"} {
		row := result.Rows[i]
		if string(row["optimizer"]) != `"`+name+`"` || row["settings"] == nil || row["seeds"] == nil {
			t.Errorf("row %d is %s", i, row)
		}
		for _, key := range []string{"test_accuracy", "test_loss", "train_loss", "gap", "example_gradients", "seconds"} {
			var v struct{ Mean, CI95 *float64 }
			if err := json.Unmarshal(row[key], &v); err != nil || v.Mean == nil || v.CI95 == nil {
				t.Errorf("%s: %s is %s", name, key, row[key])
			}
		}
		if applies := string(row["drift_explained"]) != "null"; applies != (name == "gd-reg") {
			t.Errorf("%s: drift_explained is %s", name, row["drift_explained"])
		}
	}
	var expanded struct {
		SecondOrder struct{ Drift, Diffusion, Both struct{ Mean, CI95 *float64 } } `json:"second_order"`
	}
	if err := json.Unmarshal([]byte(stdout), &expanded); err != nil {
		t.Error(err)
	}
	for _, v := range []struct{ Mean, CI95 *float64 }{expanded.SecondOrder.Drift, expanded.SecondOrder.Diffusion, expanded.SecondOrder.Both} {
		if v.Mean == nil || v.CI95 == nil {
			t.Errorf("second_order is %+v", expanded.SecondOrder)
		}
	}
	for _, file := range []string{"compare.json", "compare.csv", "runs.csv", "compare.png", "config.toml"} {
		if info, err := os.Stat(filepath.Join(out, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
	again := filepath.Join(t.TempDir(), "again")
	if status, stdout, stderr := drift(t, "compare", "--config", out+"/config.toml", "--out", again); status != statusDone || !strings.Contains(stdout, "drift explained") {
		t.Fatalf("status %d, %s, %s", status, stdout, stderr)
	}
	if a, b := losses(t, out), losses(t, again); a != b {
		t.Errorf("run again it gives\n%s\nnot\n%s", b, a)
	}
}

// With --steps all optimizers make the same number of updates; with --epochs each passes over the data that often, in its own batches.
// 40 examples make 5 batches of 8.
func TestLengthOfComparedRuns(t *testing.T) {
	small := strings.Replace(smallComparison, "--steps 10 ", "", 1) + "--optimizers sgd,gd,sgd:batch=20 --seeds 1 --shuffles 0 --quiet --json - --out "
	for flags, want := range map[string][3]float64{" --steps 6": {6 * 8, 6 * 40, 6 * 20}, " --epochs 3": {3 * 40, 3 * 40, 3 * 40}, "": {3000 * 8, 3000 * 40, 3000 * 20}} {
		folder := t.TempDir()
		for _, args := range []string{small + folder + flags, "compare --quiet --json - --config " + folder + "/config.toml --out " + t.TempDir()} {
			if flags == "" && strings.Contains(args, "--config") {
				continue // it is long
			}
			rows := object(t, args)["rows"].([]any)
			for i, gradients := range want {
				if got := rows[i].(map[string]any)["example_gradients"].(map[string]any)["mean"]; got != gradients {
					t.Errorf("%s: row %d took %v gradients, want %v", args, i, got, gradients)
				}
			}
		}
	}
	both := write(t, "both.toml", "steps = 5\nepochs = 2")
	if status, _, stderr := drift(t, strings.Fields(small+t.TempDir()+" --config "+both)...); status != statusUsage || !strings.Contains(stderr, "leave one out") {
		t.Errorf("a file that gives steps and epochs: status %d, %s", status, stderr)
	}
}

// closed is standard output that nobody reads any more.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// What a long run has found does not depend on who looks at its tables.
func TestResultsAreWrittenBeforeTheyAreShown(t *testing.T) {
	for args, file := range map[string]string{
		smallComparison + "--optimizers sgd,gd": "compare.json",
		"verify --data glyphs,train=8,test=8,size=8 --model mlp:2,act=tanh --examples 4 --batches 2 --draws 100": "verify.json",
	} {
		out := t.TempDir()
		var stderr bytes.Buffer
		status := run(context.Background(), last(append(strings.Fields(args), "--out", out)), closed{}, &stderr)
		if info, err := os.Stat(filepath.Join(out, file)); status != statusFailed || !strings.Contains(stderr.String(), "broken pipe") || err != nil || info.Size() == 0 {
			t.Errorf("%s: status %d, %v, %s", args, status, err, stderr.String())
		}
	}
}

// Where results cannot be written the runs stay, and what to do does not cost them.
func TestCompareGoesOnWhereItsResultsCouldNotBeWritten(t *testing.T) {
	out := t.TempDir()
	inTheWay := filepath.Join(out, "compare.png", "folder")
	if err := os.MkdirAll(inTheWay, 0o777); err != nil {
		t.Fatal(err)
	}
	args := strings.Fields(smallComparison + "--optimizers sgd,gd --quiet --out " + out)
	if status, _, stderr := drift(t, last(args)...); status != statusFailed || !strings.Contains(stderr, "make room, and go on with --resume "+out) {
		t.Fatalf("status %d, %s", status, stderr)
	}
	if err := os.RemoveAll(filepath.Dir(inTheWay)); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := drift(t, "compare", "--quiet", "--resume", out); status != statusDone {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestCompareTunesEveryOptimizer(t *testing.T) {
	var result struct {
		Rows       []struct{ Settings struct{ Lr float64 } }
		Experiment struct {
			Tuning []struct {
				Optimizer      string
				ValidationLoss *float64 `json:"validation_loss"`
			}
		}
	}
	status, stdout, stderr := drift(t, strings.Fields(smallComparison+"--optimizers sgd,sigma-inverse --tune 3 --json - --out "+t.TempDir())...)
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil || len(result.Experiment.Tuning) != 6 {
		t.Fatalf("status %d, %v, %s", status, err, stderr)
	}
	if last := result.Experiment.Tuning[5]; last.Optimizer != "sigma-inverse" || last.ValidationLoss == nil || !strings.Contains(stderr, "Best of 3 trials") {
		t.Errorf("%+v, %s", last, stderr)
	}
	if status, _, stderr := drift(t, strings.Fields(smallComparison+"--data glyphs,train=9,size=8 --batch 4 --tune 1 --out "+t.TempDir())...); status != statusUsage ||
		!strings.Contains(stderr, "give more data") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// A comparison killed at any moment, again and again, goes on to the same numbers.
func TestKilledComparisonsResumeToTheSameNumbers(t *testing.T) {
	flags := smallComparison + "--optimizers sgd,gd,gd-reg,sigma-inverse --steps 200 --tune 3 --quiet --out "
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	if status, _, stderr := drift(t, strings.Fields(flags+whole)...); status != statusDone {
		t.Fatal(stderr)
	}
	finished := filepath.Join(killed, "finished")
	kills := killUntilDone(t, strings.Fields(flags+killed), []string{"compare", "--quiet", "--resume", killed}, finished)
	if a, b := losses(t, whole), losses(t, killed); a != b {
		t.Errorf("after %d kills it gives\n%s\nnot\n%s", kills, b, a)
	}
	if _, err := os.Stat(finished); err == nil {
		t.Error("what the results replace is still there")
	}
	if status, _, stderr := drift(t, "compare", "--resume", killed); status != statusFailed || !strings.Contains(stderr, "it is finished") {
		t.Errorf("resuming what is finished: status %d, %s", status, stderr)
	}
}

// What is finished is neither overwritten nor mixed with runs of other settings or data.
func TestResumedComparisonKeepsItsSettings(t *testing.T) {
	out, table := filepath.Join(t.TempDir(), "results"), write(t, "data.csv", strings.Repeat("1,0\n-2,1\n3,0\n", 10))
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for _, err := os.Stat(filepath.Join(out, "finished", "seed-1.json")); err != nil; _, err = os.Stat(filepath.Join(out, "finished", "seed-1.json")) {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	var stdout, stderr bytes.Buffer
	args := strings.Fields(smallComparison + "--steps 1000 --seeds 50 --data csv:" + table + " --out " + out)
	if status := run(ctx, last(args), &stdout, &stderr); status != statusFailed || !strings.Contains(stderr.String(), "drift compare --resume "+out) {
		t.Fatalf("status %d, %s", status, stderr.String())
	}
	config := filepath.Join(out, "config.toml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, config string
		status       int
		says         string
	}{
		{strings.Join(args, " "), string(text), statusFailed, "cut short: go on with --resume"},
		{"compare --lr 0.2 --resume " + out, string(text), statusUsage, "--lr cannot be given with --resume"},
		{"compare --resume " + out, strings.Replace(string(text), "lr = 0.1", "lr = 0.2", 1), statusFailed, "belongs to other settings"},
		{"compare --resume " + t.TempDir(), string(text), statusFailed, "resuming the comparison"},
	} {
		if err := os.WriteFile(config, []byte(c.config), 0o666); err != nil {
			t.Fatal(err)
		}
		if status, _, stderr := drift(t, strings.Fields(c.args)...); status != c.status || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %s; want %d and %q", c.args, status, stderr, c.status, c.says)
		}
	}
	err = errors.Join(os.WriteFile(config, text, 0o666), os.WriteFile(table, []byte(strings.Repeat("1,0\n-2,1\n4,0\n", 10)), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := drift(t, "compare", "--resume", out); status != statusFailed || !strings.Contains(stderr, "belongs to other settings, to other data") {
		t.Errorf("other data: status %d, %s", status, stderr)
	}
}

// A run that diverges ends neither the comparison nor counts for a mean.
func TestCompareGoesOnWhenARunDiverges(t *testing.T) {
	out := t.TempDir()
	status, stdout, stderr := drift(t, strings.Fields(smallComparison+"--optimizers sgd,sigma-inverse --damping 1e-7 --lr 2 --steps 500 --json - --out "+out)...)
	var result struct {
		Rows []struct {
			Diverged []int
			TestLoss *struct{} `json:"test_loss"`
		}
	}
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil {
		t.Fatalf("status %d, %v, %s", status, err, stderr)
	}
	if a, b := result.Rows[0], result.Rows[1]; len(a.Diverged) != 0 || len(b.Diverged) != 2 || a.TestLoss == nil || b.TestLoss != nil {
		t.Errorf("%+v", result.Rows)
	}
	if !strings.Contains(stderr, "sigma-inverse diverged on seeds 1, 2") {
		t.Errorf("%s", stderr)
	}
}

// losses is runs.csv without the times.
func losses(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "runs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), ",")
		lines = append(lines, strings.Join(append(cells[:7], cells[8]), ","))
	}
	return strings.Join(lines, "\n")
}

func TestCompareRefusals(t *testing.T) {
	file := write(t, "file", "")
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"--optimizers sgd,sdg", statusUsage, "did you mean sgd?"},
		{"--seeds 0", statusUsage, "--seeds: "},
		{"--lr NaN", statusUsage, "--lr: "},
		{"--batch 50", statusUsage, "more than there are training examples, 40"},
		{"--batch 7 --penalty blocks", statusUsage, "divides"},
		{"--optimizers=", statusUsage, "names none"},
		{"--optimizers sgd gd", statusUsage, "commas"},
		{"--shuffles 1", statusUsage, "at least 2, or 0"},
		{"--batch full", statusUsage, "gd-reg: it needs its coefficient"},
		{"--optimizers sgd,gd,sgd", statusUsage, "sgd stands there twice"},
		{"--out " + file, statusFailed, "another one with --out"},
		{"--lr 1e20", statusFailed, "not finite"},
	} {
		out := " --out " + t.TempDir()
		if strings.HasPrefix(c.args, "--out") {
			out = ""
		}
		status, stdout, stderr := drift(t, strings.Fields(smallComparison+c.args+out)...)
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %d and one line with %q", c.args, status, stdout, stderr, c.status, c.says)
		}
	}
}
