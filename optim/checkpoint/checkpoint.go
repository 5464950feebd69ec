// Package checkpoint keeps the state of a run in one file that is never seen half written.
//
// The file is a safetensors file: vectors by name, and in its metadata the counters as JSON ("state"), the version
// of its names ("format") and a SHA-256 over counters, names, types and numbers ("sha256"). Numbers are stored as they are, so
// that a run goes on with the same bits.
package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/nlpodyssey/safetensors"

	"drift/data/atomicfile"
)

// format is the version of the names under which state is kept. It changes when a run cannot go on from a checkpoint written before.
const format = "2"

// Vectors are a run's numbers by name: []float32 or []float64 each.
type Vectors map[string]any

// Write replaces the file at path with state, a value that encoding/json can write, and the vectors.
func Write(path string, state any, vectors Vectors) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return Encode(w, state, vectors) })
	if err != nil {
		return fmt.Errorf("writing the checkpoint %s: %w", path, err)
	}
	return nil
}

// Encode writes a checkpoint.
func Encode(w io.Writer, state any, vectors Vectors) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	views := make(map[string]safetensors.TensorView, len(vectors))
	for name, vector := range vectors {
		if views[name], err = view(vector); err != nil {
			return fmt.Errorf("vector %q: %w", name, err)
		}
	}
	return safetensors.SerializeToWriter(views, map[string]string{"format": format, "state": string(text), "sha256": digest(string(text), views)}, w)
}

// Decode reads a checkpoint. It allocates in proportion to the length of the file, whatever the file claims.
func Decode(file []byte, state any) (Vectors, error) {
	_, header, err := safetensors.ReadMetadata(file)
	if err != nil {
		return nil, err
	}
	tensors, err := safetensors.Deserialize(file)
	if err != nil {
		return nil, err
	}
	views := make(map[string]safetensors.TensorView)
	for _, tensor := range tensors.Tensors() {
		views[tensor.Name] = tensor.TensorView
	}
	if f, sum := header.Metadata()["format"], header.Metadata()["sha256"]; f != format && sum != "" {
		return nil, fmt.Errorf("its format is %q, this version of drift reads %q: finish the run with the version that began it", f, format)
	}
	text := header.Metadata()["state"]
	if header.Metadata()["sha256"] != digest(text, views) {
		return nil, errors.New("the checksum does not fit: the file is damaged or no checkpoint of drift")
	}
	vectors := make(Vectors, len(views))
	for name, v := range views {
		if vectors[name], err = numbers(v); err != nil {
			return nil, fmt.Errorf("vector %q: %w", name, err)
		}
	}
	return vectors, json.Unmarshal([]byte(text), state)
}

func view(vector any) (safetensors.TensorView, error) {
	kind, n := safetensors.F32, 0
	switch x := vector.(type) {
	case []float32:
		n = len(x)
	case []float64:
		kind, n = safetensors.F64, len(x)
	default:
		return safetensors.TensorView{}, fmt.Errorf("%T is neither []float32 nor []float64", vector)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, vector)
	if err != nil {
		return safetensors.TensorView{}, err
	}
	return safetensors.NewTensorView(kind, []uint64{uint64(n)}, raw)
}

func numbers(v safetensors.TensorView) (any, error) {
	var out any
	switch v.DType() {
	case safetensors.F32:
		out = make([]float32, v.DataLen()/4)
	case safetensors.F64:
		out = make([]float64, v.DataLen()/8)
	default:
		return nil, fmt.Errorf("numbers of type %v, want F32 or F64", v.DType())
	}
	_, err := binary.Decode(v.Data(), binary.LittleEndian, out)
	return out, err
}

// digest covers everything that Decode returns, each part behind its length.
func digest(state string, views map[string]safetensors.TensorView) string {
	hash := sha256.New()
	part := func(raw []byte) {
		hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))))
		hash.Write(raw)
	}
	part([]byte(state))
	for _, name := range slices.Sorted(maps.Keys(views)) {
		part([]byte(name))
		part([]byte(views[name].DType().String()))
		part(views[name].Data())
	}
	return hex.EncodeToString(hash.Sum(nil))
}
