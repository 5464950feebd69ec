package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxDescription is the most bytes of JSON that are read.
const maxDescription = 1 << 20

// Parse makes the model of a spec for data of the given shape, outputs and loss. A spec is a preset with its options
// (see Presets), a JSON object, or the name of a file that holds one.
//
// Input, outputs and loss come from the data; a JSON object may state input and loss as well, and then input may be
// nil, outputs 0 and loss "" (not known). What both state must agree, except that a flat example may be given a shape or
// the other way round, and that there may be more scores than the classes that occur.
func Parse(spec string, input []int, outputs int, loss string) (*Model, error) {
	name, m, err := parse(spec, input, outputs, loss)
	if err == nil {
		err = m.fits(outputs)
	}
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return m, nil
}

func parse(spec string, input []int, outputs int, loss string) (name string, m *Model, err error) {
	if strings.HasPrefix(strings.TrimSpace(spec), "{") {
		m, err = decode([]byte(spec), input, loss)
		return "given as JSON", m, err
	}
	if preset, _, _ := strings.Cut(strings.ReplaceAll(spec, ":", ","), ","); isPreset(preset) {
		m, err = parsePreset(spec, input, outputs, loss)
		return spec, m, err
	}
	if filepath.Ext(spec) != ".json" {
		if _, err := os.Stat(spec); err != nil {
			return spec, nil, fmt.Errorf("there is no such preset or file: choose %s, or name a JSON file", Presets)
		}
	}
	data, err := readDescription(spec)
	if err == nil {
		m, err = decode(data, input, loss)
	}
	return spec, m, err
}

func readDescription(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the name stands in the message already
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDescription+1))
	if err == nil && len(data) > maxDescription {
		err = fmt.Errorf("the file is larger than %d bytes: it does not look like a model", maxDescription)
	}
	return data, err
}

// decode reads a model from JSON for data of the given shape and loss, where they are known.
func decode(data []byte, input []int, loss string) (*Model, error) {
	if !json.Valid(data) {
		var v any
		return nil, fmt.Errorf("not JSON: %w", json.Unmarshal(data, &v))
	}
	type raw struct {
		Input  []int           `json:"input"`
		Loss   string          `json:"loss"`
		Layers json.RawMessage `json:"layers"`
	}
	r, err := decodeObject(data, raw{Layers: []byte("[]")})
	if err != nil {
		return nil, err
	}
	if r.Input == nil {
		r.Input = input
	}
	if r.Loss == "" {
		r.Loss = loss
	}
	if loss != "" && r.Loss != loss {
		return nil, fmt.Errorf("its loss is %q but the data take %s", r.Loss, loss)
	}
	if err := sameExample(r.Input, input); err != nil {
		return nil, err
	}
	layers, err := new(decoder).layers(r.Layers, 0)
	if err != nil {
		return nil, err
	}
	return newModel(r.Input, r.Loss, layers)
}

// sameExample checks that examples of the data's shape, when it is known, can be taken for the model's.
func sameExample(model, data []int) error {
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

// fits checks the outputs against those that the data need, when they are known.
func (m *Model) fits(outputs int) error {
	if m.Loss == CrossEntropy && m.Outputs < outputs {
		return fmt.Errorf("it has %d outputs but the data have %d classes", m.Outputs, outputs)
	}
	if m.Loss == MSE && outputs > 0 && m.Outputs != outputs {
		return fmt.Errorf("it has %d outputs but the data have %d targets an example", m.Outputs, outputs)
	}
	return nil
}
