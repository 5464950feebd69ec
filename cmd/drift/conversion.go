package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"drift/bench/report"
	"drift/data/atomicfile"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/onnx"
	"drift/graph/weights"
	"drift/kernels"
)

// defaultGroups is how many groups a normalization by groups has where channels allow.
const defaultGroups = 8

// trained is a network with values for its tensors, and the names that these have in the file which they came from.
type trained struct {
	*nn.Model
	values []float64
	names  map[string]string
	dtype  kernels.DType
}

// savers write a network in the formats that their files' names end in.
var savers = map[string]func(io.Writer, trained) error{
	".json": func(w io.Writer, t trained) error { return encodeJSON(w, t.Model) },
	".safetensors": func(w io.Writer, t trained) error {
		return weights.Write(w, t.tensors(), t.dtype, weights.Vector{Values: t.values})
	},
	".onnx": func(w io.Writer, t trained) error { return onnx.Write(w, t.Model, t.dtype, t.values) },
	".pt":   func(w io.Writer, t trained) error { return weights.WriteTorch(w, t.tensors(), t.dtype, t.values) },
	".pth":  func(w io.Writer, t trained) error { return weights.WriteTorch(w, t.tensors(), t.dtype, t.values) },
}

func (t trained) tensors() []objective.Param {
	return weights.Renamed(objective.Tensors(t.Model), t.names)
}

// savable parses a file of --save.
func savable(path string) (string, error) {
	path = strings.TrimSpace(path)
	if savers[filepath.Ext(path)] == nil {
		return "", fmt.Errorf("got %q: give names that end in %s", path, strings.Join(slices.Sorted(maps.Keys(savers)), ", "))
	}
	return path, nil
}

// run shows the network, converted where that is asked for, and saves it.
func (d *description) run() error {
	if d.weights != "" && len(d.save) == 0 {
		return usagef("--weights: say what is to become of them with --save FILE")
	}
	for _, path := range d.save {
		if err := checkWritable("save", path, "a file"); err != nil {
			return err
		}
	}
	d.frozen = d.convert != ""
	source, err := d.parse()
	if err != nil {
		return err
	}
	model := source
	if d.convert != "" {
		if model, err = source.WithNorm(d.convert, defaultGroups); err != nil {
			return err
		}
	}
	if err := d.describe(model); err != nil {
		return err
	}
	if len(d.save) == 0 {
		return d.noNames()
	}
	return d.saveAll(source, model)
}

// saveAll writes the files of --save.
func (d *description) saveAll(source, model *nn.Model) error {
	t := trained{Model: model, values: objective.Draw(model, d.seed), dtype: d.dtype}
	if err := d.fill(&t, source); err != nil {
		return err
	}
	for _, path := range d.save {
		if err := atomicfile.Write(path, func(w io.Writer) error { return savers[filepath.Ext(path)](w, t) }); err != nil {
			return fmt.Errorf("saving the network: %w", err)
		}
		fmt.Fprintf(d.human(), "saved in %s\n", path)
	}
	return nil
}

// fill takes the values of a converted network from the weights of its source, where it has tensors of the same names.
func (d *description) fill(t *trained, source *nn.Model) error {
	if d.weights == "" {
		return d.noNames()
	}
	values, names, err := d.read(d.weights, objective.Tensors(source), d.dtype)
	var mismatch *weights.Mismatch
	if errors.As(err, &mismatch) {
		err = errors.Join(err, show(pairs(mismatch), d.human()))
	}
	if err != nil {
		return err
	}
	t.names = names
	from := map[string][]float64{}
	for _, p := range objective.Tensors(source) {
		from[p.Name] = values[p.Offset : p.Offset+p.Len]
	}
	for _, p := range objective.Tensors(t.Model) {
		copy(t.values[p.Offset:p.Offset+p.Len], from[p.Name])
	}
	return nil
}

// pairs shows what a file and a network have that the other lacks, side by side where it may well be the same.
func pairs(m *weights.Mismatch) *report.Table {
	t := &report.Table{Header: []string{"in the file", "shape", "in the network", "shape"}, Left: 4}
	ours := map[string]bool{}
	partner := map[string]weights.Tensor{}
	for _, p := range m.Pairs {
		ours[p.Model.Name], partner[p.File.Name] = true, p.Model
	}
	for _, f := range m.File {
		model := partner[f.Name]
		t.Add(f.Name, shapeText(f.Shape), model.Name, shapeText(model.Shape))
	}
	for _, model := range m.Model {
		if !ours[model.Name] {
			t.Add("", "", model.Name, shapeText(model.Shape))
		}
	}
	return t
}
