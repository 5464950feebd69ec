package main

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npz"

	"drift/data"
)

// The classes of the test part are as often right as eval finds, belong to the outputs, and are the same whatever the chunk.
func TestPredictions(t *testing.T) {
	folder, file := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "p.npz")
	ended := object(t, smallRun+"--steps 30 --json - --out "+folder)
	var first []int64
	for _, chunk := range []string{"0", "7"} {
		object(t, "predict --quiet --json - --run "+folder+" --chunk "+chunk+" --out "+file)
		var classes []int64
		var outputs []float32
		for name, into := range map[string]any{"class": &classes, "outputs": &outputs} {
			content, err := os.ReadFile(file)
			if err == nil {
				err = npz.Read(bytes.NewReader(content), name+".npy", into)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		split, err := data.Load("glyphs,train=200,test=100,size=8", data.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		right := 0.
		for i, c := range classes {
			row := outputs[10*i : 10*i+10]
			if row[c] != slices.Max(row) {
				t.Errorf("class %d of outputs %v", c, row)
			}
			if int64(split.Test.Labels[i]) == c {
				right++
			}
		}
		if want := ended["test"].(map[string]any)["accuracy"].(float64); len(classes) != 100 || right/100 != want {
			t.Errorf("%v of %d classes are right, want %v", right, len(classes), want)
		}
		if first == nil {
			first = classes
		}
		if !slices.Equal(first, classes) {
			t.Error("another chunk gives other classes")
		}
	}
}

// The table has the numbers of the arrays, a line an answer.
func TestPredictionsAsTables(t *testing.T) {
	folder, file := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "p")
	object(t, smallText+"--steps 20 --json - --data text:"+write(t, "rhyme.txt", rhyme)+",context=8 --out "+folder)
	for _, kind := range []string{".npz", ".csv"} {
		object(t, "predict --quiet --json - --run "+folder+" --chunk 5 --out "+file+kind)
	}
	text, err := os.ReadFile(file + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Open(file + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	defer arrays.Close()
	var classes []int64
	var outputs []float64
	if err := errors.Join(arrays.Read("class.npy", &classes), arrays.Read("outputs.npy", &outputs)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	width := len(outputs) / len(classes)
	if len(lines) != 1+len(classes) || !strings.HasPrefix(lines[0], "example,position,class,output_0,") {
		t.Fatalf("%d lines for %d classes, the first is %s", len(lines), len(classes), lines[0])
	}
	for i, c := range classes {
		cells := []string{strconv.Itoa(i / 8), strconv.Itoa(i % 8), strconv.Itoa(int(c))}
		for _, x := range outputs[i*width : (i+1)*width] {
			cells = append(cells, strconv.FormatFloat(x, 'g', -1, 64))
		}
		if want := strings.Join(cells, ","); lines[i+1] != want {
			t.Errorf("line %d is %s, want %s", i, lines[i+1], want)
		}
	}
}

// A language model that has learnt a line by heart writes it, as the seed says.
func TestGeneratedText(t *testing.T) {
	text, folder, file := write(t, "rhyme.txt", rhyme), filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "out.txt")
	object(t, smallText+"--steps 300 --json - --data text:"+text+",context=8,stride=3 --out "+folder)
	line := "predict --quiet --json - --run " + folder + " --generate 20 --out " + file
	found := object(t, line+" --temperature 0 --prompt the")
	kept, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(found["text"].(string), " cat s") && !strings.HasPrefix(found["text"].(string), " mat, ") && !strings.HasPrefix(found["text"].(string), " rat s") {
		t.Errorf("the text is %q, %v", found["text"], err)
	}
	if string(kept) != "the"+found["text"].(string) {
		t.Errorf("the file holds %q", kept)
	}
	warm := object(t, line+" --temperature 5")["text"]
	if len(warm.(string)) != 20 || object(t, line+" --temperature 5")["text"] != warm || object(t, line+" --temperature 5 --seed 4")["text"] == warm {
		t.Errorf("%q is no function of the seed, or none that varies", warm)
	}
}

func TestPredictRefusals(t *testing.T) {
	folder, text := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "text")
	object(t, smallRun+"--steps 1 --json - --out "+folder)
	object(t, smallText+"--steps 1 --json - --data text:"+write(t, "rhyme.txt", rhyme)+",context=8 --out "+text)
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"", statusUsage, "--out"},
		{"--out " + t.TempDir(), statusUsage, "is a folder"},
		{"--out p.npz", statusUsage, "--run"},
		{"--run " + folder + " --out " + folder + "/p.txt", statusUsage, "p.txt is neither FILE.npz nor FILE.csv"},
		{"--run " + folder + " --out " + folder + "/p.npz --part valid", statusFailed, "no valid part"},
		{"--run " + folder + " --generate 5", statusFailed, "no text"},
		{"--run " + text + " --generate 5 --prompt Z", statusFailed, "'Z'"},
		{"--run " + text + " --generate 5 --temperature -1", statusUsage, "--temperature"},
		{"--run " + text + " --generate 5 --part train", statusUsage, "leave one out"},
		{"--run " + text + " --out p.npz --prompt a", statusUsage, "--generate"},
	} {
		status, stdout, stderr := drift(t, append([]string{"predict"}, strings.Fields(c.args)...)...)
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: status %d, %q, %q; want %d and %q", c.args, status, stdout, stderr, c.status, c.says)
		}
	}
}

// Inputs without targets are predicted for as the same examples in the test part are, normalized as the training part was; where a file
// describes the network, no data are needed.
func TestPredictionsWithoutTargets(t *testing.T) {
	folder := t.TempDir()
	numbers := func(n, seed int) (x []float64) {
		for i := range n {
			x = append(x, math.Sin(float64(seed+i*i)))
		}
		return x
	}
	unseen := numbers(4*6, 9)
	both := "npz:" + npzFile(t, map[string]array{
		"x": {[]int{10, 6}, numbers(60, 1)}, "y": {[]int{10}, []int64{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
		"x_test": {[]int{4, 6}, unseen}, "y_test": {[]int{4}, []int64{2, 1, 0, 0}}})
	alone := "npz:" + npzFile(t, map[string]array{"x": {[]int{4, 6}, unseen}})
	run, a, b := filepath.Join(folder, "run"), filepath.Join(folder, "a.csv"), filepath.Join(folder, "b.csv")
	object(t, "train --quiet --json - --data "+both+",normalize=on --model mlp:5 --steps 20 --batch 5 --lr 0.5 --out "+run)
	same := func(args string) {
		t.Helper()
		object(t, "predict --quiet --json - "+args+" --out "+b)
		first, err := os.ReadFile(a)
		second, err2 := os.ReadFile(b)
		if err := errors.Join(err, err2); err != nil || len(first) < 40 || !bytes.Equal(first, second) {
			t.Errorf("%s: %v\n%s\n%s", args, err, first, second)
		}
	}
	object(t, "predict --quiet --json - --run "+run+" --out "+a)
	same("--run " + run + " --inputs " + alone)
	same("--data " + both + ",normalize=on --model mlp:5 --weights " + run + "/weights.safetensors --inputs " + alone)
	saved := filepath.Join(folder, "net.onnx")
	object(t, "model mlp:5 --quiet --json - --data "+both+" --weights "+run+"/weights.safetensors --save "+saved)
	object(t, "predict --quiet --json - --data "+both+" --model onnx:"+saved+" --out "+a)
	same("--model onnx:" + saved + " --inputs " + alone)
	for args, says := range map[string]string{
		"--inputs glyphs":                     "want npy:X.npy",
		"--inputs " + alone + ",train=2":      "unknown option train",
		"--inputs " + alone + " --part train": "leave one out",
		"--inputs npz:" + npzFile(t, map[string]array{"x": {[]int{2, 5}, numbers(10, 1)}}): "have shape [5]",
	} {
		status, _, stderr := drift(t, strings.Fields("predict --run "+run+" --out "+b+" "+args)...)
		if status == 0 || !strings.Contains(stderr, says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %s", args, status, stderr)
		}
	}
}
