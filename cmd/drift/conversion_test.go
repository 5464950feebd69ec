package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const torchData = "../../graph/weights/testdata/"

// What PyTorch trained is evaluated, saved in other formats and under the same names, trained further and evaluated from its run.
func TestWeightsOfTorchGoThroughEveryCommand(t *testing.T) {
	folder := t.TempDir()
	task := " --quiet --json - --data npz:" + torchData + "resnet.npz --dtype float64 --model resnet18,norm=frozen,width=2,outputs=10 "
	loss := func(line string) float64 { return object(t, line)["train"].(map[string]any)["loss"].(float64) }
	want := loss("eval" + task + "--weights " + torchData + "resnet.pth")
	saved := filepath.Join(folder, "w.pt") + "," + filepath.Join(folder, "w.safetensors") + "," + filepath.Join(folder, "net.json") + "," + filepath.Join(folder, "net.onnx")
	object(t, "model"+strings.Replace(task, "--model ", "", 1)+"--weights "+torchData+"resnet.pth --save "+saved)
	for _, name := range []string{"w.pt", "w.safetensors"} {
		if got := loss("eval" + task + "--weights " + filepath.Join(folder, name)); got != want {
			t.Errorf("%s: loss %v, was %v", name, got, want)
		}
		if raw, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !strings.Contains(string(raw), "layer4.1.bn2.running_var") {
			t.Errorf("%s lacks the names that the weights came with: %v", name, err)
		}
	}
	if got := loss("eval" + strings.Replace(task, "resnet18,norm=frozen,width=2,outputs=10", filepath.Join(folder, "net.json"), 1) + "--weights " + torchData + "resnet.pth"); got != want {
		t.Errorf("the network of net.json: loss %v, was %v", got, want)
	}
	exported := "onnx:" + filepath.Join(folder, "net.onnx")
	if got := loss("eval" + strings.Replace(task, "resnet18,norm=frozen,width=2,outputs=10", exported, 1)); math.Abs(got-want) > 1e-9 { // ε of norms is a float32 there
		t.Errorf("net.onnx: loss %v, was %v", got, want)
	}
	run := filepath.Join(folder, "run")
	after := loss("train" + task + "--init " + torchData + "resnet.pth --steps 1 --batch 6 --lr 1e-3 --out " + run)
	if got := loss("eval --quiet --json - --run " + run); got != after || after >= want {
		t.Errorf("loss %v after a step, %v in the run, %v before", after, got, want)
	}
	if raw, err := os.ReadFile(filepath.Join(run, "weights.safetensors")); err != nil || !strings.Contains(string(raw), "layer4.1.bn2.running_var") {
		t.Errorf("the run's weights lack the names that they came with: %v", err)
	}
}

// A network described for training with batch statistics is converted, and keeps the weights that both have.
func TestNetworksAreConverted(t *testing.T) {
	folder := t.TempDir()
	batch := write(t, "batch.json", `{"input":[1,8,8],"loss":"cross_entropy","layers":[{"conv2d":{"out":4,"kernel":3}},"batchnorm2d","flatten",{"linear":{"out":10}}]}`)
	for _, kind := range []string{"frozen", "groupnorm"} {
		base := filepath.Join(folder, kind)
		object(t, "model --quiet --json - "+batch+" --convert "+kind+" --save "+base+".json,"+base+".pt")
		data := " --quiet --json - --data glyphs,size=8,train=20,test=10 --model " + base + ".json "
		if got := object(t, "eval"+data+"--weights "+base+".pt")["examples"]; got != 20.0 {
			t.Errorf("%s: %v", kind, got)
		}
	}
	shifted := write(t, "shifted.json", `{"input":[1,8,8],"loss":"cross_entropy","layers":["relu","relu","relu","relu",{"conv2d":{"out":4,"kernel":3}},{"groupnorm":{"groups":2}},"flatten",{"linear":{"out":10}}]}`)
	names := write(t, "names.toml", "\"a.\" = \"0.\"\n")
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"model " + batch + " --convert layernorm", statusUsage, "groupnorm"},
		{"model linear --data glyphs --convert groupnorm", statusFailed, "no batch normalization"},
		{"model linear --data glyphs --save w.bin", statusUsage, ".pth"},
		{"model linear --data glyphs --weights w.pt", statusUsage, "--save"},
		{"model linear --data glyphs --names " + names, statusUsage, "--names"},
		{"train --data glyphs,train=20,test=10 --model linear --steps 1 --names " + names, statusUsage, "--names"},
		{"eval --data glyphs,size=8,train=20,test=10 --model " + filepath.Join(folder, "frozen.json") + " --names " + names + " --weights " + filepath.Join(folder, "frozen.pt"), statusFailed, `"a." is to be called "0."`},
		{"model " + shifted + " --weights " + filepath.Join(folder, "groupnorm.pt") + " --save " + filepath.Join(folder, "no.pt"), statusFailed, `"0.weight" = "4.weight", "0.bias" = "4.bias"`},
	} {
		status, _, stderr := drift(t, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %s", c.args, status, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "no.pt")); err == nil {
		t.Error("a file was written for weights that do not fit")
	}
}
