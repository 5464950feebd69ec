package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const onnxFiles = "../../graph/onnx/testdata/"

// Every command that takes a network takes one of ONNX's: at the weights of its file it predicts what onnxruntime does, and a run of it goes on
// to be evaluated and measured from any folder.
func TestONNXNetworkWherePresetsGo(t *testing.T) {
	var e struct {
		Shape     []int
		X, Double []float64
	}
	text, err := os.ReadFile(onnxFiles + "cnn.json")
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	labels := array{[]int{5}, []int64{0, 1, 2, 0, 1}}
	images := array{e.Shape, e.X}
	source := "npz:" + npzFile(t, map[string]array{"x": images, "y": labels, "x_test": images, "y_test": labels})
	task := []string{"--quiet", "--dtype", "float64", "--data", source, "--model", "onnx:" + onnxFiles + "cnn.onnx"}
	run := filepath.Join(t.TempDir(), "run")
	do := func(args ...string) string {
		t.Helper()
		status, stdout, stderr := drift(t, args...)
		if status != 0 {
			t.Fatalf("%s: %s", strings.Join(args, " "), stderr)
		}
		return stdout
	}
	loss := func(text, key string) float64 {
		t.Helper()
		var result map[string]any
		if err := json.Unmarshal([]byte(text), &result); err != nil {
			t.Fatal(err)
		}
		if part, ok := result[key].(map[string]any); ok {
			return part["loss"].(float64)
		}
		return result[key].(float64)
	}
	want := 0.
	for i, label := range []int{0, 1, 2, 0, 1} {
		row, sum := e.Double[3*i:3*i+3], 0.
		for _, v := range row {
			sum += math.Exp(v)
		}
		want += (math.Log(sum) - row[label]) / 5
	}
	if got := loss(do(append(task, "eval", "--json", "-")...), "train"); math.Abs(got-want) > 1e-10 {
		t.Errorf("loss at the file's weights %v, want %v", got, want)
	}
	if got := loss(do(append(task, "measure", "--json", "-")...), "loss"); math.Abs(got-want) > 1e-10 {
		t.Errorf("measure: loss at the file's weights %v, want %v", got, want)
	}
	do(append(task, "train", "--lr", "0.5", "--batch", "2", "--steps", "400", "--out", run)...)
	after := loss(do("eval", "--run", run, "--quiet", "--json", "-"), "train")
	if !(after < want/2) {
		t.Errorf("loss %v before training and %v after", want, after)
	}
	if got := loss(do("measure", "--run", run, "--quiet", "--json", "-"), "loss"); math.Abs(got-after) > 1e-12 {
		t.Errorf("measure: loss %v, eval has %v", got, after)
	}
	do("predict", "--run", run, "--quiet", "--part", "test", "--out", filepath.Join(run, "p.npz"))
	if text := do("model", "onnx:"+onnxFiles+"cnn.onnx"); !strings.Contains(text, "input 1×8×8") || !strings.Contains(text, "Gemm") {
		t.Errorf("drift model shows %s", text)
	}
	back := filepath.Join(t.TempDir(), "back.onnx")
	do("model", "onnx:"+onnxFiles+"cnn.onnx", "--quiet", "--weights", filepath.Join(run, "weights.safetensors"), "--save", back)
	if got := loss(do(append(task[:5:5], "--model", "onnx:"+back, "eval", "--json", "-")...), "train"); math.Abs(got-after) > 1e-6 { // weights in float32
		t.Errorf("loss %v of the weights written as ONNX, %v of the run", got, after)
	}
	config, err := os.ReadFile(filepath.Join(run, "config.toml"))
	if err != nil || !strings.Contains(string(config), "onnx:/") {
		t.Errorf("the run does not name its network by its full path: %v\n%s", err, config)
	}
}

// A network of ONNX's trains for 100 steps, and the file that it is written back to computes what the run does, to the last bit in float32.
func TestTrainedONNXNetworksAreWrittenBack(t *testing.T) {
	for name, classes := range map[string]int{"mlp": 3, "cnn": 3, "resnet": 3, "depthwise": 3, "encoder": 4, "vit": 3, "language": 9, "assorted": 4} {
		var e struct {
			Shape     []int
			X, Double []float64
		}
		text, err := os.ReadFile(onnxFiles + name + ".json")
		if err == nil {
			err = json.Unmarshal(text, &e)
		}
		if err != nil {
			t.Fatal(err)
		}
		labels := array{e.Shape[:1], make([]int64, 5)}
		if name == "language" { // each position has a class
			labels = array{e.Shape, make([]int64, len(e.X))}
		}
		for i := range labels.values.([]int64) {
			labels.values.([]int64)[i] = int64(i % classes)
		}
		dir := t.TempDir()
		run, back := filepath.Join(dir, "run"), filepath.Join(dir, "back.onnx")
		source := "npz:" + npzFile(t, map[string]array{"x": {e.Shape, e.X}, "y": labels})
		do := func(args string) map[string]any {
			t.Helper()
			return object(t, args+" --quiet --json - --data "+source)
		}
		loss := func(of map[string]any) float64 { return of["train"].(map[string]any)["loss"].(float64) }
		before := loss(do("eval --model onnx:" + onnxFiles + name + ".onnx"))
		after := loss(do("train --optimizer adamw --lr 0.01 --batch 2 --steps 100 --out " + run + " --model onnx:" + onnxFiles + name + ".onnx"))
		if !(after < before/2) {
			t.Errorf("%s: loss %v before training and %v after", name, before, after)
		}
		if status, _, stderr := drift(t, "model", "onnx:"+onnxFiles+name+".onnx", "--quiet", "--weights", filepath.Join(run, "weights.safetensors"), "--save", back); status != statusDone {
			t.Fatal(stderr)
		}
		of, again := filepath.Join(dir, "run.npz"), filepath.Join(dir, "back.npz")
		do("predict --part train --run " + run + " --out " + of)
		do("predict --part train --model onnx:" + back + " --out " + again)
		a, err := os.ReadFile(of)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(again)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: what is written back computes something else, %v", name, err)
		}
	}
}
