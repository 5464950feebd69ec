package nn

import (
	"fmt"
	"slices"
	"strings"

	"drift/data/sizes"
	"drift/graph"
	"drift/graph/objective"
)

// Model is a network with a loss: a function of one example and of the flat vector of parameters.
type Model struct {
	Input  objective.Input
	Loss   Loss
	Layers Layers

	whole            string // the spec of a network that is one layer, "" for others
	target           objective.Input
	params, buffers  []objective.Param
	index            map[string]int // of parameters by the full names that layers have for them; −1−index of buffers
	size             int            // of the flat vector
	products, layers int
	lines            []Line
}

var (
	_ objective.Model    = (*Model)(nil)
	_ objective.Scorer   = (*Model)(nil)
	_ objective.Buffered = (*Model)(nil)
	_ objective.Sampler  = (*Model)(nil)
)

// New is the model of layers applied in order to an input. It infers all shapes and lists the parameters, or says what
// does not fit.
func New(input objective.Input, loss Loss, layers ...Layer) (*Model, error) {
	if len(layers) == 0 {
		return nil, fmt.Errorf("there are no layers")
	}
	m, err := infer("", input, loss, layers, func(s *Scope, in []int) ([]int, error) { return s.Within("", layers, in) })
	if err != nil {
		return nil, err
	}
	m.torchvision()
	return m, nil
}

// Whole is the model of one layer whose parameters have the names that it gives them, without its place before them: a network that was
// read from a file. The spec says which and stands for it in JSON.
func Whole(spec string, input objective.Input, loss Loss, layer Layer) (*Model, error) {
	return infer(spec, input, loss, []Layer{layer}, layer.Shape)
}

// infer makes a model of layers, whose shapes and parameters the function shape follows.
func infer(whole string, input objective.Input, loss Loss, layers []Layer, shape func(s *Scope, in []int) ([]int, error)) (*Model, error) {
	if err := checkInput(input); err != nil {
		return nil, err
	}
	if loss == nil {
		return nil, fmt.Errorf("the loss is missing: choose cross_entropy or mse")
	}
	m := &Model{Input: input, Loss: loss, Layers: slices.Clone(layers), whole: whole, index: map[string]int{}}
	m.Input.Shape = slices.Clone(input.Shape)
	out, err := shape(&Scope{model: m, raw: true}, m.Input.Shape)
	if err != nil {
		return nil, err
	}
	if m.target, err = loss.Target(slices.Clone(out)); err != nil {
		return nil, err
	}
	if m.size == 0 {
		return nil, fmt.Errorf("its layers have no parameters: there is nothing to train or measure, add one that has some, as linear")
	}
	return m, nil
}

func checkInput(input objective.Input) error {
	if len(input.Shape) == 0 {
		return fmt.Errorf(`the input's shape is missing: state it, as in "input": [1,28,28]`)
	}
	if len(input.Shape) > maxAxes {
		return fmt.Errorf("input %s: at most %d axes are supported", dims(input.Shape), maxAxes)
	}
	if _, err := volume(input.Shape); err != nil {
		return fmt.Errorf("input %s: %w", dims(input.Shape), err)
	}
	return nil
}

// Params lists the parameters in the order of the layers, which is PyTorch's: the layout of the flat vector.
func (m *Model) Params() []objective.Param { return m.params }

// Buffers lists the statistics that belong to layers, as BatchNorm2D's, in the order of the layers.
func (m *Model) Buffers() []objective.Param { return m.buffers }

// NumParams is the length of the flat vector.
func (m *Model) NumParams() int { return m.size }

// Products is the number of multiplications by weights in a forward pass of one example.
func (m *Model) Products() int { return m.products }

// Inputs is the one input.
func (m *Model) Inputs() []objective.Input { return []objective.Input{m.Input} }

// Target is what the loss compares the outputs with.
func (m *Model) Target() objective.Input { return m.target }

// LossName is what the loss is called in text: "cross entropy".
func (m *Model) LossName() string { return strings.ReplaceAll(losses.name(m.Loss), "_", " ") }

// Losses is the loss of each example, [n].
func (m *Model) Losses(outputs, targets *graph.Node) *graph.Node {
	return m.Loss.Losses(outputs, targets)
}

// Score counts right answers, where the loss does.
func (m *Model) Score(outputs, targets *graph.Node) (hits, of *graph.Node) {
	if l, ok := m.Loss.(objective.Scorer); ok {
		return l.Score(outputs, targets)
	}
	return nil, nil
}

// maxAxes is the most axes of an example; a batch of them in factored form has two more.
const maxAxes = 4

// maxElements is the most elements that a tensor or a model may have; 32-bit indices reach all of them.
const maxElements = 1<<31 - 1

// volume is the number of elements of a shape, every axis of which must be at least 1.
func volume(shape []int) (int, error) {
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("size %d must be at least 1", d)
		}
	}
	return sizes.Product(shape, maxElements)
}

// dims prints a shape as [1,28,28].
func dims(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}
