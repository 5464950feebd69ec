package onnx_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/graph"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/onnx"
	"drift/kernels"
)

// written is a network that is written as ONNX: a spec for examples of a shape and a number of classes, of tokens where tokens is above 0.
type written struct {
	name, spec string
	shape      []int
	classes    int
	tokens     int
}

// writtens has every preset and every layer.
var writtens = []written{
	{"linear", "linear", []int{1, 4, 4}, 3, 0},
	{"mlp", "mlp:7,5,act=softplus", []int{6}, 3, 0},
	{"lenet", "lenet", []int{1, 28, 28}, 10, 0},
	{"cnn", "cnn,act=gelu_tanh,dropout=0.1", []int{3, 8, 8}, 4, 0},
	{"resnet20", "resnet20,width=4,groups=2", []int{3, 8, 8}, 4, 0},
	{"resnet32", "resnet32,width=2,groups=2,act=silu", []int{1, 8, 8}, 4, 0},
	{"resnet56", "resnet56,width=2,groups=1", []int{1, 8, 8}, 4, 0},
	{"resnet18", "resnet18,norm=frozen,width=4,stem=7", []int{3, 33, 35}, 5, 0},
	{"resnet34", "resnet34,width=4,groups=2", []int{3, 16, 16}, 5, 0},
	{"wrn16-4", "wrn16-4,width=2,groups=2,act=gelu", []int{3, 8, 8}, 4, 0},
	{"vgg11", "vgg11", []int{3, 32, 32}, 10, 0},
	{"vit", "vit:4,2,2,8", []int{3, 8, 12}, 4, 0},
	{"gpt", "gpt:2,2,8", []int{6}, 11, 11},
	{"gpt with biases", "gpt:1,4,8,bias=on,dropout=0.1", []int{1}, 5, 5},
	{"pools", `{"input":[2,9,11],"loss":"cross_entropy","layers":[
		{"conv2d":{"out":4,"kernel":[3,2],"stride":[1,2],"padding":[2,1],"dilation":[2,1],"groups":2}},"tanh",
		{"avgpool2d":{"kernel":[3,2],"stride":[2,1],"padding":1}},{"maxpool2d":{"kernel":2,"stride":1,"padding":[1,0]}},
		{"groupnorm":{"groups":2,"affine":false,"eps":0.01}},{"batchnorm2d":{"statistics":"frozen","eps":0.001}},"sigmoid",
		{"concat":{"branches":[[],[{"conv2d":{"out":3,"kernel":1,"bias":false}},"relu"],[{"maxpool2d":{"kernel":3,"stride":1,"padding":1}}]]}},
		{"residual":{"layers":[{"conv2d":{"out":5,"kernel":3,"padding":1}},"relu"],"shortcut":[{"conv2d":{"out":5,"kernel":1}}]}},
		"globalavgpool",{"linear":{"out":3}}]}`, []int{2, 9, 11}, 3, 0},
	{"rows", `{"input":[2,3,4],"loss":"cross_entropy","layers":[
		"tokens",{"linear":{"out":6,"bias":false}},{"positions":{"length":15}},"rmsnorm",{"layernorm":{"shape":[12,6]}},
		{"residual":{"layers":[{"layernorm":{"affine":false}},{"attention":{"heads":3}},{"dropout":{"p":0.2}}]}},
		{"groupnorm":{"groups":4}},{"concat":{"branches":[[{"linear":{"out":2}},"gelu"],["silu"]]}},{"softplus":{"beta":3}},
		"gelu_tanh","meanpool","flatten",{"linear":{"out":3,"bias":false}}]}`, []int{2, 3, 4}, 3, 0},
	{"shared", `{"input":{"shape":[5],"index":7},"loss":"cross_entropy","layers":[
		{"embedding":{"tokens":7,"width":4}},{"attention":{"heads":2,"causal":true,"bias":false}},{"linear":{"out":7,"weight":"0.weight"}}]}`, []int{5}, 7, 7},
}

func (w written) model(t testing.TB) *nn.Model {
	t.Helper()
	m, err := nn.Parse(strings.Join(strings.Fields(w.spec), ""), w.shape, w.classes, nn.CrossEntropy{})
	must(t, err)
	return m
}

// uniform is numbers between −1 and 1 that are the same on every processor: the upper bits of a product modulo 2³².
func uniform(i int) float64 { return float64(int32(uint32(i+1)*2654435769)>>8) / (1 << 23) }

// values are numbers for a model's tensors that float32 holds.
func values(m *nn.Model) []float64 {
	all := objective.Tensors(m)
	values := make([]float64, objective.NumParams(all))
	for _, p := range all {
		for i := range p.Len {
			v := uniform(p.Offset + i)
			switch {
			case len(p.Shape) > 1:
				v /= math.Sqrt(float64(p.Len / p.Shape[0]))
			case strings.HasSuffix(p.Name, "weight"), strings.HasSuffix(p.Name, "running_var"):
				v = 1 + v/2
			default:
				v /= 4
			}
			values[p.Offset+i] = float64(float32(v))
		}
	}
	return values
}

// examples are a few for a model, with the outputs that it has for them by its values.
func (w written) examples() expected {
	e := expected{Shape: append([]int{3}, w.shape...)}
	for i := range 3 * (objective.Input{Shape: w.shape}).Size() {
		x := uniform(i)
		if w.tokens > 0 {
			x = float64((i*i + i/3) % w.tokens)
		}
		e.X = append(e.X, float64(float32(x)))
	}
	return e
}

// outputs are those of a model by other values than its first.
func outputs(t testing.TB, m *nn.Model, dt kernels.DType, e expected, values []float64) []float64 {
	t.Helper()
	b := build(t, m, dt, e, 0, 1, 2)
	b.set(m, values)
	return b.evaluate(t, b.output)[0]
}

// set gives leaves of parameters and buffers other values.
func (b built) set(m *nn.Model, values []float64) {
	for i, p := range objective.Tensors(m) {
		b.values[append(slices.Clone(b.params), b.buffers...)[i]] = values[p.Offset : p.Offset+p.Len]
	}
}

// A network that is written and read again computes the same, with parameters under the same names, and has the same tr Σ.
func TestLayersComeBackTheSame(t *testing.T) {
	covered := map[string]bool{}
	for _, w := range writtens {
		t.Run(w.name, func(t *testing.T) {
			m, e := w.model(t), w.examples()
			for _, l := range m.Lines() {
				covered[l.Layer] = true
			}
			theta := values(m)
			var file bytes.Buffer
			must(t, onnx.Write(&file, m, kernels.Float64, theta))
			again, err := onnx.Decode(file.Bytes(), w.shape, nn.CrossEntropy{})
			must(t, err)
			same := objective.Draw(again, 1)
			tol := 1e-12
			if strings.Contains(fmt.Sprint(m.Lines()), "norm") {
				tol = 1e-8 // their ε is a float32 in a file
			}
			near(t, "outputs", outputs(t, again, kernels.Float64, e, same), outputs(t, m, kernels.Float64, e, theta), tol)
			have := map[string][]float64{}
			for _, p := range objective.Tensors(again) {
				have[p.Name] = same[p.Offset : p.Offset+p.Len]
			}
			for _, p := range objective.Tensors(m) {
				if !slices.Equal(have[p.Name], theta[p.Offset:p.Offset+p.Len]) {
					t.Errorf("%s has other values", p.Name)
				}
			}
			if len(have) != len(objective.Tensors(m)) {
				t.Errorf("%d tensors, want %d", len(have), len(objective.Tensors(m)))
			}
			if m.NumParams() < 1e4 {
				near(t, "tr Σ", trace(t, again, e, same), trace(t, m, e, theta), 10*tol)
			}
		})
	}
	for _, kind := range nn.Kinds() {
		if !covered[kind] {
			t.Errorf("no network has the layer %s", kind)
		}
	}
}

func trace(t testing.TB, m *nn.Model, e expected, values []float64) (all []float64) {
	t.Helper()
	b := build(t, m, kernels.Float64, e, 0, 1, 2)
	b.set(m, values)
	must(t, graph.Try(func() {
		all = b.evaluate(t, graph.NewCovariance(graph.NewPerExample(b.loss, b.params)).Trace())[0]
	}))
	return all
}

// ran is what onnxruntime computed from a file of the given checksum.
type ran struct {
	SHA256  string
	Outputs []float64
}

var writeTo = flag.String("written", "", "folder for the networks that testdata/written.py runs by onnxruntime")

// onnxruntime computes from the files what drift does from the layers, in float32. testdata/written.py has recorded its outputs with the
// checksums of the files.
func TestONNXRuntimeAgreesOnLayers(t *testing.T) {
	recorded := map[string]ran{}
	text, err := os.ReadFile("testdata/written.json")
	must(t, err)
	must(t, json.Unmarshal(text, &recorded))
	for _, w := range writtens {
		t.Run(w.name, func(t *testing.T) {
			m, e := w.model(t), w.examples()
			var file bytes.Buffer
			theta := values(m)
			must(t, onnx.Write(&file, m, kernels.Float32, theta))
			if *writeTo != "" {
				must(t, os.WriteFile(filepath.Join(*writeTo, w.name+".onnx"), file.Bytes(), 0o600))
				example, err := json.Marshal(e)
				must(t, err)
				must(t, os.WriteFile(filepath.Join(*writeTo, w.name+".json"), example, 0o600))
			}
			r := recorded[w.name]
			if sum := fmt.Sprintf("%x", sha256.Sum256(file.Bytes())); sum != r.SHA256 {
				t.Fatalf("onnxruntime has run another file than is written now: run testdata/written.py")
			}
			allowed := 1e-5
			if w.name == "resnet34" { // another order of sums, that of a GPU, moves what comes out of 34 layers by 1.4e-5
				allowed = 3e-5
			}
			near(t, "outputs", outputs(t, m, kernels.Float32, e, theta), r.Outputs, allowed)
		})
	}
}

// own is a layer that only its program knows.
type own struct{ nn.Flatten }

// What ONNX has no form for is refused by its place and name, and numbers that would become infinite by that of their tensor.
func TestWritingIsRefused(t *testing.T) {
	outside, err := nn.New(objective.Input{Shape: []int{4}}, nn.CrossEntropy{}, nn.Linear{Out: 3}, nn.Residual{Layers: nn.Layers{nn.ReLU, own{}}}, nn.Linear{Out: 2})
	must(t, err)
	plain, err := nn.Parse("linear", []int{2}, 2, nn.CrossEntropy{})
	must(t, err)
	large := make([]float64, plain.NumParams())
	large[3] = 1e300
	for want, write := range map[string]func() error{
		"layer 1.1 (onnx_test.own): it has no form in ONNX": func() error {
			return onnx.Write(&bytes.Buffer{}, outside, kernels.Float32, make([]float64, outside.NumParams()))
		},
		`tensor "0.weight" holds 1e+300, which is too large for numbers of type float`: func() error {
			return onnx.Write(&bytes.Buffer{}, plain, kernels.Float32, large)
		},
		"5 values for the 6": func() error { return onnx.Write(&bytes.Buffer{}, plain, kernels.Float32, large[:5]) },
	} {
		if err := write(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
