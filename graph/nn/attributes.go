package nn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// decodeObject reads a JSON object over a struct of defaults. It refuses keys that the struct does not have.
func decodeObject[T any](data []byte, v T) (T, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return v, fmt.Errorf("want an object, got %.40q", data)
	}
	known := jsonKeys(reflect.TypeFor[T]())
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, key) {
			return v, fmt.Errorf("unknown key %q: the keys are %s", key, join(known))
		}
	}
	err := json.Unmarshal(data, &v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return v, fmt.Errorf("%s: want %s, got %s", wrong.Field, plainType(wrong.Type), wrong.Value)
	}
	return v, err
}

// jsonKeys lists the JSON names of a struct's fields, embedded structs included.
func jsonKeys(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		if f.Anonymous {
			keys = append(keys, jsonKeys(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	return keys
}

// plainType says what a JSON value for a Go type looks like.
func plainType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[pair]():
		return "a whole number or a pair of them"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list"
	}
	return "a " + t.Kind().String()
}

// join lists words with commas.
func join[S ~string](words []S) string {
	if len(words) == 0 {
		return "none"
	}
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	return strings.Join(plain, ", ")
}
