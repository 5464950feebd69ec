package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/sigma"
	"drift/graph/weights"
	"drift/kernels"
)

const smallTask = "--data glyphs,train=60,test=0,size=8 --model mlp:6 --dtype float64 --seed 4 "

// saveVector writes a vector in the layout of the small task's network.
func saveVector(t *testing.T, values func(m *nn.Model) []float64) string {
	t.Helper()
	split, err := data.Load("glyphs,train=60,test=0,size=8", data.Options{Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	m, err := nn.Parse("mlp:6", split.Train.Shape, split.Train.Classes, nn.CrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "v.safetensors")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := weights.Write(file, m.Params(), kernels.Float64, weights.Vector{Values: values(m)}); err != nil {
		t.Fatal(err)
	}
	return path
}

// The same statistics come out whatever the chunk, from initial weights and from a file that holds them.
func TestMeasureCommand(t *testing.T) {
	file := saveVector(t, func(m *nn.Model) []float64 { return m.Init(4) })
	var first sigma.Measurement
	for i, flags := range []string{"", "--chunk 7", "--weights " + file} {
		status, stdout, stderr := drift(t, strings.Fields("measure "+smallTask+"--sigma-top 59 --json - "+flags)...)
		var m sigma.Measurement
		if status != statusDone || json.Unmarshal([]byte(stdout), &m) != nil || !strings.Contains(stderr, "tr Σ") {
			t.Fatalf("%s: status %d, %q, %q", flags, status, stdout, stderr)
		}
		if i == 0 {
			first = m
		}
		sum := 0.0
		for _, value := range m.Eigenvalues {
			sum += value
		}
		for _, c := range [][2]float64{{m.TraceSigma, first.TraceSigma}, {m.GradNorm2, first.GradNorm2}, {m.Loss, first.Loss},
			{m.TraceGradientNorm2, first.TraceGradientNorm2}, {sum, m.TraceSigma}, {*m.NoiseScale, m.TraceSigma / m.GradNorm2}} {
			if math.Abs(c[0]-c[1]) > 1e-9*c[1] { // roundings of sums over examples
				t.Errorf("%s: %v, want %v in %+v", flags, c[0], c[1], m)
			}
		}
	}
}

func TestMeasureWritesVectors(t *testing.T) {
	v := saveVector(t, func(m *nn.Model) []float64 { return m.Init(9) })
	out := filepath.Join(t.TempDir(), "out.safetensors")
	status, _, stderr := drift(t, strings.Fields("measure --quiet "+smallTask+"--vector "+v+" --vectors "+out)...)
	text, err := os.ReadFile(out)
	if status != statusDone || stderr != "" || err != nil {
		t.Fatalf("status %d, %q, %v", status, stderr, err)
	}
	for _, name := range []string{"grad", "grad_tr_sigma", "sigma_diag", "hvp", "sigma_vp"} {
		if !strings.Contains(string(text), `"`+name+`.1.weight"`) {
			t.Errorf("no tensor %s.1.weight", name)
		}
	}
}

func TestMeasureStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	out := filepath.Join(t.TempDir(), "out.safetensors")
	status := run(ctx, last(strings.Fields("measure "+smallTask+"--vectors "+out)), &stdout, &stderr)
	if status != statusFailed || stdout.Len() > 0 || !strings.HasSuffix(stderr.String(), ": interrupted\n") {
		t.Errorf("status %d, %q, %q", status, stdout.String(), stderr.String())
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("it left a file")
	}
}

func TestMeasureRefusals(t *testing.T) {
	v := saveVector(t, func(m *nn.Model) []float64 { return m.Init(9) })
	for args, want := range map[string]struct {
		status int
		says   string
	}{
		smallTask + "--vector " + v:                                         {statusUsage, "--vectors FILE"},
		smallTask + "--vectors " + t.TempDir():                              {statusUsage, "is a folder"},
		smallTask + "--sigma-top 100000":                                    {statusUsage, "one for each parameter"},
		smallTask + "--sigma-density 5":                                     {statusUsage, "--json FILE"},
		smallTask + "--hessian-density 5":                                   {statusUsage, "--out FOLDER"},
		smallTask + "--hessian-trace 5":                                     {statusUsage, "at least 6, or 0"},
		smallTask + "--weights none.safetensors":                            {statusFailed, "no such file"},
		"--data glyphs,train=60,test=0 --model mlp:6 --weights " + v:        {statusFailed, "has shape"},
		"--data glyphs,train=1,test=0,size=8 --model mlp:6 --dtype float64": {statusFailed, "at least 2"},
	} {
		status, stdout, stderr := drift(t, strings.Fields("measure "+args)...)
		if status != want.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want.says) {
			t.Errorf("measure %s: status %d, stdout %q, stderr %q; want %d and %q", args, status, stdout, stderr, want.status, want.says)
		}
	}
}

// A part and a sample of it can be measured; what was measured stands in the result.
func TestMeasuresOfPartsAndSamples(t *testing.T) {
	task := "measure --quiet --json - --data glyphs,train=60,test=40,size=8 --model mlp:6 --seed 4 "
	for _, c := range []struct {
		flags    string
		part     string
		examples float64
	}{{"", "train", 60}, {"--part test", "test", 40}, {"--part test --examples 15 --layers", "test", 15}} {
		m := object(t, task+c.flags)
		if m["part"] != c.part || m["examples"] != c.examples || m["model"] != "mlp:6" || m["data"] != "glyphs,train=60,test=40,size=8" {
			t.Errorf("%q: %v", c.flags, m)
		}
		sample, sampled := m["sample"].(map[string]any)
		if sampled != strings.Contains(c.flags, "--examples") || sampled && (sample["of"] != 40.0 || !(sample["tr_sigma_se"].(float64) > 0)) {
			t.Errorf("%q: sample %v", c.flags, sample)
		}
		if layers, _ := m["layers"].([]any); strings.Contains(c.flags, "--layers") != (len(layers) == 4) {
			t.Errorf("%q: layers %v", c.flags, layers)
		}
	}
	if a, b := object(t, task+"--examples 20"), object(t, task+"--examples 20 --chunk 8"); math.Abs(a["tr_sigma"].(float64)-b["tr_sigma"].(float64)) > 1e-4*a["tr_sigma"].(float64) { // float32
		t.Errorf("the same sample has tr Σ %v and %v", a["tr_sigma"], b["tr_sigma"])
	}
	for flags, want := range map[string]string{"--examples 61": "the train part has 60", "--part valid": "no valid part", "--part all": "train"} {
		if status, _, stderr := drift(t, strings.Fields(task+flags)...); status == statusDone || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %s", flags, status, stderr)
		}
	}
}
