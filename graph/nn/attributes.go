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

// decodeOver reads a JSON object over a value of defaults, a struct. It refuses keys that are not among its fields.
func decodeOver[T any](data []byte, defaults T) (T, error) {
	object, err := entries(data)
	if err != nil {
		return defaults, err
	}
	v := reflect.New(reflect.TypeOf(defaults)).Elem()
	v.Set(reflect.ValueOf(defaults))
	keys, fields := jsonFields(v)
	for _, key := range slices.Sorted(maps.Keys(object)) {
		field, known := fields[key]
		if !known {
			return defaults, fmt.Errorf("unknown key %q: the keys are %s", key, join(keys))
		}
		if k := field.Kind(); k == reflect.Slice || k == reflect.Map || k == reflect.Pointer {
			field.SetZero() // so that nothing is written into what the defaults refer to
		}
		if err := decodeField(key, object[key], field.Value); err != nil {
			return defaults, err
		}
		if field.omitsZero && field.IsZero() {
			return defaults, fmt.Errorf("%s is 0: it must lie in 1 … %d", key, maxElements)
		}
	}
	return v.Interface().(T), nil
}

// entries are those of a JSON object by their keys, each of which it may have once.
func entries(data []byte) (map[string]json.RawMessage, error) {
	d, object := json.NewDecoder(bytes.NewReader(data)), map[string]json.RawMessage{}
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return nil, fmt.Errorf("want an object, got %.40q", data)
	}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return nil, fmt.Errorf("want an object, got %.40q", data)
		}
		name := key.(string)
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("%.40q is given twice", name)
		}
		object[name] = value
	}
	return object, nil
}

// decodeField reads the value of one key.
func decodeField(key string, data []byte, field reflect.Value) error {
	if string(data) == "null" {
		return fmt.Errorf("%s: want %s, got null", key, plainType(field.Type()))
	}
	err := json.Unmarshal(data, field.Addr().Interface())
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: want %s, got %s", key, plainType(wrong.Type), wrong.Value)
	}
	if err != nil && key != "layers" { // the list of layers goes without saying
		return fmt.Errorf("%s: %w", key, err)
	}
	return err
}

// attribute is a field that JSON gives a name. One that is left out where it is zero (omitzero) is a count for which zero stands for a default in
// Go, and which JSON may give, but not as 0.
type attribute struct {
	reflect.Value
	omitsZero bool
}

// jsonFields is a struct's fields by their JSON names, embedded structs included, and the names in order.
func jsonFields(v reflect.Value) (keys []string, fields map[string]attribute) {
	fields = map[string]attribute{}
	if v.Kind() != reflect.Struct {
		return nil, fields
	}
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		keys, fields[name] = append(keys, name), attribute{v.FieldByIndex(f.Index), options == "omitzero"}
	}
	return keys, fields
}

// plainType says what a JSON value for a Go type looks like.
func plainType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Pair]():
		return "a whole number or a pair of them"
	case t.Kind() == reflect.Pointer:
		return plainType(t.Elem())
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t == reflect.TypeFor[inputShape]():
		return "a list of sizes"
	case t == reflect.TypeFor[json.RawMessage]():
		return "a name"
	case t.Kind() == reflect.Slice:
		return "a list"
	}
	return "a " + t.Kind().String()
}

// join lists words with commas.
func join(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
