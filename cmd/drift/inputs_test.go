package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"drift/data"
	"drift/graph/nn"
	"drift/graph/sigma"
	"drift/graph/weights"
	"drift/kernels"
)

// array is what an NPZ file holds.
type array struct {
	shape  []int
	values any // []float32, []float64 or []int64
}

func npzFile(t *testing.T, arrays map[string]array) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	n := data.NewNPZWriter(file)
	for name, a := range arrays {
		switch v := a.values.(type) {
		case []float32:
			err = data.WriteArray(n, name, a.shape, func(put func([]float32) error) error { return put(v) })
		case []float64:
			err = data.WriteArray(n, name, a.shape, func(put func([]float64) error) error { return put(v) })
		case []int64:
			err = data.WriteArray(n, name, a.shape, func(put func([]int64) error) error { return put(v) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// gaussian is n numbers offset + spread·N(0,1) that float32 holds.
func gaussian(r *rand.Rand, n int, offset, spread float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(offset + spread*r.NormFloat64()))
	}
	return x
}

// saved writes a vector of a model.
func saved(t *testing.T, m *nn.Model, values []float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.safetensors")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := weights.Write(file, m.Params(), kernels.Float64, weights.Vector{Values: values}); err != nil {
		t.Fatal(err)
	}
	return path
}

// tensors reads the vector of a kind from a file of them, in the order of a model's parameters.
func tensors(t *testing.T, path, kind string, m *nn.Model) (values []float64) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := binary.LittleEndian.Uint64(file)
	var entries map[string]struct {
		DType   string `json:"dtype"`
		Offsets []int  `json:"data_offsets"`
	}
	if err := json.Unmarshal(file[8:8+head], &entries); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		e, ok := entries[kind+"."+p.Name]
		if !ok || e.DType != "F32" {
			t.Fatalf("%s.%s is not there in float32: %+v", kind, p.Name, e)
		}
		for at := e.Offsets[0]; at < e.Offsets[1]; at += 4 {
			values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(file[8+int(head)+at:]))))
		}
	}
	return values
}

// Examples that have nearly all in common, and targets far from the outputs, are measured in float32 as one example at a time in float64.
func TestMeasurementsOfExamplesAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		net  plain
		loss string
		step float64
	}{
		"near":  {plain{in: 5, hidden: 4, out: 3, x: gaussian(r, 40*5, 1, 2e-4), y: make([]float64, 40), classes: true}, "cross_entropy", 1e-3},
		"price": {plain{in: 5, hidden: 8, out: 1, x: gaussian(r, 200*5, 0, 1), y: gaussian(r, 200, 300000, 100)}, "mse", 1e-3},
	} {
		p, n := c.net, c.net.examples()
		arrays := map[string]array{"x": {[]int{n, p.in}, p.x}, "y": {[]int{n}, p.y}}
		source := "npz:%s"
		if p.classes {
			arrays["y"] = array{[]int{n}, make([]int64, n)}
			source += ",classes=3"
		}
		network := fmt.Sprintf(`{"input": [%d], "loss": %q, "layers": [{"linear": {"out": %d}}, "tanh", {"linear": {"out": %d}}]}`, p.in, c.loss, p.hidden, p.out)
		m, err := nn.Parse(network, []int{p.in}, p.out, map[bool]nn.Loss{true: nn.CrossEntropy{}, false: nn.MSE{}}[p.classes])
		if err != nil {
			t.Fatal(err)
		}
		theta, v := gaussian(r, p.size(), 0, 0.5), gaussian(r, p.size(), 0, 1)
		out := filepath.Join(t.TempDir(), "out.safetensors")
		status, stdout, stderr := drift(t, "measure", "--data", fmt.Sprintf(source, npzFile(t, arrays)), "--model", write(t, "m.json", network), "--weights", saved(t, m, theta),
			"--vector", saved(t, m, v), "--vectors", out, "--sigma-top", "3", "--json", "-")
		var got sigma.Measurement
		if status != statusDone || json.Unmarshal([]byte(stdout), &got) != nil {
			t.Fatalf("%s: status %d, %q, %q", name, status, stdout, stderr)
		}
		s := p.covariance(theta)
		var product mat.VecDense
		product.MulVec(s, mat.NewVecDense(p.size(), v))
		diagonal := make([]float64, p.size())
		for k := range diagonal {
			diagonal[k] = s.At(k, k)
		}
		var e mat.EigenSym
		e.Factorize(s, false)
		top := e.Values(nil)
		for what, pair := range map[string][2][]float64{
			"tr Σ":               {{got.TraceSigma}, {mat.Trace(s)}},
			"‖∂tr Σ‖²":           {{got.TraceGradientNorm2}, {p.traceSlope(theta, c.step)}},
			"leading eigenvalue": {got.Eigenvalues[:1], top[len(top)-1:]},
			"Σv":                 {tensors(t, out, "sigma_vp", m), product.RawVector().Data},
			"diag Σ":             {tensors(t, out, "sigma_diag", m), diagonal},
		} {
			if d := floats.Distance(pair[0], pair[1], 2) / floats.Norm(pair[1], 2); !(d <= 1e-3) {
				t.Errorf("%s: %s is off by a share of %.2g", name, what, d)
			}
		}
	}
}

// Where all examples are the same, Σ = 0 and damping relative to tr Σ is nothing: every method refuses.
func TestEqualExamplesAreRefusedByEveryMethod(t *testing.T) {
	x := make([]float32, 20*5)
	for i := range x {
		x[i] = []float32{0.3, -1.7, 2.1, 0.9, -0.4}[i%5]
	}
	file := npzFile(t, map[string]array{"x": {[]int{20, 5}, x}, "y": {[]int{20}, make([]int64, 20)}})
	for _, method := range []string{"diagonal", "kronecker", "gram", "lowrank"} {
		status, _, stderr := drift(t, strings.Fields("train --quiet --model mlp:8,act=tanh --steps 40 --optimizer sigma-inverse --batch 20 --damping-relative --method "+
			method+" --out "+t.TempDir()+"/run --data npz:"+file+",classes=3")...)
		if status != statusFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "tr Σ = 0: the gradients of the batch are all the same") {
			t.Errorf("%s: status %d, %s", method, status, stderr)
		}
	}
}

// A column of unix times is normalized as the same times counted from their first.
func TestUnixTimesAreNormalized(t *testing.T) {
	var found [2]sigma.Measurement
	for k, begin := range []int{0, 1700000000} {
		var text strings.Builder
		text.WriteString("t,v,y\n")
		for i := range 60 {
			fmt.Fprintf(&text, "%d,%g,%d\n", begin+i, 0.1*float64(i), i%3)
		}
		status, stdout, stderr := drift(t, strings.Fields("measure --model linear --dtype float64 --json - --data csv:"+write(t, "ts.csv", text.String())+",normalize=on")...)
		if status != statusDone || json.Unmarshal([]byte(stdout), &found[k]) != nil {
			t.Fatalf("status %d, %q", status, stderr)
		}
	}
	for _, pair := range [][2]float64{{found[1].GradNorm2, found[0].GradNorm2}, {found[1].TraceSigma, found[0].TraceSigma}} {
		if !(math.Abs(pair[0]-pair[1]) <= 1e-12*pair[1]) || pair[1] == 0 {
			t.Errorf("%v, want %v", pair[0], pair[1])
		}
	}
}

// What a reader could only guess is refused, with the way to say it; what it can know is read.
func TestNothingIsGuessed(t *testing.T) {
	images := array{[]int{40, 32, 32, 3}, make([]float32, 40*32*32*3)}
	labels := array{[]int{40}, make([]int64, 40)}
	rows, few := array{[]int{6, 4}, make([]float64, 24)}, []int64{0, 1, 2, 0, 1, 2}
	for name, c := range map[string]struct{ file, want string }{
		"an empty cell in the first row": {"csv:" + write(t, "a.csv", ",2,0\n0,-0,0\n0.5,-1,1\n"), "line 1, column 1: there is no value"},
		"thousands in the first row":     {"csv:" + write(t, "a.csv", "\"1,000\",2,0\n2,3,1\n"), `line 1, column 1: "1,000" is not a number`},
		"names counted from 0":           {"csv:" + write(t, "a.csv", "0,1,2\n0,0,0\n0.5,-1,1\n"), "say header=yes if these are the names of columns, header=no"},
		"names counted from 0, and said": {"csv:" + write(t, "a.csv", "0,1,2\n0,0,0\n0.5,-1,1\n") + ",header=yes", ""},
		"channels last":                  {"npz:" + npzFile(t, map[string]array{"x": images, "y": labels}), "look like images with their channels last: say layout=hwc"},
		"channels last, and said":        {"npz:" + npzFile(t, map[string]array{"x": images, "y": labels}) + ",layout=hwc,classes=3", ""},
		"Keras' names":                   {"npz:" + npzFile(t, map[string]array{"x_train": rows, "y_train": {[]int{6}, few}, "x_test": rows, "y_test": {[]int{6}, few}}), ""},
		"names of nobody":                {"npz:" + npzFile(t, map[string]array{"data": rows, "target": {[]int{6}, few}}), `there is no array x or x_train, only "`},
		"classes in a column":            {"npz:" + npzFile(t, map[string]array{"x": rows, "y": {[]int{6, 1}, few}}), ""},
	} {
		status, stdout, stderr := drift(t, "data", "inspect", c.file, "--json", "-")
		if ok := c.want == ""; ok != (status == statusDone) || !strings.Contains(stderr, c.want) || ok && !strings.Contains(stdout, `"classes": 3`) && !strings.Contains(stdout, `"classes": 2`) {
			t.Errorf("%s: status %d, %q, %q, want %q", name, status, stdout, stderr, c.want)
		}
	}
	network := write(t, "conv.json", `{"layers":[{"conv2d":{"out":4,"kernel":3,"padding":1}},"relu","globalavgpool",{"linear":{"out":3}}]}`)
	status, stdout, stderr := drift(t, "measure", "--model", network, "--json", "-", "--data", "npz:"+npzFile(t, map[string]array{"x": images, "y": labels})+",layout=hwc,classes=3")
	if status != statusDone || !strings.Contains(stdout, `"parameters": 127`) {
		t.Errorf("channels last: status %d, %q, %q", status, stdout, stderr)
	}
}
