package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const smallRun = "train --quiet --data glyphs,train=200,test=100,size=8 --model mlp:16 --momentum 0.9 --lr 0.02 --batch 16 "

func readWeights(t *testing.T, folder string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "weights.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A run killed at any moment, again and again, leaves a folder that goes on to the same bits and the same log.
func TestKilledRunsResumeToTheSameBits(t *testing.T) {
	flags := smallRun + "--steps 10000 --log-every 10 --checkpoint-every 50 --eval-every 500 --out "
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	if status, _, stderr := drift(t, strings.Fields(flags+whole)...); status != statusDone {
		t.Fatal(stderr)
	}
	kills := killUntilDone(t, strings.Fields(flags+killed), []string{"train", "--quiet", "--resume", killed}, filepath.Join(killed, "config.toml"))
	if !bytes.Equal(readWeights(t, whole), readWeights(t, killed)) {
		t.Errorf("after %d kills the weights are other ones", kills)
	}
	if want, got := logged(t, whole), logged(t, killed); want != got {
		t.Errorf("after %d kills the log is\n%s\nwant\n%s", kills, got, want)
	}
}

// logged is metrics.jsonl without the times.
func logged(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for line := range strings.Lines(string(text)) {
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		delete(entry, "seconds")
		kept, _ := json.Marshal(entry)
		lines.Write(append(kept, '\n'))
	}
	return lines.String()
}

func TestInterruptLeavesACheckpoint(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	var stdout, stderr bytes.Buffer
	status := run(ctx, last(strings.Fields(smallRun+"--steps 100000000 --checkpoint-every 0 --out "+out)), &stdout, &stderr)
	if status != statusFailed || !strings.Contains(stderr.String(), "interrupted") || !strings.Contains(stderr.String(), "--resume "+out) {
		t.Errorf("status %d, %s", status, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(out, "checkpoint", "state.safetensors")); err != nil {
		t.Error(err)
	}
}

func TestRunAgainFromItsConfiguration(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	model := write(t, "net.json", `{"layers": ["flatten", {"linear": {"out": 10}}]}`)
	for _, args := range []string{
		smallRun + "--steps 20 --batch full --optimizer gd-reg --emulate-batch 10 --seed 5 --model " + model + " --out " + first,
		"train --config " + first + "/config.toml --out " + second,
	} {
		if status, _, stderr := drift(t, strings.Fields(args)...); status != statusDone {
			t.Fatal(stderr)
		}
		os.Remove(model)
	}
	if !bytes.Equal(readWeights(t, first), readWeights(t, second)) {
		t.Error("the same configuration gives other weights")
	}
}

// A run keeps the average of its weights and those of the least validation loss beside the last, each of which gives the values that its
// result states; eval and measure take the run's label smoothing.
func TestRunKeepsAverageAndBestWeights(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	type part struct{ Loss float64 }
	var result struct {
		Test part
		EMA  struct{ Test part }
		Best struct {
			Step        int
			Valid, Test part
		}
	}
	decode := func(args string, to any) {
		t.Helper()
		status, stdout, stderr := drift(t, strings.Fields(args)...)
		if err := json.Unmarshal([]byte(stdout), to); status != statusDone || err != nil {
			t.Fatalf("%s: %s, %v", args, stderr, err)
		}
	}
	decode("train --quiet --data glyphs,train=100,test=60,size=8,label-noise=0.4,valid=0.3 --model mlp:64 --optimizer adamw --decay matrices --lr 0.03 --batch 16 "+
		"--steps 60 --eval-every 5 --ema 0.9 --label-smoothing 0.1 --schedule onecycle --json - --out "+out, &result)
	if result.Best.Step%5 != 0 || result.Best.Step == 0 {
		t.Errorf("best at step %d", result.Best.Step)
	}
	for file, want := range map[string]float64{"weights": result.Test.Loss, "weights-ema": result.EMA.Test.Loss, "weights-best": result.Best.Test.Loss} {
		var evaluated struct{ Test part }
		decode("eval --quiet --json - --run "+out+" --weights "+filepath.Join(out, file+".safetensors"), &evaluated)
		if math.Abs(evaluated.Test.Loss-want) > 1e-6*want {
			t.Errorf("%s.safetensors has test loss %v, the run said %v", file, evaluated.Test.Loss, want)
		}
	}
	var smooth, sharp struct{ Loss float64 }
	decode("measure --quiet --json - --run "+out, &smooth)
	decode("measure --quiet --json - --label-smoothing 0 --run "+out, &sharp)
	if smooth.Loss == sharp.Loss {
		t.Error("measure --run leaves the label smoothing of the run out")
	}
	resumed := "train --quiet --json - --resume " + out
	again := result
	decode(resumed, &again)
	if again != result {
		t.Errorf("resumed at its end the run is %+v, it was %+v", again, result)
	}
	if status, _, stderr := drift(t, strings.Fields("train --label-smoothing 0.1 --data gaussian --model linear")...); status != statusUsage || !strings.Contains(stderr, "smooths classes") {
		t.Errorf("label smoothing of numbers: status %d, %s", status, stderr)
	}
}

func TestTrainedWeightsAreAStart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	drift(t, strings.Fields(smallRun+"--steps 200 --out "+out)...)
	var result struct {
		Train struct{ Loss float64 }
	}
	status, stdout, stderr := drift(t, strings.Fields(smallRun+"--steps 1 --lr 1e-9 --json - --init "+out+"/weights.safetensors")...)
	if err := json.Unmarshal([]byte(stdout), &result); status != statusDone || err != nil || result.Train.Loss > 0.5 {
		t.Errorf("status %d, %s, %s, %v", status, stdout, stderr, err)
	}
}

func TestTrainRefusals(t *testing.T) {
	folder := t.TempDir()
	file := write(t, "file", "")
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"--lr NaN", statusUsage, "--lr: got \"NaN\""},
		{"--lr -1", statusUsage, "--lr: "},
		{"--batch 0", statusUsage, "--batch: got \"0\""},
		{"--batch 201", statusUsage, "more than there are training examples, 200"},
		{"--momentum 1", statusUsage, "--momentum: "},
		{"--momentum 0 --nesterov", statusUsage, "nesterov without momentum"},
		{"--weight-decay -1", statusUsage, "--weight-decay: "},
		{"--clip inf", statusUsage, "--clip: "},
		{"--optimizer sdg", statusUsage, "did you mean sgd?"},
		{"--schedule cosin", statusUsage, "did you mean cosine?"},
		{"--steps 5 --epochs 2", statusUsage, "leave one out"},
		{"--steps -1", statusUsage, "--steps: "},
		{"--log-every 0epoch", statusUsage, "--log-every: "},
		{"--epochs 1e300", statusUsage, "give fewer"},
		{"--steps 5 --warmup 5", statusUsage, "warmup"},
		{"--optimizer gd --batch 10", statusUsage, "leave the batch size"},
		{"--batch full --optimizer gd-reg", statusUsage, "--emulate-batch"},
		{"--batch full --optimizer gd-noise", statusUsage, "--emulate-batch"},
		{"--optimizer gd-reg --emulate-batch 201 --batch full", statusUsage, "give 1 to 200"},
		{"--optimizer gd-reg --lambda 1 --data gaussian,train=1 --model linear --batch full", statusUsage, "at least 2 examples"},
		{"--optimizer gd-reg --emulate-batch 10 --lambda 1", statusUsage, "leave one out"},
		{"--optimizer gd-reg --batch full --lambda -1", statusUsage, "--lambda: got \"-1\": give a finite number of at least 0"},
		{"--batch full --optimizer gd-reg --penalty blocks --emulate-batch 7", statusUsage, "divides"},
		{"--optimizer sigma-inverse --method lowrank --window 3 --average 0.75", statusUsage, "a window of at least 8"},
		{"--optimizer sigma-inverse --method lowrank --rank 100000000 --out " + folder + "/new", statusFailed, "give a rank of 1 to"},
		{"--model mlp:-1", statusFailed, "mlp"},
		{"--model batchnorm", statusFailed, "preset"},
		{"--model mlp:99999999999", statusFailed, "mlp"},
		{"--data nothing", statusFailed, "unknown data set"},
		{"--init " + folder + "/none.safetensors", statusFailed, "none.safetensors"},
		{"--init " + file, statusFailed, "reading weights"},
		{"--out " + file, statusFailed, "it is a file"},
		{"--resume " + folder, statusFailed, "holds no run"},
		{"--lr 1e30 --momentum 0", statusFailed, "not finite"},
	} {
		status, stdout, stderr := drift(t, append(strings.Fields(smallRun), strings.Fields(c.args)...)...)
		if strings.HasPrefix(c.args, "--resume") { // takes the settings of the run
			status, stdout, stderr = drift(t, append([]string{"train"}, strings.Fields(c.args)...)...)
		}
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want %d and one line with %q", c.args, status, stdout, stderr, c.status, c.says)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "new")); !os.IsNotExist(err) {
		t.Errorf("what cannot be prepared leaves a folder: %v", err)
	}
}

func TestFlagsThatMeanNothingAreNoted(t *testing.T) {
	loud := strings.Replace(smallRun, "--quiet ", "", 1) + "--steps 1 "
	const unkept = "note: nothing of this run is kept: --out FOLDER keeps it\n"
	for args, says := range map[string]string{
		"--lambda 1": "note: --lambda means nothing to sgd, only to gd-reg, sgd-reg, gradient-penalty and fisher-penalty\n" + unkept,
		"--optimizer gd-reg --batch full --emulate-batch 10 --rank 3": "note: --rank means nothing to gd-reg, only to sigma-inverse\n" + unkept,
		"--optimizer gd-reg --batch full --emulate-batch 10 --noise sigma --window 3": "note: --noise means nothing to gd-reg, only to gd-noise\n" +
			"note: --window means nothing to gd-reg, only to sigma-inverse\n" + unkept,
		"--emulate-batch 3": "note: --emulate-batch means nothing to sgd, only to gd-reg, sgd-reg and gd-noise\n" + unkept,
		"--momentum 0.5":    unkept,
		"--rank 3 --quiet":  "",
	} {
		if status, _, stderr := drift(t, strings.Fields(loud+args)...); status != statusDone || stderr != says {
			t.Errorf("%s: status %d, %q", args, status, stderr)
		}
	}
}

// A regression has no accuracy to report, and a gradient whose norm overflows while the loss does not is no line of the log.
func TestRegression(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	const regression = "train --quiet --data gaussian,train=20,test=10 --model linear --batch 5 --steps 3 --log-every 1 --json - --out "
	status, stdout, stderr := drift(t, strings.Fields(regression+out)...)
	if status != statusDone || strings.Count(stdout, `"accuracy": null`) != 2 || !strings.Contains(stdout, `"loss": `) {
		t.Errorf("status %d, %s, %s", status, stdout, stderr)
	}
	if log := logged(t, out); strings.Contains(log, "accuracy") || strings.Count(log, "\n") != 3 {
		t.Errorf("the log is %s", log)
	}
	huge := write(t, "huge.csv", "1e15,0.5\n-2e15,1.5\n")
	status, _, stderr = drift(t, strings.Fields("train --quiet --data csv:"+huge+" --model linear --batch full --steps 1 --out "+out+"2")...)
	if status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "lower --lr") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

func TestResumeKeepsTheRunsSettings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	drift(t, strings.Fields(smallRun+"--steps 5 --out "+out)...)
	for args, says := range map[string]string{
		"--lr 0.1":        "--lr cannot be given with --resume",
		"--out elsewhere": "--out cannot be given with --resume",
	} {
		status, _, stderr := drift(t, append(strings.Fields("train --resume "+out), strings.Fields(args)...)...)
		if status != statusUsage || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d, %s", args, status, stderr)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "checkpoint", "state.safetensors"), []byte("damaged"), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := drift(t, "train", "--resume", out); status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "reading the checkpoint") {
		t.Errorf("a damaged checkpoint: status %d, %s", status, stderr)
	}
}

// A run goes on with the data that it began with or not at all.
func TestResumeNoticesOtherData(t *testing.T) {
	out, file := filepath.Join(t.TempDir(), "run"), write(t, "data.csv", "1,0.5\n-2,1.5\n3,1\n")
	run := "train --quiet --data csv:" + file + " --model linear --batch 1 --lr 0.01 --steps 5 --out " + out
	if status, _, stderr := drift(t, strings.Fields(run)...); status != statusDone {
		t.Fatal(stderr)
	}
	if status, _, stderr := drift(t, "train", "--resume", out); status != statusDone {
		t.Error(stderr)
	}
	if err := os.WriteFile(file, []byte("1,0.5\n-2,1.5\n3,1.25\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := drift(t, "train", "--resume", out)
	if status != statusFailed || !strings.Contains(stderr, "the data are not those of its checkpoint") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// The best weights so far can be used while the run goes on, and after it was killed.
func TestBestWeightsOutliveAKilledRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	process := child(strings.Fields("train --quiet --data glyphs,train=100,test=60,size=8,valid=0.3 --model mlp:16 --steps 1000000000 --eval-every 5 --out " + out)...)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	best := filepath.Join(out, "weights-best.safetensors")
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(best); err == nil {
			break
		}
	}
	process.Process.Kill()
	process.Wait()
	status, stdout, stderr := drift(t, "eval", "--quiet", "--json", "-", "--run", out, "--weights", best)
	var at struct{ Valid struct{ Loss float64 } }
	if err := json.Unmarshal([]byte(stdout), &at); status != statusDone || err != nil || !(at.Valid.Loss > 0) {
		t.Fatalf("%s %v %+v", stderr, err, at)
	}
	var logged []float64
	metrics, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(metrics)) {
		var entry struct {
			Loss *float64 `json:"valid_loss"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Loss != nil {
			logged = append(logged, *entry.Loss)
		}
	}
	near := func(x float64) bool { return math.Abs(x-at.Valid.Loss) < 1e-5*x }
	if !slices.ContainsFunc(logged, near) {
		t.Errorf("the weights kept have validation loss %v, which the log does not know: %v", at.Valid.Loss, logged)
	}
}
