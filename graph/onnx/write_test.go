package onnx_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"drift/data/binary16"
	"drift/graph/nn"
	"drift/graph/objective"
	"drift/graph/onnx"
	"drift/kernels"
)

// A network that is written with other weights and read again has these, rounded to float32, and buffers as before; with its own it is as it was.
func TestWritesWhatItReads(t *testing.T) {
	for _, name := range networks {
		m, e := open(t, name)
		first := objective.Draw(m, 1)
		values := make([]float64, len(first))
		copy(values, first)
		for i := range m.NumParams() {
			values[i] = float64(float32(1.5*values[i] + 0.25))
		}
		for _, want := range [][]float64{first, values} {
			var file bytes.Buffer
			must(t, onnx.Write(&file, m, kernels.Float32, want))
			again, err := onnx.Decode(file.Bytes(), e.Shape[1:], nn.CrossEntropy{})
			must(t, err)
			near(t, name, objective.Draw(again, 1), want, 0)
		}
	}
}

// Parameters of 16 bits are written as such.
func TestWritesNarrowParametersBack(t *testing.T) {
	for _, name := range []string{"cnn", "encoder"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name+".onnx"))
		must(t, err)
		_, e := open(t, name)
		for elem, round := range map[int]func(float64) float64{
			onnx.Half:  func(v float64) float64 { return binary16.Float64(binary16.Bits(v)) },
			onnx.Brain: func(v float64) float64 { return binary16.BrainFloat64(binary16.BrainBits(v)) },
		} {
			m, err := onnx.Decode(onnx.WithElements(raw, elem), e.Shape[1:], nn.CrossEntropy{})
			must(t, err)
			values := objective.Draw(m, 1)
			want := slices.Clone(values)
			for i := range m.NumParams() {
				values[i] = 1.7 * values[i]
				want[i] = round(values[i])
			}
			var file bytes.Buffer
			must(t, onnx.Write(&file, m, kernels.Float32, values))
			again, err := onnx.Decode(file.Bytes(), e.Shape[1:], nn.CrossEntropy{})
			must(t, err)
			near(t, name, objective.Draw(again, 1), want, 0)
			values[0] = 1e39
			if err := onnx.Write(&file, m, kernels.Float32, values); err == nil {
				t.Errorf("%s: a number that is too large was written", name)
			}
		}
	}
}

// The documentation names the operators that are known, in the order of their names.
func TestDocumentationListsTheOperators(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	must(t, err)
	words := strings.Fields(strings.ReplaceAll(string(text), "\n//", " "))
	var listed []string
	for _, word := range words[slices.Index(words, "23:")+1:] {
		listed = append(listed, strings.TrimSuffix(word, "."))
		if strings.HasSuffix(word, ".") {
			break
		}
	}
	slices.Sort(listed)
	if known := onnx.Operators(); !slices.Equal(listed, known) {
		t.Errorf("documented %v\nknown %v", listed, known)
	}
}
