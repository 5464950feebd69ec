package nn

import (
	"fmt"
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
//	resnet20      ResNet-20 for small images (He et al. 2015, §4.2) with group normalisation and 1×1 convolutions as shortcuts
//
// Options follow after commas: act=relu|tanh|sigmoid|gelu|silu|softplus (relu) for all but linear, groups=N (8) for resnet20.
// Linear and mlp begin with flatten where examples have more than one axis; it counts in the parameters' names.
const Presets = "linear, mlp:WIDTH,WIDTH…, lenet, cnn or resnet20"

func isPreset(name string) bool {
	return slices.Contains([]string{"linear", "mlp", "lenet", "cnn", "resnet20"}, name)
}

// presetSpec is a preset's name with its options.
type presetSpec struct {
	name   string
	widths []int
	act    Activation
	groups int
}

func parsePreset(spec string, input []int, outputs int, loss Loss) (*Model, error) {
	p, err := readPreset(spec)
	if err != nil {
		return nil, err
	}
	if len(input) == 0 || outputs < 1 {
		return nil, fmt.Errorf("a preset needs data that tell the input's shape and the outputs")
	}
	var layers []Layer
	switch p.name {
	case "linear", "mlp":
		layers = p.dense(len(input) > 1)
	case "lenet":
		layers = p.lenet()
	case "cnn":
		layers = p.cnn()
	case "resnet20":
		layers = p.resnet(3)
	}
	return New(objective.Input{Name: "input", Shape: input}, loss, append(layers, Linear{Out: outputs, Bias: true})...)
}

func readPreset(spec string) (presetSpec, error) {
	name, list, hasList := strings.Cut(spec, ":")
	p := presetSpec{act: ReLU, groups: 8}
	var words []string
	if words = strings.Split(name, ","); hasList {
		words = append(words, strings.Split(list, ",")...)
	}
	p.name = words[0]
	for _, word := range words[1:] {
		if err := p.option(word); err != nil {
			return p, err
		}
	}
	if p.name == "mlp" && len(p.widths) == 0 {
		return p, fmt.Errorf("the widths are missing: write mlp:256,256")
	}
	return p, nil
}

func (p *presetSpec) option(word string) error {
	key, value, ok := strings.Cut(word, "=")
	n, err := strconv.Atoi(value)
	switch {
	case !ok && p.name == "mlp":
		if n, err = strconv.Atoi(word); err != nil {
			return fmt.Errorf("%q is not a width", word)
		}
		p.widths = append(p.widths, n)
	case ok && key == "act" && p.name != "linear":
		if p.act = (Activation{value}); activations[p.act] == nil {
			return fmt.Errorf("unknown activation %q in act", value)
		}
	case ok && key == "groups" && p.name == "resnet20":
		if p.groups = n; err != nil {
			return fmt.Errorf("groups=%s is not a whole number", value)
		}
	default:
		return fmt.Errorf("%s takes no option %q", p.name, word)
	}
	return nil
}

func (p presetSpec) dense(flat bool) (layers []Layer) {
	if flat {
		layers = append(layers, Flatten{})
	}
	for _, w := range p.widths {
		layers = append(layers, Linear{Out: w, Bias: true}, p.act)
	}
	return layers
}

// convolution is a layer with square kernels that keeps the size of the image when its stride is 1 and padding allows.
func convolution(out, kernel, stride, padding int, bias bool) Conv2D {
	return Conv2D{Out: out, Kernel: Pair{kernel, kernel}, Stride: Pair{stride, stride}, Padding: Pair{padding, padding}, Bias: bias}
}

func maxPool(kernel int) MaxPool2D { return MaxPool2D{Kernel: Pair{kernel, kernel}} }

func (p presetSpec) lenet() []Layer {
	return []Layer{
		convolution(6, 5, 1, 2, true), p.act, maxPool(2),
		convolution(16, 5, 1, 0, true), p.act, maxPool(2),
		Flatten{}, Linear{Out: 120, Bias: true}, p.act, Linear{Out: 84, Bias: true}, p.act,
	}
}

func (p presetSpec) cnn() []Layer {
	return []Layer{
		convolution(32, 3, 1, 1, true), p.act, maxPool(2),
		convolution(64, 3, 1, 1, true), p.act, maxPool(2),
		Flatten{}, Linear{Out: 128, Bias: true}, p.act,
	}
}

// resnet has three stages of so many blocks with 16, 32 and 64 channels; the second and third start by halving the image.
func (p presetSpec) resnet(blocks int) []Layer {
	norm := GroupNorm{Groups: p.groups, Eps: 1e-5, Affine: true}
	layers := []Layer{convolution(16, 3, 1, 1, false), norm, p.act}
	for stage, channels := range []int{16, 32, 64} {
		for block := range blocks {
			r, stride := Residual{}, 1
			if stage > 0 && block == 0 {
				stride = 2
				r.Shortcut = []Layer{convolution(channels, 1, 2, 0, false), norm}
			}
			r.Layers = []Layer{convolution(channels, 3, stride, 1, false), norm, p.act, convolution(channels, 3, 1, 1, false), norm}
			layers = append(layers, r, p.act)
		}
	}
	return append(layers, GlobalAvgPool{})
}
