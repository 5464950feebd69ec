package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const smallComparison = "compare --data glyphs,train=40,test=30,size=8,label-noise=0.2 --model mlp:8 --batch 8 --epochs 2 --seeds 2 --shuffles 4 "

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
