package nn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"drift/graph/objective"
)

// Presets names the presets. All end in a linear layer with the outputs that the data need.
//
//	linear        one linear layer
//	mlp:256,256   linear layers of these widths
//	lenet         LeNet-5 (LeCun et al. 1998) with max pooling: conv 6 5×5, conv 16 5×5, dense 120, dense 84
//	cnn           conv 32 3×3, conv 64 3×3, each pooled by 2, dense 128
//	resnet20, resnet32, resnet56   ResNets for small images (He et al. 2015, §4.2), with 1×1 convolutions as shortcuts
//	resnet18, resnet34   those of §4.1 in basic blocks; images of up to 64×64 begin with a 3×3 convolution and no pooling
//	wrn16-4       wide ResNet (Zagoruyko, Komodakis 2016), its blocks with norm and activation first
//	vgg11         Simonyan, Zisserman 2015, configuration A; one linear layer behind images of up to 64×64
//	vit:4,6,3,192   vision transformer (Dosovitskiy et al. 2021) of patches of 4×4, 6 blocks, 3 heads and width 192, with norms
//	              first, learned positions, and the mean over positions in place of a class token
//	gpt:6,6,384   language model (Radford et al. 2019) of 6 blocks, 6 heads and width 384, with the data's number of
//	              positions, without biases outside norms, its scores from the table of its embedding
//
// PresetOptions says what may follow.
const Presets = "linear, mlp:WIDTH,WIDTH…, lenet, cnn, resnet20|32|56, resnet18|34, wrn16-4, vgg11, vit:PATCH,LAYERS,HEADS,WIDTH or gpt:LAYERS,HEADS,WIDTH"

// PresetOptions names the options of presets, which follow after commas, in lines that help shows. Linear and mlp begin with flatten
// where examples have more than one axis; it counts in the parameters' names.
const PresetOptions = `  act=NAME             relu|tanh|sigmoid|gelu|gelu_tanh|silu|softplus (relu; gelu in vit and gpt): all but linear
  norm=group|frozen    normalization by groups or by frozen statistics of batches (group): ResNets
  groups=N, width=N    groups of a normalization (8), channels of the first stage: ResNets
  stem=3|7             size of the first kernel, of itself 3 for images of up to 64×64 and else 7: resnet18, resnet34
  bias=on|off          biases outside norms (off): gpt
  std=S                standard deviation of initial weights (0.02, which suits GPT-2's width of 768; √(2/(5·WIDTH))
                       suits any width, as 0.056 for 128: Nguyen and Salazar 2019): gpt
  dropout=P            behind hidden linear layers; behind positions, every branch and in the attention of vit and
                       gpt (0): mlp, cnn, vit, gpt
  outputs=N            where a trained network tells more classes apart than the data have: all`

// preset is a network whose size follows from the data.
type preset struct {
	numbers string // an example of the list behind the colon; empty: it takes none
	options []string
	layers  func(p presetSpec) ([]Layer, error) // up to the last linear layer
}

var (
	onlyAct       = []string{"act"}
	withDropout   = []string{"act", "dropout"}
	resnetOptions = []string{"act", "norm", "groups", "width"}
	stemOptions   = append([]string{"stem"}, resnetOptions...)
)

var presets = map[string]preset{
	"linear":   {"", nil, presetSpec.dense},
	"mlp":      {"256,256", withDropout, presetSpec.dense},
	"lenet":    {"", onlyAct, presetSpec.lenet},
	"cnn":      {"", withDropout, presetSpec.cnn},
	"resnet20": {"", resnetOptions, func(p presetSpec) ([]Layer, error) { return p.smallResnet(3) }},
	"resnet32": {"", resnetOptions, func(p presetSpec) ([]Layer, error) { return p.smallResnet(5) }},
	"resnet56": {"", resnetOptions, func(p presetSpec) ([]Layer, error) { return p.smallResnet(9) }},
	"resnet18": {"", stemOptions, func(p presetSpec) ([]Layer, error) { return p.resnet(2, 2, 2, 2) }},
	"resnet34": {"", stemOptions, func(p presetSpec) ([]Layer, error) { return p.resnet(3, 4, 6, 3) }},
	"wrn16-4":  {"", resnetOptions, func(p presetSpec) ([]Layer, error) { return p.wideResnet(2, 4) }},
	"vgg11":    {"", onlyAct, presetSpec.vgg11},
	"vit":      {"4,6,3,192", withDropout, presetSpec.vit},
	"gpt":      {"6,6,384", []string{"act", "bias", "dropout", "std"}, presetSpec.gpt},
}

func isPreset(name string) bool { return presets[name].layers != nil }

func presetNames() []string { return slices.Sorted(maps.Keys(presets)) }

// presetSpec is a preset with its options, for data.
type presetSpec struct {
	name    string
	numbers []int
	act     Layer
	frozen  bool // normalisation by frozen statistics, not by groups
	groups  int
	width   int // 0: the preset's own
	stem    int // 0: that which suits the images
	bias    bool
	dropout float64
	std     float64 // of initial weights
	input   []int
	outputs int // 0: what the data need
}

// ErrNeedsData refuses a preset without data.
var ErrNeedsData = errors.New("a preset needs data that tell the input's shape and the outputs")

func parsePreset(spec string, input []int, outputs int, loss Loss) (*Model, error) {
	p, err := readPreset(spec)
	if err != nil {
		return nil, err
	}
	if len(input) == 0 || outputs < 1 {
		return nil, ErrNeedsData
	}
	if p.input = input; p.outputs == 0 {
		p.outputs = outputs
	}
	if _, classes := loss.(CrossEntropy); classes && p.outputs == 1 {
		return nil, errors.New("the data have one class, and cross_entropy tells classes apart: it takes at least 2")
	}
	layers, err := presets[p.name].layers(p)
	if err != nil {
		return nil, err
	}
	last := Linear{Out: p.outputs, Bias: true}
	if p.name == "gpt" {
		last = Linear{Out: p.outputs, Bias: p.bias, Weight: "0.weight", Std: p.std}
	}
	return New(objective.Input{Name: "input", Shape: input}, loss, append(layers, last)...)
}

func readPreset(spec string) (presetSpec, error) {
	name, list, hasList := strings.Cut(spec, ":")
	var words []string
	if words = strings.Split(name, ","); hasList {
		words = append(words, strings.Split(list, ",")...)
	}
	p := presetSpec{name: words[0], act: ReLU, groups: 8, std: 0.02}
	if p.name == "vit" || p.name == "gpt" {
		p.act = GELU
	}
	given := map[string]bool{}
	for _, word := range words[1:] {
		key, _, isOption := strings.Cut(word, "=")
		if isOption && given[key] {
			return p, fmt.Errorf("%s is given twice", key)
		}
		given[key] = true
		if err := p.option(word); err != nil {
			return p, err
		}
	}
	example := presets[p.name].numbers
	switch want := len(strings.Split(example, ",")); {
	case p.name == "mlp" && len(p.numbers) == 0:
		return p, fmt.Errorf("the widths are missing: write mlp:256,256")
	case p.name != "mlp" && example != "" && len(p.numbers) != want:
		return p, fmt.Errorf("it takes %d numbers: write %s:%s", want, p.name, example)
	}
	return p, nil
}

// option reads what stands between two commas.
func (p *presetSpec) option(word string) error {
	own := presets[p.name]
	key, value, ok := strings.Cut(word, "=")
	if !ok && own.numbers != "" {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%q is not a whole number: write %s:%s", word, p.name, own.numbers)
		}
		p.numbers = append(p.numbers, n)
		return nil
	}
	if !ok || key != "outputs" && !slices.Contains(own.options, key) {
		return fmt.Errorf("%s takes no option %q", p.name, word)
	}
	switch key {
	case "act":
		var known bool
		if p.act, known = activation(value); !known {
			return fmt.Errorf("unknown activation %q in act", value)
		}
	case "norm":
		return choose(key, value, map[string]bool{"group": false, "frozen": true}, &p.frozen)
	case "bias":
		return choose(key, value, map[string]bool{"off": false, "on": true}, &p.bias)
	case "stem":
		return choose(key, value, map[string]int{"3": 3, "7": 7}, &p.stem)
	case "dropout":
		var err error
		if p.dropout, err = strconv.ParseFloat(value, 64); err != nil {
			return fmt.Errorf("dropout=%s is not a number", value)
		}
		return probability("dropout", p.dropout)
	case "std":
		var err error
		if p.std, err = strconv.ParseFloat(value, 64); err != nil || !(p.std > 0 && p.std <= 1) {
			return fmt.Errorf("std=%s: it must be a number above 0 and at most 1, such as 0.02", value)
		}
	case "groups":
		return count(key, value, &p.groups)
	case "width":
		return count(key, value, &p.width)
	case "outputs":
		return count(key, value, &p.outputs)
	}
	return nil
}

func choose[T any](key, value string, choices map[string]T, to *T) error {
	chosen, ok := choices[value]
	if *to = chosen; !ok {
		return fmt.Errorf("%s=%s: choose from %s", key, value, strings.Join(slices.Sorted(maps.Keys(choices)), ", "))
	}
	return nil
}

func count(key, value string, to *int) (err error) {
	if *to, err = strconv.Atoi(value); err != nil {
		return fmt.Errorf("%s=%s is not a whole number", key, value)
	}
	return atLeastOne(key, *to)
}
