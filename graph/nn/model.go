package nn

import (
	"fmt"
	"slices"
	"strings"

	"drift/graph/objective"
)

// Losses, one value an example.
const (
	CrossEntropy = "cross_entropy" // −log softmax(out)[class], on class indices
	MSE          = "mse"           // mean over the outputs of (out − target)²
)

// Model is a network with a loss: a function of one example and of the flat vector of parameters.
type Model struct {
	Input   []int   // shape of one example
	Outputs int     // length of the row that the network ends in: scores of classes, or predictions
	Loss    string  // CrossEntropy or MSE
	Layers  []Layer // in order of application

	params    []objective.Param
	numParams int
	products  int
}

var (
	_ objective.Model  = (*Model)(nil)
	_ objective.Scorer = (*Model)(nil)
)

// Params lists the parameters in PyTorch's order, the layout of the flat vector.
func (m *Model) Params() []objective.Param { return m.params }

// NumParams is the length of the flat vector.
func (m *Model) NumParams() int { return m.numParams }

// Products is the number of multiplications by weights in a forward pass of one example.
func (m *Model) Products() int { return m.products }

// Inputs is the one input.
func (m *Model) Inputs() []objective.Input { return []objective.Input{{Name: "input", Shape: m.Input}} }

// Target is a class for CrossEntropy, a row of numbers for MSE.
func (m *Model) Target() objective.Input {
	if m.Loss == MSE {
		return objective.Input{Name: "target", Shape: []int{m.Outputs}}
	}
	return objective.Input{Name: "class", Index: m.Outputs}
}

// newModel infers all shapes of a model and lists its parameters, or says what does not fit.
func newModel(input []int, loss string, layers []Layer) (*Model, error) {
	if loss != CrossEntropy && loss != MSE {
		return nil, fmt.Errorf("unknown loss %q: choose %s or %s", loss, CrossEntropy, MSE)
	}
	if len(input) == 0 {
		return nil, fmt.Errorf(`the input's shape is missing: state it, as in "input": [1,28,28]`)
	}
	if len(input) > maxAxes {
		return nil, fmt.Errorf("input %s: at most %d axes are supported", dims(input), maxAxes)
	}
	if _, err := volume(input); err != nil {
		return nil, fmt.Errorf("input %s: %w", dims(input), err)
	}
	if len(layers) == 0 {
		return nil, fmt.Errorf("there are no layers")
	}
	m := &Model{Input: slices.Clone(input), Loss: loss, Layers: layers}
	s := scope{model: m}
	out, err := s.chain(input, layers)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, fmt.Errorf("the layers end in shape %s but %s takes a row of outputs: end with flatten and linear", dims(out), loss)
	}
	if m.Outputs = out[0]; loss == CrossEntropy && m.Outputs < 2 {
		return nil, fmt.Errorf("the layers end in 1 output but %s takes a score for each of at least 2 classes", loss)
	}
	return m, nil
}

// scope collects the parameters of layers under a prefix of names.
type scope struct {
	model  *Model
	prefix string
}

// chain infers the shape of one example after the layers and declares their parameters.
func (s scope) chain(shape []int, layers []Layer) ([]int, error) {
	for i, l := range layers {
		inner := scope{s.model, fmt.Sprintf("%s%d.", s.prefix, i)}
		out, err := l.infer(inner, shape)
		if err == nil {
			_, err = volume(out)
		}
		if err != nil {
			return nil, fmt.Errorf("layer %d (%s): %w", i, l.kind(), err)
		}
		shape = out
	}
	return shape, nil
}

// weightAndBias declares the tensors of a layer that takes fanIn inputs to an output, to be drawn from U(±1/√fanIn):
// PyTorch's kaiming_uniform with a = √5, and its rule for biases. The weight is applied at so many positions of an example.
func (s scope) weightAndBias(weight []int, positions int, bias bool) error {
	fanIn, err := volume(weight[1:])
	if err != nil {
		return err
	}
	bound := uniformBound(fanIn)
	if err := s.declare(objective.Param{Name: "weight", Shape: weight, Init: uniform(bound)}); err != nil {
		return err
	}
	s.model.products += positions * fanIn * weight[0]
	if !bias {
		return nil
	}
	return s.declare(objective.Param{Name: "bias", Shape: weight[:1], Init: uniform(bound)})
}

// scaleAndShift declares the tensors of a normalisation, ones and zeros.
func (s scope) scaleAndShift(stored []int) error {
	n, err := volume(stored)
	if err != nil {
		return err
	}
	if err := s.declare(objective.Param{Name: "weight", Shape: []int{n}, Stored: stored, Init: constant(1)}); err != nil {
		return err
	}
	return s.declare(objective.Param{Name: "bias", Shape: []int{n}, Stored: stored, Init: constant(0)})
}

func (s scope) declare(p objective.Param) error {
	n, err := volume(p.Shape)
	if err != nil {
		return fmt.Errorf("%s %s: %w", p.Name, dims(p.Shape), err)
	}
	m := s.model
	if n > maxElements-m.numParams {
		return fmt.Errorf("%s %s brings the model to more than %d parameters", p.Name, dims(p.Shape), maxElements)
	}
	p.Name, p.Offset, p.Len = s.prefix+p.Name, m.numParams, n
	m.numParams += n
	m.params = append(m.params, p)
	return nil
}

// maxAxes is the most axes of an example; a batch of them in factored form has two more.
const maxAxes = 4

// maxElements is the most elements that a tensor or a model may have; 32-bit indices reach all of them.
const maxElements = 1<<31 - 1

// volume is the number of elements of a shape, every axis of which must be at least 1.
func volume(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 1 {
			return 0, fmt.Errorf("size %d must be at least 1", d)
		}
		if d > maxElements/n {
			return 0, fmt.Errorf("more than %d elements", maxElements)
		}
		n *= d
	}
	return n, nil
}

// dims prints a shape as [1,28,28].
func dims(shape []int) string {
	return strings.ReplaceAll(fmt.Sprint(shape), " ", ",")
}
