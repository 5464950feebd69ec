package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Layers is a list of layers, applied in order, that JSON reads and writes.
type Layers []Layer

// MarshalJSON writes the list with all attributes spelt out.
func (list Layers) MarshalJSON() ([]byte, error) {
	entries := make([]json.RawMessage, len(list))
	var err error
	for i, l := range list {
		if entries[i], err = kinds.encode(l); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	return json.Marshal(entries)
}

// UnmarshalJSON reads a list of names and of objects with one key.
func (list *Layers) UnmarshalJSON(data []byte) error {
	var entries []json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return fmt.Errorf("want a list of layers, got %.40q", data)
	}
	if len(entries) > maxLayers {
		return fmt.Errorf("there are more than %d layers", maxLayers)
	}
	*list = nil
	for i, entry := range entries {
		l, kind, err := kinds.decode(entry)
		if name, _, splitErr := splitEntry(entry); splitErr == nil && isBatchNorm(name) && kind == "" {
			const why = "it couples the examples of a batch, which then have no gradients of their own; use groupnorm, or batchnorm2d with frozen statistics"
			err = fmt.Errorf("%q is refused: %s", name, why)
		}
		if err != nil {
			return at(i, kind, err)
		}
		*list = append(*list, l)
	}
	return nil
}

func isBatchNorm(kind string) bool {
	return strings.HasPrefix(strings.ReplaceAll(strings.ToLower(kind), "_", ""), "batchnorm")
}

// at says which entry of a list an error is about.
func at(i int, kind string, err error) error {
	if kind == "" {
		return fmt.Errorf("layer %d: %w", i, err)
	}
	return fmt.Errorf("layer %d (%s): %w", i, kind, err)
}

// checkDepth refuses JSON whose brackets lie so deep in each other that reading it would take long; layers allow less.
func checkDepth(data []byte) error {
	const most = 4 * (maxDepth + 4) // a block in a list takes three brackets
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return errors.New("its brackets lie too deep in each other")
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
