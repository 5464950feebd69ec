package nn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"drift/graph/objective"
)

// description is a model in JSON.
type description struct {
	Input  inputShape      `json:"input"`
	Loss   json.RawMessage `json:"loss"`
	Layers Layers          `json:"layers"`
}

// inputShape is a list [1,28,28], or an object {"shape": [16], "index": 256} of whole numbers below an index.
type inputShape struct {
	Shape []int `json:"shape"`
	Index int   `json:"index"`
}

func (s inputShape) MarshalJSON() ([]byte, error) {
	if s.Index == 0 {
		return json.Marshal(s.Shape)
	}
	type plain inputShape
	return json.Marshal(plain(s))
}

func (s *inputShape) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); data[0] != '{' {
		*s = inputShape{}
		return json.Unmarshal(data, &s.Shape)
	}
	type plain inputShape
	read, err := decodeOver(data, plain{})
	if *s = inputShape(read); err == nil && (s.Index < 1 || s.Index > maxElements) {
		err = fmt.Errorf("index is %d: it must lie in 1 … %d", s.Index, maxElements)
	}
	return err
}

// MarshalJSON writes the model as Parse reads it, with all attributes spelt out; one of Whole as its spec.
func (m *Model) MarshalJSON() ([]byte, error) {
	if m.whole != "" {
		return json.Marshal(m.whole)
	}
	loss, err := losses.encode(m.Loss)
	if err != nil {
		return nil, err
	}
	return json.Marshal(description{inputShape{m.Input.Shape, m.Input.Index}, loss, m.Layers})
}

// bom is the mark that some editors put in front of UTF-8.
const bom = "\ufeff"

// decode reads a model from JSON for data of the given shape and loss, where they are known.
func decode(data []byte, input []int, loss Loss, freeze bool) (*Model, error) {
	data = bytes.TrimPrefix(data, []byte(bom))
	if !json.Valid(data) {
		var v any
		return nil, fmt.Errorf("not JSON: %w", json.Unmarshal(data, &v))
	}
	if err := checkDepth(data); err != nil {
		return nil, err
	}
	d, err := decodeOver(data, description{Input: inputShape{Shape: input}})
	if err != nil {
		return nil, err
	}
	if d.Loss != nil {
		if loss, err = agreed(d.Loss, loss); err != nil {
			return nil, err
		}
	}
	if err := sameExample(d.Input.Shape, input); err != nil {
		return nil, err
	}
	if freeze {
		d.Layers = d.Layers.frozen()
	}
	return New(objective.Input{Name: "input", Shape: d.Input.Shape, Index: d.Input.Index}, loss, d.Layers...)
}

// agreed is the loss that a model states, whose target must be of the kind that data have where they say one.
func agreed(entry []byte, data Loss) (Loss, error) {
	stated, _, err := losses.decode(entry)
	if err != nil || data == nil {
		return stated, err
	}
	out := []int{2}
	a, errA := stated.Target(out)
	b, errB := data.Target(out)
	if errA == nil && errB == nil && (a.Index > 0) != (b.Index > 0) {
		return nil, fmt.Errorf("its loss is %q but the data take %s", losses.name(stated), losses.name(data))
	}
	return smoothed(stated, data)
}

// smoothed is the cross entropy that a model states, with the label smoothing that it is asked for besides.
func smoothed(stated, asked Loss) (Loss, error) {
	own, isOwn := stated.(CrossEntropy)
	other, isOther := asked.(CrossEntropy)
	switch {
	case !isOwn || !isOther || other.LabelSmoothing == 0:
		return stated, nil
	case own.LabelSmoothing != 0 && own != other:
		return nil, fmt.Errorf("its loss smooths labels by %v, and %v is asked for", own.LabelSmoothing, other.LabelSmoothing)
	}
	return other, nil
}

// Squeezed is the shape of examples of the data without a leading 1, for a model that takes an axis fewer: an array of matrices is read as
// images of one channel.
func Squeezed(data []int, axes int) []int {
	if len(data) == axes+1 && data[0] == 1 {
		return data[1:]
	}
	return data
}

// sameExample checks that examples of the data's shape, when it is known, can be taken for the model's.
func sameExample(model, data []int) error {
	data = Squeezed(data, len(model))
	if data == nil || slices.Equal(model, data) {
		return nil
	}
	m, err := volume(model)
	if err != nil {
		return fmt.Errorf("input %s: %w", dims(model), err)
	}
	d, err := volume(data)
	if err != nil || m != d || len(model) > 1 && len(data) > 1 {
		return fmt.Errorf("it takes examples of shape %s but the data have shape %s", dims(model), dims(data))
	}
	return nil
}

// fits checks the outputs against those that the data need, when they are known: a class, or a row of numbers, an example.
func (m *Model) fits(outputs int) error {
	if outputs > 0 && m.target.Index > 0 && len(m.target.Shape) > 0 && m.Input.Index == 0 {
		return fmt.Errorf("the layers end in shape %s but the data have one class an example: end with flatten and linear",
			dims(append(slices.Clone(m.target.Shape), m.target.Index)))
	}
	if m.target.Index > 0 && m.target.Index < outputs {
		return fmt.Errorf("it has %d outputs but the data have %d classes", m.target.Index, outputs)
	}
	if n, err := volume(m.target.Shape); m.target.Index == 0 && outputs > 0 && (err != nil || n != outputs) {
		return fmt.Errorf("it has %d outputs but the data have %d targets an example", n, outputs)
	}
	return nil
}
