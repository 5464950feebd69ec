package nn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// table is values of one kind, layers or losses, by their names in JSON. An entry in JSON is a name, or an object with that one key
// over the attributes, which are the fields of the value.
type table[T any] struct {
	what     string // "layer"
	defaults map[string]T
}

func (t table[T]) register(kind string, defaults T) {
	if _, taken := t.defaults[kind]; taken || kind == "" {
		panic(fmt.Sprintf("nn: %s %q is registered twice, or without a name", t.what, kind))
	}
	t.defaults[kind] = defaults
}

// decode reads an entry. It returns the name that it found, if only to be put into messages.
func (t table[T]) decode(data []byte) (v T, kind string, err error) {
	kind, attributes, err := splitEntry(data)
	if err != nil {
		return v, "", fmt.Errorf(`want a name or an object with one key, as %s`, t.example())
	}
	defaults, known := t.defaults[kind]
	if !known {
		return v, "", t.unknown(kind)
	}
	v, err = decodeOver(attributes, defaults)
	return v, kind, err
}

func (t table[T]) example() string {
	if t.what == "loss" {
		return `"mse"`
	}
	return `"relu" or {"linear": {"out": 10}}`
}

func (t table[T]) unknown(kind string) error {
	return fmt.Errorf("unknown %s %q: choose from %s", t.what, kind, strings.Join(slices.Sorted(maps.Keys(t.defaults)), ", "))
}

// splitEntry takes a name, or an object with that one key, apart.
func splitEntry(data []byte) (kind string, attributes []byte, err error) {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '"' {
		return kind, []byte("{}"), json.Unmarshal(data, &kind)
	}
	object, err := entries(data)
	if err != nil || len(object) != 1 {
		return "", nil, errors.New("not an object with one key")
	}
	for kind, attributes = range object {
	}
	return kind, attributes, nil
}

// encode writes an entry as decode reads it, with all attributes spelt out.
func (t table[T]) encode(v T) ([]byte, error) {
	if short, ok := any(v).(interface{ explicit() T }); ok {
		v = short.explicit()
	}
	attributes, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	for _, kind := range t.of(v) {
		if same, err := decodeOver(attributes, t.defaults[kind]); err == nil && reflect.DeepEqual(same, v) {
			if string(attributes) == "{}" {
				return json.Marshal(kind)
			}
			return json.Marshal(map[string]json.RawMessage{kind: attributes})
		}
	}
	return nil, fmt.Errorf("%s of type %T has no name in JSON that gives it back: register it", t.what, v)
}

// of is the names that have values of v's type.
func (t table[T]) of(v T) (kinds []string) {
	for _, kind := range slices.Sorted(maps.Keys(t.defaults)) {
		if reflect.TypeOf(t.defaults[kind]) == reflect.TypeOf(v) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// name is what messages call a value: its name in JSON, or its type where it has none.
func (t table[T]) name(v T) string {
	kinds := t.of(v)
	for _, kind := range kinds {
		if reflect.DeepEqual(t.defaults[kind], v) {
			return kind
		}
	}
	if len(kinds) == 1 {
		return kinds[0]
	}
	return fmt.Sprintf("%T", v)
}
