package main

import (
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
