package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"drift/data/suggest"
	"drift/data/untrusted"
)

// maxDescription is the most bytes of JSON that are read.
const maxDescription = 1 << 20

// files read networks that other programs wrote, by the kind that a spec names before the file.
var files = map[string]func(path string, input []int, loss Loss) (*Model, error){}

// RegisterFile makes specs of the form KIND:FILE known to Parse. read makes the model of a file, for data of the given shape and loss where
// these are known. It is for init functions, and panics where the kind is taken.
func RegisterFile(kind string, read func(path string, input []int, loss Loss) (*Model, error)) {
	if files[kind] != nil || isPreset(kind) {
		panic(fmt.Sprintf("nn: %q is registered twice", kind))
	}
	files[kind] = read
}

// HasWeights reports that a spec names a file that holds weights beside the network, with which parameters then begin.
func HasWeights(spec string) bool {
	kind, _, is := strings.Cut(spec, ":")
	return is && files[kind] != nil
}

// Parse makes the model of a spec for data of the given shape, outputs and loss. A spec is a preset with its options
// (see Presets), a JSON object, the name of a file that holds one, or KIND:FILE (see RegisterFile).
//
// Input, outputs and loss come from the data; a JSON object may state input and loss as well, and then input may be
// nil, outputs 0 and loss nil (not known). What both state must agree, except that a flat example may be given a shape or
// the other way round, and that there may be more scores than the classes that occur.
func Parse(spec string, input []int, outputs int, loss Loss) (*Model, error) {
	return parseFitting(spec, input, outputs, loss, false)
}

func parseFitting(spec string, input []int, outputs int, loss Loss, freeze bool) (*Model, error) {
	name, m, err := parse(spec, input, outputs, loss, freeze)
	if err == nil {
		err = m.fits(outputs)
	}
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", clipped(name), err)
	}
	return m, nil
}

// clipped is a name for a message, which a spec of any length may be.
func clipped(name string) string {
	const most = 100
	if r := []rune(name); len(r) > most {
		return string(r[:most]) + "…"
	}
	return name
}

func parse(spec string, input []int, outputs int, loss Loss, freeze bool) (name string, m *Model, err error) {
	if strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(spec, bom)), "{") {
		m, err = decode([]byte(spec), input, loss, freeze)
		return "given as JSON", m, err
	}
	if HasWeights(spec) {
		m, err = readFile(spec, input, loss)
		return spec, m, err
	}
	preset, _, _ := strings.Cut(strings.ReplaceAll(spec, ":", ","), ",")
	if isPreset(preset) {
		m, err = parsePreset(spec, input, outputs, loss)
		return spec, m, err
	}
	if kind := strings.TrimPrefix(filepath.Ext(spec), "."); files[kind] != nil {
		return spec, nil, fmt.Errorf("write %s:%s", kind, spec)
	}
	if filepath.Ext(spec) != ".json" {
		if _, err := os.Stat(spec); err != nil {
			all := "choose " + Presets + ", or name a JSON file"
			return spec, nil, fmt.Errorf("there is no such preset or file: %s", suggest.Among(preset, presetNames(), all))
		}
	}
	data, err := untrusted.ReadAll(spec, maxDescription)
	if named := errors.Unwrap(err); named != nil {
		err = named // the name stands in the message already
	}
	var kept string
	if err == nil && json.Unmarshal(data, &kept) == nil { // what a model of RegisterFile's is in JSON
		if HasWeights(kept) {
			m, err = readFile(kept, input, loss)
			return spec, m, err
		}
	}
	if err == nil {
		m, err = decode(data, input, loss, freeze)
	}
	return spec, m, err
}

func readFile(spec string, input []int, loss Loss) (*Model, error) {
	kind, path, _ := strings.Cut(spec, ":")
	return files[kind](path, input, loss)
}
