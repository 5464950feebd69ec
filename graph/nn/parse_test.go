package nn

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// known is the layers that a mistaken name is answered with.
func known() string { return strings.Join(slices.Sorted(maps.Keys(kinds.defaults)), ", ") }

// layers wraps a list in a description for examples [2,6,6].
func layers(list string) string {
	return `{"input":[2,6,6],"loss":"cross_entropy","layers":[` + list + `]}`
}

// TestBadSpecs holds the one line that each mistake in a spec gets.
func TestBadSpecs(t *testing.T) {
	deep := strings.Repeat(`{"residual":{"layers":[`, 9) + `"relu"` + strings.Repeat(`]}}`, 9)
	for spec, want := range map[string]string{
		"resnet99":                              "model resnet99: there is no such preset or file: did you mean resnet18? (choose " + Presets + ", or name a JSON file)",
		"unheardof":                             "model unheardof: there is no such preset or file: choose " + Presets + ", or name a JSON file",
		"missing.json":                          "model missing.json: no such file or directory",
		"mlp":                                   "model mlp: the widths are missing: write mlp:256,256",
		"mlp:0":                                 "model mlp:0: layer 1 (linear): out is 0: it must lie in 1 … 2147483647",
		"mlp:256,x":                             `model mlp:256,x: "x" is not a whole number: write mlp:256,256`,
		"mlp:99999999999999":                    "model mlp:99999999999999: layer 1 (linear): out is 99999999999999: it must lie in 1 … 2147483647",
		"mlp:2147483647":                        "model mlp:2147483647: layer 1 (linear): weight [2147483647,72]: more than 2147483647 elements",
		"mlp:40000,40000,20000":                 "model mlp:40000,40000,20000: layer 5 (linear): weight [20000,40000] brings the model to more than 2147483647 parameters",
		"mlp:8,act=swish":                       `model mlp:8,act=swish: unknown activation "swish" in act`,
		"linear,act=relu":                       `model linear,act=relu: linear takes no option "act=relu"`,
		"vit:2,1,2":                             "model vit:2,1,2: it takes 4 numbers: write vit:4,6,3,192",
		"vit:2,1000000000,1,8":                  "model vit:2,1000000000,1,8: 1000000000 blocks: it must lie in 1 … 166",
		"vit:0,1,1,8":                           "model vit:0,1,1,8: kernel is 0: it must lie in 1 … 2147483647",
		"vit:7,1,1,8":                           "model vit:7,1,1,8: a kernel of 7×7 does not fit into images of 6×6 with padding 0×0",
		"vit:4,1,1,8":                           "model vit:4,1,1,8: patches of 4×4 do not tile images of 6×6: pixels at the edge would be left out",
		"vit:2,1,3,8":                           "model vit:2,1,3,8: layer 3 (residual): layer 1 (attention): a width of 8 does not divide into 3 heads",
		"gpt:1,1,8":                             "model gpt:1,1,8: takes examples of tokens, of shape [positions], not [2,6,6]",
		"gpt:1,1,8,std=0":                       "model gpt:1,1,8,std=0: std=0: it must be a number above 0 and at most 1, such as 0.02",
		"gpt:1,1,8,std=NaN":                     "model gpt:1,1,8,std=NaN: std=NaN: it must be a number above 0 and at most 1, such as 0.02",
		"vit:2,1,1,8,std=0.1":                   `model vit:2,1,1,8,std=0.1: vit takes no option "std=0.1"`,
		"resnet20,norm=batch":                   "model resnet20,norm=batch: norm=batch: choose from frozen, group",
		"resnet20,width=0":                      "model resnet20,width=0: width is 0: it must lie in 1 … 2147483647",
		"resnet20,bias=on":                      `model resnet20,bias=on: resnet20 takes no option "bias=on"`,
		"lenet:7":                               `model lenet:7: lenet takes no option "7"`,
		"resnet20,groups=x":                     "model resnet20,groups=x: groups=x is not a whole number",
		"resnet20,groups=3":                     "model resnet20,groups=3: layer 1 (groupnorm): 16 channels do not divide into 3 groups",
		"lenet":                                 "model lenet: layer 3 (conv2d): a kernel of 5×5 does not fit into images of 3×3 with padding 0×0",
		`{`:                                     "model given as JSON: not JSON: unexpected end of JSON input",
		`{"layer":[]}`:                          `model given as JSON: unknown key "layer": the keys are input, loss, layers`,
		`{"layers":[]}`:                         "model given as JSON: there are no layers",
		`{"layers":{"relu":1}}`:                 `model given as JSON: want a list of layers, got "{\"relu\":1}"`,
		`{"loss":"hinge","layers":["flatten"]}`: `model given as JSON: unknown loss "hinge": choose from cross_entropy, mse`,
		`{"loss":"mse","layers":["flatten"]}`:   `model given as JSON: its loss is "mse" but the data take cross_entropy`,
		`{"input":[2,6],"layers":["flatten"]}`:  "model given as JSON: it takes examples of shape [2,6] but the data have shape [2,6,6]",
		`{"input":[6,6,2],"layers":["flatten",{"linear":{"out":10}}]}`:                        "model given as JSON: it takes examples of shape [6,6,2] but the data have shape [2,6,6]",
		`{"input":[],"layers":["flatten"]}`:                                                   "model given as JSON: it takes examples of shape [] but the data have shape [2,6,6]",
		`{"input":[2,0,6],"layers":["flatten"]}`:                                              "model given as JSON: input [2,0,6]: size 0 must be at least 1",
		`{"input":[2147483647,2],"layers":["flatten"]}`:                                       "model given as JSON: input [2147483647,2]: more than 2147483647 elements",
		`{"input":72.5,"layers":["flatten"]}`:                                                 "model given as JSON: input: want a list, got number",
		`{"layers":["flatten",{"linear":{"out":4}}]}`:                                         "model given as JSON: it has 4 outputs but the data have 10 classes",
		`{"layers":["flatten",{"linear":{"out":1}}]}`:                                         "model given as JSON: the layers end in 1 output but cross_entropy takes a score for each of at least 2 classes",
		layers(`{"linear":{"out":10}}`):                                                       "model given as JSON: the layers end in shape [2,6,10] but the data have one class an example: end with flatten and linear",
		layers(`"flatten","relu"`):                                                            "model given as JSON: its layers have no parameters: there is nothing to train or measure, add one that has some, as linear",
		`{"layers":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`:              "model given as JSON: its brackets lie too deep in each other",
		`{"loss":{"mse":{"power":3}},"layers":["flatten"]}`:                                   `model given as JSON: unknown key "power": the keys are none`,
		`{"input":{"shape":[72],"index":0},"layers":[]}`:                                      "model given as JSON: input: index is 0: it must lie in 1 … 2147483647",
		`{"loss":null,"layers":["flatten"]}`:                                                  "model given as JSON: loss: want a name, got null",
		`{"layers":["flatten"],"layers":["tanh"]}`:                                            `model given as JSON: "layers" is given twice`,
		layers(`{"linear":{"out":10,"out":5}}`):                                               `model given as JSON: layer 0 (linear): "out" is given twice`,
		layers(`{"linear":{"out":10},"linear":{"out":5}}`):                                    `model given as JSON: layer 0: want a name or an object with one key, as "relu" or {"linear": {"out": 10}}`,
		"mlp:3,act=tanh,act=relu":                                                             "model mlp:3,act=tanh,act=relu: act is given twice",
		"mlp:" + strings.Repeat("2,", 100) + "x":                                              "model mlp:" + strings.Repeat("2,", 48) + `…: "x" is not a whole number: write mlp:256,256`,
		`{"input":null,"layers":["flatten"]}`:                                                 "model given as JSON: input: want a list of sizes, got null",
		layers(`"relu","spectralnorm"`):                                                       `model given as JSON: layer 1: unknown layer "spectralnorm": choose from ` + known(),
		layers(`"relu","batchnorm"`):                                                          `model given as JSON: layer 1: "batchnorm" is refused: it couples the examples of a batch, which then have no gradients of their own; use groupnorm, or batchnorm2d with frozen statistics`,
		layers(`{"batch_norm2d":{"eps":1}}`):                                                  `model given as JSON: layer 0: "batch_norm2d" is refused: it couples the examples of a batch, which then have no gradients of their own; use groupnorm, or batchnorm2d with frozen statistics`,
		layers(`5`):                                                                           `model given as JSON: layer 0: want a name or an object with one key, as "relu" or {"linear": {"out": 10}}`,
		layers(`{"relu":{},"tanh":{}}`):                                                       `model given as JSON: layer 0: want a name or an object with one key, as "relu" or {"linear": {"out": 10}}`,
		layers(`{"relu":{"slope":1}}`):                                                        `model given as JSON: layer 0 (relu): unknown key "slope": the keys are none`,
		layers(`{"linear":{"z":1,"y":1,"x":1,"w":1}}`):                                        `model given as JSON: layer 0 (linear): unknown key "w": the keys are out, bias, weight, std`,
		layers(`{"linear":{"Out":10}}`):                                                       `model given as JSON: layer 0 (linear): unknown key "Out": the keys are out, bias, weight, std`,
		layers(`{"linear":10}`):                                                               `model given as JSON: layer 0 (linear): want an object, got "10"`,
		layers(`{"linear":{"out":"10"}}`):                                                     "model given as JSON: layer 0 (linear): out: want a whole number, got string",
		layers(`{"linear":{"out":1e30}}`):                                                     "model given as JSON: layer 0 (linear): out: want a whole number, got number 1e30",
		layers(`{"linear":{"out":3,"bias":1}}`):                                               "model given as JSON: layer 0 (linear): bias: want true or false, got number",
		layers(`"linear"`):                                                                    "model given as JSON: layer 0 (linear): out is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":0}}`):                                             "model given as JSON: layer 0 (conv2d): kernel is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":[3]}}`):                                           `model given as JSON: layer 0 (conv2d): kernel: want a whole number or a pair of them, got "[3]"`,
		layers(`{"conv2d":{"out":3,"kernel":7}}`):                                             "model given as JSON: layer 0 (conv2d): a kernel of 7×7 does not fit into images of 6×6 with padding 0×0",
		layers(`{"conv2d":{"out":3,"kernel":3,"stride":0}}`):                                  "model given as JSON: layer 0 (conv2d): stride is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":3,"padding":-1}}`):                                "model given as JSON: layer 0 (conv2d): padding is -1: it must lie in 0 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":1,"padding":2000000000}}`):                        "model given as JSON: layer 0 (conv2d): more than 2147483647 elements",
		layers(`{"conv2d":{"out":3,"kernel":3,"dilations":2}}`):                               `model given as JSON: layer 0 (conv2d): unknown key "dilations": the keys are out, kernel, stride, padding, dilation, groups, bias`,
		layers(`{"conv2d":{"out":3,"kernel":3,"dilation":3}}`):                                "model given as JSON: layer 0 (conv2d): a kernel of 3×3 dilated by 3×3 does not fit into images of 6×6 with padding 0×0",
		layers(`{"conv2d":{"out":3,"kernel":3,"dilation":0}}`):                                "model given as JSON: layer 0 (conv2d): dilation is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":3,"dilation":[0,1]}}`):                            "model given as JSON: layer 0 (conv2d): dilation is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":3,"groups":0}}`):                                  "model given as JSON: layer 0 (conv2d): groups is 0: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":3,"dilation":-1}}`):                               "model given as JSON: layer 0 (conv2d): dilation is -1: it must lie in 1 … 2147483647",
		layers(`{"conv2d":{"out":3,"kernel":3,"groups":2}}`):                                  "model given as JSON: layer 0 (conv2d): 2 channels and out 3 do not both divide into 2 groups",
		layers(`{"conv2d":{"out":3,"kernel":3,"groups":-2}}`):                                 "model given as JSON: layer 0 (conv2d): groups is -2: it must lie in 1 … 2147483647",
		layers(`"flatten",{"conv2d":{"out":3,"kernel":3}}`):                                   "model given as JSON: layer 1 (conv2d): takes examples of shape [channels,height,width], not [72]",
		layers(`"flatten","globalavgpool"`):                                                   "model given as JSON: layer 1 (globalavgpool): takes examples of shape [channels,height,width], not [72]",
		layers(`{"maxpool2d":{"kernel":2,"stride":0}}`):                                       "model given as JSON: layer 0 (maxpool2d): stride is 0: it must lie in 1 … 2147483647",
		layers(`{"avgpool2d":{"kernel":2,"padding":2}}`):                                      "model given as JSON: layer 0 (avgpool2d): padding 2×2 is more than half the kernel of 2×2",
		layers(`"groupnorm"`):                                                                 "model given as JSON: layer 0 (groupnorm): groups is 0: it must lie in 1 … 2147483647",
		layers(`"globalavgpool",{"groupnorm":{"groups":2}}`):                                  "model given as JSON: layer 1 (groupnorm): each of 2 groups has only 1 value, which would always become 0: use fewer groups",
		layers(`{"groupnorm":{"groups":2,"eps":0}}`):                                          "model given as JSON: layer 0 (groupnorm): eps is 0: it must be positive",
		layers(`{"layernorm":{"shape":[2,6]}}`):                                               "model given as JSON: layer 0 (layernorm): shape [2,6] is not how examples of shape [2,6,6] end",
		layers(`"residual"`):                                                                  "model given as JSON: layer 0 (residual): there are no layers in the block",
		layers(`{"residual":{"layers":["flatten"]}}`):                                         "model given as JSON: layer 0 (residual): the block ends in shape [72] but its shortcut in [2,6,6]: they are added, so they must agree",
		layers(`"relu",{"residual":{"layers":["relu",{"linear":{}}]}}`):                       "model given as JSON: layer 1 (residual): layer 1 (linear): out is 0: it must lie in 1 … 2147483647",
		layers(`{"residual":{"layers":["relu"],"shortcut":["relu","nothing"]}}`):              `model given as JSON: layer 0 (residual): shortcut: layer 1: unknown layer "nothing": choose from ` + known(),
		layers(strings.Repeat(`"relu",`, 1000) + `"flatten"`):                                 "model given as JSON: there are more than 1000 layers",
		layers(`{"batchnorm2d":{"eps":1e-3}}`):                                                `model given as JSON: layer 0 (batchnorm2d): statistics of the batch couple its examples, which then have no gradients of their own: use groupnorm, or "statistics": "frozen"`,
		layers(`{"softplus":{"beta":0}}`):                                                     "model given as JSON: layer 0 (softplus): beta must be positive",
		layers(`{"rmsnorm":{"eps":-1}}`):                                                      "model given as JSON: layer 0 (rmsnorm): eps is -1: it must be positive",
		layers(`"flatten","tokens"`):                                                          "model given as JSON: layer 1 (tokens): takes examples of shape [channels,height,width], not [72]",
		layers(`"meanpool"`):                                                                  "model given as JSON: layer 0 (meanpool): takes examples of shape [positions,width], not [2,6,6]",
		layers(`"concat"`):                                                                    "model given as JSON: layer 0 (concat): there are no branches",
		layers(`{"concat":{"branches":[[],["flatten"]]}}`):                                    "model given as JSON: layer 0 (concat): branch 1 ends in shape [72], those before it in [2,6,6]: they may differ along axis 0 alone",
		layers(`{"concat":{"branches":[[],[{"linear":{}}]]}}`):                                "model given as JSON: layer 0 (concat): branch 1: layer 0 (linear): out is 0: it must lie in 1 … 2147483647",
		layers(`{"concat":{"branches":[[],["nothing"]]}}`):                                    "model given as JSON: layer 0 (concat): branches: layer 0: unknown layer \"nothing\": choose from " + known(),
		layers(`"relu",{"embedding":{"tokens":9,"width":2}}`):                                 "model given as JSON: layer 1 (embedding): it takes ids, and so must come first",
		layers(`"tokens",{"positions":{"length":35}}`):                                        "model given as JSON: layer 1 (positions): length is 35 but examples have 36 positions",
		layers(`"tokens",{"attention":{"heads":3}}`):                                          "model given as JSON: layer 1 (attention): a width of 2 does not divide into 3 heads",
		layers(`"flatten",{"linear":{"out":10,"weight":"0.weight"}}`):                         `model given as JSON: layer 1 (linear): weight shares "0.weight", which no layer before it has`,
		`{"input":{"shape":[72],"index":20},"layers":[{"embedding":{"tokens":9,"width":2}}]}`: "model given as JSON: layer 0 (embedding): it knows 9 tokens but the input has ids up to 19",
		layers(deep): "model given as JSON: " + strings.Repeat("layer 0 (residual): ", 9) + "residual blocks lie more than 8 deep in each other",
	} {
		_, err := Parse(spec, []int{2, 6, 6}, 10, CrossEntropy{})
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", spec, err, want)
		}
	}
}

// TestShapes says where each layer takes an example of shape [2,6,6], by the shape that a layernorm over all axes accepts behind it.
func TestShapes(t *testing.T) {
	for list, want := range map[string]string{
		`{"linear":{"out":5}}`:                                       "[2,6,5]",
		`{"conv2d":{"out":5,"kernel":3}}`:                            "[5,4,4]",
		`{"conv2d":{"out":5,"kernel":3,"padding":1}}`:                "[5,6,6]",
		`{"conv2d":{"out":5,"kernel":[3,1],"stride":[2,4]}}`:         "[5,2,2]",
		`{"conv2d":{"out":5,"kernel":2,"stride":5}}`:                 "[5,1,1]",
		`{"maxpool2d":{"kernel":2}}`:                                 "[2,3,3]",
		`{"maxpool2d":{"kernel":4}}`:                                 "[2,1,1]",
		`{"maxpool2d":{"kernel":3,"stride":1,"padding":1}}`:          "[2,6,6]",
		`{"avgpool2d":{"kernel":[3,2],"stride":[1,2]}}`:              "[2,4,3]",
		`"globalavgpool"`:                                            "[2]",
		`"flatten"`:                                                  "[72]",
		`{"relu":{}}`:                                                "[2,6,6]",
		`{"groupnorm":{"groups":2}}`:                                 "[2,6,6]",
		`{"layernorm":{"shape":[6,6]}}`:                              "[2,6,6]",
		`{"residual":{"layers":["tanh"]}}`:                           "[2,6,6]",
		`{"residual":{"layers":["flatten"],"shortcut":["flatten"]}}`: "[72]",
		`"tokens"`:            "[36,2]",
		`"tokens","meanpool"`: "[2]",
		`"rmsnorm"`:           "[2,6,6]",
		`"gelu_tanh"`:         "[2,6,6]",
		`{"batchnorm2d":{"statistics":"frozen"}}`:                            "[2,6,6]",
		`{"concat":{"branches":[[],["relu"]]}}`:                              "[4,6,6]",
		`"tokens",{"concat":{"branches":[[{"linear":{"out":5}}],["relu"]]}}`: "[36,7]",
		`"tokens",{"positions":{"length":40}},{"attention":{"heads":2}}`:     "[36,2]",
		`{"embedding":{"tokens":9,"width":7}}`:                               "[2,6,6,7]",
	} {
		spec := layers(list + `,{"layernorm":{"shape":` + want + `}},"flatten",{"linear":{"out":2}}`)
		if _, err := Parse(spec, nil, 0, nil); err != nil {
			t.Errorf("%s → %s: %v", list, want, err)
		}
	}
}

func TestPresetsHaveTheirKnownSizes(t *testing.T) {
	for _, c := range []struct {
		spec             string
		input            []int
		params, products int
	}{
		{"linear", []int{1, 28, 28}, 7850, 7840},
		{"mlp:256,256", []int{1, 28, 28}, 269322, 784*256 + 256*256 + 2560},
		{"mlp:256,act=tanh", []int{784}, 203530, 784*256 + 2560},
		{"lenet,act=tanh", []int{1, 28, 28}, 61706, 28*28*6*25 + 10*10*16*150 + 400*120 + 120*84 + 840},
		{"cnn", []int{1, 28, 28}, 421642, 28*28*32*9 + 14*14*64*288 + 3136*128 + 1280},
		{"resnet20", []int{3, 32, 32}, 272474, 40551040 + 2*131072}, // 0.27 M and 41 M, as He et al. report; two projections
		{"resnet32", []int{3, 32, 32}, 466906, 68862592 + 2*131072},
		{"resnet56", []int{3, 32, 32}, 855770, 125485696 + 2*131072},
		{"wrn16-4", []int{3, 32, 32}, 2748890, 392612352}, // 2.7 M, as Zagoruyko and Komodakis report
		{"vgg11", []int{3, 32, 32}, 9225610, 152769536},
		{"vit:4,6,3,192", []int{3, 32, 32}, 2693194, 6*(64*12*192*192+2*64*64*192) + 64*192*48 + 1920},
		{"gpt:6,6,384", []int{256}, (10+256)*384 + 6*(4*384+12*384*384) + 2*384, 6*(256*12*384*384+2*256*256*384) + 256*384*10},
		{"resnet20,groups=4,act=silu", []int{3, 32, 32}, 272474, 40551040 + 2*131072},
	} {
		m, err := Parse(c.spec, c.input, 10, CrossEntropy{})
		if err != nil || m.NumParams() != c.params || m.Products() != c.products || m.Target().Index != 10 {
			t.Errorf("%s: %d parameters and %d products, want %d and %d (%v)", c.spec, m.NumParams(), m.Products(), c.params, c.products, err)
		}
	}
}

// TestPresetsOnPhotographs: with frozen norms and 1,000 classes these have as many parameters and products as torchvision's.
func TestPresetsOnPhotographs(t *testing.T) {
	for spec, want := range map[string][2]int{
		"resnet18,norm=frozen": {11689512, 1814073344}, "resnet34,norm=frozen": {21797672, 3663761408}, "vgg11": {132863336, 7609090048},
	} {
		if m := parsed(t, spec, []int{3, 224, 224}, 1000, CrossEntropy{}); m.NumParams() != want[0] || m.Products() != want[1] {
			t.Errorf("%s: %d parameters and %d products, want %v", spec, m.NumParams(), m.Products(), want)
		}
	}
}

// TestDescriptionRoundTrips: what a run stores makes the same model again.
func TestDescriptionRoundTrips(t *testing.T) {
	specs := []string{"linear", "mlp:16,8,act=gelu", "lenet,act=sigmoid", "resnet20", "vit:7,2,2,8", "wrn16-4,norm=frozen"}
	specs = append(specs, `{"layers":[{"conv2d":{"out":3,"kernel":[3,2],"bias":false}},{"maxpool2d":{"kernel":2,"stride":[1,3]}},
		{"layernorm":{"shape":[25,9],"eps":1e-3,"affine":false}},"softplus","flatten",{"linear":{"out":10}}]}`)
	for _, spec := range specs {
		m := parsed(t, spec, []int{1, 28, 28}, 10, CrossEntropy{})
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(string(text), m.Input.Shape, m.Target().Index, m.Loss)
		if err != nil || !reflect.DeepEqual(m.Layers, again.Layers) || !slices.Equal(m.Init(1), again.Init(1)) {
			t.Errorf("%s\nbecame %s\n%v", spec, text, err)
		}
	}
}

func TestParseReadsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.json")
	if err := os.WriteFile(path, []byte(`{"layers": ["flatten", {"linear": {"out": 12}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := Parse(path, []int{2, 3}, 10, CrossEntropy{})
	if err != nil || m.NumParams() != 84 {
		t.Errorf("%+v, %v", m, err)
	}
	const marked = "\ufeff" + `{"layers": ["flatten", {"linear": {"out": 12}}]}` // as Windows editors write it
	if err := os.WriteFile(path, []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{path, marked} {
		if m, err = Parse(spec, []int{2, 3}, 10, CrossEntropy{}); err != nil || m.NumParams() != 84 {
			t.Errorf("with a byte order mark: %v", err)
		}
	}
	if err := os.WriteFile(path, make([]byte, maxDescription+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Parse(path, []int{2, 3}, 10, CrossEntropy{}); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Error(err)
	}
	if _, err = Parse("linear", []int{2, 3}, 1, CrossEntropy{}); err == nil || !strings.Contains(err.Error(), "the data have one class") {
		t.Error(err)
	}
	if _, err = Parse("linear,outputs=2", []int{2, 3}, 1, CrossEntropy{}); err != nil {
		t.Error(err)
	}
}

// TestFlatExamplesTakeShape: rows of a table serve as images, and images as rows.
func TestFlatExamplesTakeShape(t *testing.T) {
	const net = `{"input":[1,6,6],"layers":[{"conv2d":{"out":2,"kernel":3}},"flatten",{"linear":{"out":3}}]}`
	if _, err := Parse(net, []int{36}, 3, CrossEntropy{}); err != nil {
		t.Error(err)
	}
	if _, err := Parse(`{"input":[6,6],"layers":["flatten",{"linear":{"out":3}}]}`, []int{1, 6, 6}, 3, CrossEntropy{}); err != nil {
		t.Error(err) // matrices are read as images of one channel
	}
	if _, err := Parse(`{"input":[36],"layers":[{"linear":{"out":3}}]}`, []int{1, 6, 6}, 3, CrossEntropy{}); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("3,4,act=tanh")
	f.Add(layers(`{"conv2d":{"out":3,"kernel":[3,2],"stride":1,"padding":1}},{"residual":{"layers":["relu"]}},"flatten"`))
	f.Add(layers(`{"groupnorm":{"groups":1,"eps":1e-3}},{"layernorm":{"shape":[6]}},{"maxpool2d":{"kernel":2}},"flatten"`))
	f.Fuzz(func(t *testing.T, spec string) {
		if !strings.HasPrefix(spec, "{") {
			spec = "mlp:" + strconv.Quote(spec) // files are not to be opened at random
		}
		m, err := Parse(spec, []int{2, 6, 6}, 0, CrossEntropy{})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q is not one line", err)
			}
			return
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(string(text), nil, 0, nil); err != nil || again.NumParams() != m.NumParams() {
			t.Errorf("%s: %v", text, err)
		}
	})
}
