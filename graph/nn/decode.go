package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	maxLayers = 1000 // in all lists together; building a graph costs quadratic time
	maxDepth  = 8    // of residual blocks within each other
)

// kinds are the layers that are not activations.
var kinds = []string{"linear", "conv2d", "groupnorm", "layernorm", "maxpool2d", "avgpool2d", "globalavgpool", "flatten", "residual"}

// decoder reads layers and counts them.
type decoder struct{ count int }

// layers reads a list that lies so deep in residual blocks.
func (d *decoder) layers(data []byte, depth int) ([]Layer, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("residual blocks lie more than %d deep in each other", maxDepth)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("want a list of layers, got %.40q", data)
	}
	if d.count += len(entries); d.count > maxLayers {
		return nil, fmt.Errorf("there are more than %d layers", maxLayers)
	}
	var layers []Layer
	for i, entry := range entries {
		kind, attributes, err := splitEntry(entry)
		var l Layer
		if err == nil {
			l, err = d.layer(kind, attributes, depth)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place(i, kind), err)
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// place names an entry in messages.
func place(i int, kind string) string {
	if slices.Contains(kinds, kind) || activations[activation(kind)] != nil {
		return fmt.Sprintf("layer %d (%s)", i, kind)
	}
	return fmt.Sprintf("layer %d", i)
}

// splitEntry takes a layer's name, or an object with that one key, apart.
func splitEntry(data []byte) (kind string, attributes []byte, err error) {
	if data[0] == '"' {
		return kind, []byte("{}"), json.Unmarshal(data, &kind)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || len(object) != 1 {
		return "", nil, errors.New(`want a name or an object with one key, as "relu" or {"linear": {"out": 10}}`)
	}
	for kind, attributes = range object {
	}
	return kind, attributes, nil
}

func (d *decoder) layer(kind string, attributes []byte, depth int) (Layer, error) {
	switch kind {
	case "linear":
		return decodeObject(attributes, linear{Bias: true})
	case "conv2d":
		return decodeObject(attributes, conv2d{Stride: pair{1, 1}, Bias: true})
	case "groupnorm":
		return decodeObject(attributes, groupNorm{affine: defaultAffine})
	case "layernorm":
		return decodeObject(attributes, layerNorm{affine: defaultAffine})
	case "maxpool2d":
		return decodeObject(attributes, maxPool2D{})
	case "avgpool2d":
		return decodeObject(attributes, avgPool2D{})
	case "globalavgpool":
		return decodeObject(attributes, globalAvgPool{})
	case "flatten":
		return decodeObject(attributes, flatten{})
	case "residual":
		return d.residual(attributes, depth)
	}
	if activations[activation(kind)] != nil {
		_, err := decodeObject(attributes, struct{}{})
		return activation(kind), err
	}
	if strings.HasPrefix(strings.ReplaceAll(strings.ToLower(kind), "_", ""), "batchnorm") {
		const why = "it couples the examples of a batch, which then have no gradients of their own; use groupnorm"
		return nil, fmt.Errorf("%q is refused: %s", kind, why)
	}
	names := slices.Sorted(maps.Keys(activations))
	return nil, fmt.Errorf("unknown layer %q: choose from %s, %s", kind, strings.Join(kinds, ", "), join(names))
}

func (d *decoder) residual(attributes []byte, depth int) (Layer, error) {
	type lists struct {
		Layers   json.RawMessage `json:"layers"`
		Shortcut json.RawMessage `json:"shortcut"`
	}
	raw, err := decodeObject(attributes, lists{Layers: []byte("[]"), Shortcut: []byte("[]")})
	if err != nil {
		return nil, err
	}
	var r residual
	if r.Layers, err = d.layers(raw.Layers, depth+1); err != nil {
		return nil, err
	}
	if r.Shortcut, err = d.layers(raw.Shortcut, depth+1); err != nil {
		return nil, fmt.Errorf("shortcut: %w", err)
	}
	return r, nil
}
