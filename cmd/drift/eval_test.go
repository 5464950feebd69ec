package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// object is the JSON that a command line writes to standard output.
func object(t *testing.T, line string) map[string]any {
	t.Helper()
	status, stdout, stderr := drift(t, strings.Fields(line)...)
	out := map[string]any{}
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || status != statusDone {
		t.Fatalf("%s: status %d, %v, %s", line, status, err, stderr)
	}
	return out
}

// --run takes data, seed, network and weights from a run: eval finds the losses that the run ended with, and measure those of its
// training examples.
func TestRunsAreEvaluatedOnTheirOwnData(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	ended := object(t, smallRun+"--steps 20 --seed 9 --dtype float64 --json - --out "+folder)
	for _, line := range []string{"eval --run " + folder, "eval --run " + folder + " --weights " + filepath.Join(folder, "weights.safetensors")} {
		found := object(t, line+" --quiet --json -")
		for _, part := range []string{"train", "test"} {
			want, got := ended[part].(map[string]any), found[part].(map[string]any)
			if got["loss"] != want["loss"] || got["accuracy"] != want["accuracy"] {
				t.Errorf("%s: %s is %v, the run ended at %v", line, part, got, want)
			}
		}
	}
	if found := object(t, "measure --quiet --json - --run "+folder); found["loss"] != ended["train"].(map[string]any)["loss"] {
		t.Errorf("measure finds a loss of %v, the run ended at %v", found["loss"], ended["train"])
	}
	other := object(t, "eval --quiet --json - --seed 8 --run "+folder)
	if other["train"].(map[string]any)["loss"] == ended["train"].(map[string]any)["loss"] {
		t.Error("a seed given beside --run, which makes other glyphs, was not heeded")
	}
	status, stdout, stderr := drift(t, "eval", "--run", folder)
	if status != statusDone || !strings.Contains(stdout, "accuracy") || stderr != "" {
		t.Errorf("status %d, %s, %s", status, stdout, stderr)
	}
}

func TestEvalRefusals(t *testing.T) {
	unfinished, small := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "small")
	drift(t, strings.Fields(smallRun+"--steps 1 --out "+unfinished)...)
	drift(t, strings.Fields(smallRun+"--steps 1 --out "+small)...)
	if err := os.Remove(filepath.Join(unfinished, "weights.safetensors")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"eval", statusUsage, "--run"},
		{"eval --run " + t.TempDir(), statusFailed, "holds no run"},
		{"eval --run " + unfinished, statusFailed, "drift train --resume"},
		{"eval --data glyphs,train=20,test=10,size=8 --model mlp:8 --weights " + small + "/weights.safetensors", statusFailed,
			`tensor "1.weight" has shape [16,64] but the model needs [8,64]: name the network of the file with --model`},
		{"measure --data glyphs,train=20,test=10,size=8 --model net.onnx", statusFailed, "model net.onnx: write onnx:net.onnx"},
		{"verify --run " + unfinished + " --along " + unfinished, statusUsage, "leave one out"},
	} {
		if status, _, stderr := drift(t, strings.Fields(c.args)...); status != c.status || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %q; want %d and %q", c.args, status, stderr, c.status, c.says)
		}
	}
}

// A run that is evaluated on samples ends with the figures that eval finds on as many examples, and the table says how near they are.
func TestEvaluationsOnSamples(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	end := object(t, smallRun+"--json - --steps 20 --eval-examples 30 --out "+out)
	again := object(t, "eval --quiet --json - --examples 30 --run "+out)
	if !reflect.DeepEqual(end["train"], again["train"]) || !reflect.DeepEqual(end["test"], again["test"]) || end["train"].(map[string]any)["sample"] == nil {
		t.Errorf("the run ends with %v and %v, eval finds %v and %v", end["train"], end["test"], again["train"], again["test"])
	}
	status, table, stderr := drift(t, "eval", "--examples", "30", "--run", out)
	if status != statusDone || !strings.Contains(table, "± 95 %") || !strings.Contains(table, "30 of ") {
		t.Errorf("status %d, %s, %s", status, table, stderr)
	}
	if status, _, stderr := drift(t, "eval", "--examples", "1", "--run", out); status != statusUsage || !strings.Contains(stderr, "at least 2, or all or auto") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// --lr 0 and --steps 0 evaluate the weights that training would start from.
func TestNoStepsEvaluate(t *testing.T) {
	still, none := object(t, smallRun+"--json - --lr 0 --steps 3"), object(t, smallRun+"--json - --steps 0")
	if a, b := still["train"].(map[string]any)["loss"], none["train"].(map[string]any)["loss"]; a != b || none["steps"] != 0. {
		t.Errorf("losses %v and %v after %v steps", a, b, none["steps"])
	}
}

// A finished run goes on to a longer one, with the bits of one that was that long from the start where its learning rate is constant.
func TestRunsAreExtended(t *testing.T) {
	short, long := filepath.Join(t.TempDir(), "short"), filepath.Join(t.TempDir(), "long")
	drift(t, strings.Fields(smallRun+"--steps 20 --out "+short)...)
	whole := object(t, smallRun+"--json - --steps 50 --out "+long)
	extended := object(t, "train --quiet --json - --steps 50 --resume "+short)
	if a, b := extended["train"].(map[string]any)["loss"], whole["train"].(map[string]any)["loss"]; a != b || extended["steps"] != 50. {
		t.Errorf("extended to %v steps with loss %v, in one go %v", extended["steps"], a, b)
	}
	if again := object(t, "train --quiet --json - --resume "+short); again["steps"] != 50. {
		t.Errorf("the new length was not kept: %v steps", again["steps"])
	}
	status, _, stderr := drift(t, "train", "--quiet", "--steps", "10", "--resume", short)
	if status != statusFailed || !strings.Contains(stderr, "50 steps already") {
		t.Errorf("shortened: status %d, %s", status, stderr)
	}
}

// Intervals are in steps or in epochs, here of 13 batches.
func TestIntervalsInEpochs(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	if status, _, stderr := drift(t, strings.Fields(smallRun+"--steps 40 --log-every 1epoch --eval-every 0 --out "+out)...); status != statusDone {
		t.Fatal(stderr)
	}
	if log := logged(t, out); strings.Count(log, "\n") != 4 || !strings.Contains(log, `"step":13}`) || !strings.Contains(log, `"step":39}`) {
		t.Errorf("the log is %s", log)
	}
}

// What a run's config.toml says of an interval is read again as it was, however long it is.
func TestIntervalsAreReadAgain(t *testing.T) {
	for _, text := range []string{"0", "50", "1000000", "9007199254740992", "9223372036854775807", "1epoch", "0.5epoch", "1000000epoch"} {
		want, err := parseEvery(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseEvery(want.String()); got != want || err != nil {
			t.Errorf("%s is written as %s: %v", text, want, err)
		}
	}
}

func TestFlagsAreGivenOnce(t *testing.T) {
	var out, errs strings.Builder
	for _, line := range []string{"train --lr 0.1 --steps 1 --lr 0.2", "train --lr=0.1 --steps 1 --lr 0.2", "env --quiet --quiet"} {
		errs.Reset()
		if status := run(t.Context(), strings.Fields(line), &out, &errs); status != statusUsage || !strings.Contains(errs.String(), "is given twice") {
			t.Errorf("%s: status %d, %s", line, status, errs.String())
		}
	}
}

// Results of other settings stay unless --force is given; those of the same settings are made again.
func TestComparisonsKeepOtherResults(t *testing.T) {
	out := t.TempDir()
	small := smallComparison + "--steps 5 --seeds 1 --shuffles 0 --quiet --out " + out
	for _, c := range []struct {
		args   string
		status int
	}{{"", statusDone}, {"", statusDone}, {" --lr 0.2", statusUsage}, {" --lr 0.2 --force", statusDone}} {
		if status, _, stderr := drift(t, strings.Fields(small+c.args)...); status != c.status {
			t.Errorf("%q: status %d, %s, want %d", c.args, status, stderr, c.status)
		}
	}
}
