package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// rhyme repeats a line, so that a language model has something to learn quickly.
var rhyme = strings.Repeat("the cat sat on the mat, and the rat sat on the cat.\n", 60)

const smallText = "train --quiet --model gpt:1,2,16 --optimizer adamw --lr 0.01 --batch 8 --dtype float64 --seed 3 "

// A text goes from its file through training, evaluation, measurement and comparison; its loss is a mean over positions, and its
// accuracy a share of them.
func TestLanguageModels(t *testing.T) {
	text, folder := write(t, "rhyme.txt", rhyme), filepath.Join(t.TempDir(), "run")
	spec := "text:" + text + ",context=8,stride=3,valid=0.2" // windows begin at every place of the line
	ended := object(t, smallText+"--steps 150 --eval-every 50 --json - --data "+spec+" --out "+folder)
	for _, part := range []string{"train", "test", "valid"} {
		v := ended[part].(map[string]any)
		if v["loss"].(float64) > 1 || v["accuracy"].(float64) < 0.6 || v["accuracy"].(float64) > 1 {
			t.Errorf("%s is %v: letters that a line repeated tells were not learnt", part, v)
		}
	}
	if log := logged(t, folder); strings.Count(log, `"valid_loss"`) != 3 || strings.Count(log, `"valid_accuracy"`) != 3 {
		t.Errorf("the log is %s", log)
	}
	for _, command := range []string{"eval", "measure"} {
		found := object(t, command+" --quiet --json - --run "+folder)
		loss := found["loss"]
		if command == "eval" {
			if loss = found["train"].(map[string]any)["loss"]; found["valid"].(map[string]any)["loss"] != ended["valid"].(map[string]any)["loss"] {
				t.Errorf("eval finds %v, the run ended at %v", found["valid"], ended["valid"])
			}
		}
		if want := ended["train"].(map[string]any)["loss"].(float64); math.Abs(loss.(float64)-want) > 1e-12 {
			t.Errorf("%s finds a loss of %v, the run ended at %v", command, loss, want)
		}
	}
	compared := object(t, "compare --quiet --json - --data "+spec+" --model gpt:1,2,16 --batch 8 --epochs 1 --seeds 2 --shuffles 0 --optimizers sgd,adamw:lr=0.01 --out "+t.TempDir())
	if rows := compared["rows"].([]any); len(rows) != 2 {
		t.Errorf("the comparison is %v", compared)
	}
	status, stdout, stderr := drift(t, "eval", "--run", folder)
	if status != statusDone || !strings.Contains(stdout, "loss (cross entropy)") || !strings.Contains(stdout, "valid") || stderr != "" {
		t.Errorf("status %d, %s, %s", status, stdout, stderr)
	}
}

// A network whose outputs are not one row of scores for each token is refused in one line.
func TestNetworksThatDoNotFitTexts(t *testing.T) {
	text := write(t, "rhyme.txt", rhyme)
	for _, c := range []struct{ model, says string }{
		{"mlp:16", "a class at each of 64 positions"},
		{"gpt:1,3,16", "heads"},
		{`{"layers":[{"embedding":{"tokens":5,"width":4}},{"linear":{"out":30}}]}`, "from 0 to 4"},
		{`{"layers":[{"embedding":{"tokens":30,"width":4}},{"linear":{"out":5}}]}`, "5 outputs"},
	} {
		status, _, stderr := drift(t, "train", "--quiet", "--steps", "1", "--data", "text:"+text, "--model", c.model)
		if status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %s; want %q", c.model, status, stderr, c.says)
		}
	}
}
