package options

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Error says which option cannot have which value, and what it can have.
type Error struct {
	Option string // its name in JSON
	Value  string
	Want   string // "a finite number above 0"
}

func (e Error) Error() string { return fmt.Sprintf("%s: got %q: give %s", e.Option, e.Value, e.Want) }

// Get is the text of an option's value; it panics where there is no such option.
func Get(o any, name string) string {
	f, v := must(o, name)
	return f.text(v)
}

// Number is the value of a numerical option.
func Number(o any, name string) float64 {
	f, v := must(o, name)
	if f.Kind == Int {
		return float64(v.Int())
	}
	return v.Float()
}

func must(o any, name string) (Field, reflect.Value) {
	f, found := Find(o, name)
	if !found {
		panic(fmt.Sprintf("options: %T has no option %s", o, name))
	}
	inner, _ := unwrap(o)
	return f, reflect.ValueOf(inner).FieldByIndex(f.index)
}

// Set is a copy of o with an option of another value. Errors are of type Error.
func Set[T any](o T, name, text string) (T, error) {
	f, found := Find(o, name)
	if !found {
		return o, Error{name, text, "one of its options"}
	}
	inner, wrap := unwrap(o)
	changed := reflect.New(reflect.TypeOf(inner)).Elem()
	changed.Set(reflect.ValueOf(inner))
	if !f.parse(text, changed.FieldByIndex(f.index)) {
		return o, Error{name, text, f.want()}
	}
	return wrap(changed.Interface()).(T), nil
}

// parse writes the value of a text and reports whether it is one.
func (f Field) parse(text string, into reflect.Value) bool {
	text = strings.TrimSpace(text)
	if f.zero != "" && text == f.zero {
		into.SetZero()
		return true
	}
	switch f.Kind {
	case Bool:
		x, err := strconv.ParseBool(text)
		into.SetBool(x)
		return err == nil
	case Int:
		x, err := strconv.Atoi(text)
		into.SetInt(int64(x))
		return err == nil && f.valid.has(float64(x))
	case Float:
		x, err := strconv.ParseFloat(text, 64)
		into.SetFloat(x)
		return err == nil && f.valid.has(x)
	}
	into.SetString(text)
	return f.Choices == nil || slices.Contains(f.Choices, text)
}

// want is what an option can be, in words.
func (f Field) want() string {
	words := f.Choices
	if f.zero != "" {
		words = []string{f.zero}
	}
	switch f.Kind {
	case Bool:
		return "true or false"
	case Word:
		return "one of " + strings.Join(words, ", ")
	}
	want := "a finite number"
	if f.Kind == Int {
		want = "a whole number"
	}
	want += f.valid.String()
	if f.zero != "" {
		want += ", or " + f.zero
	}
	return want
}

// Check reports the first option whose value its tags do not allow.
func Check(o any) error {
	inner, _ := unwrap(o)
	for _, f := range Of(inner) {
		v := reflect.ValueOf(inner).FieldByIndex(f.index)
		if text := f.text(v); !f.parse(text, reflect.New(v.Type()).Elem()) {
			return Error{f.Name, text, f.want()}
		}
	}
	return nil
}

// Decode is a value of o's type with the options that a JSON object gives and those of o for the others.
func Decode[T any](o T, object []byte) (T, error) {
	inner, wrap := unwrap(o)
	changed := reflect.New(reflect.TypeOf(inner))
	changed.Elem().Set(reflect.ValueOf(inner))
	if err := json.Unmarshal(object, changed.Interface()); err != nil {
		return o, err
	}
	return wrap(changed.Elem().Interface()).(T), nil
}

// Unfit says why options do not fit each other or a problem, and which ones to change.
type Unfit struct {
	What   string
	Change []string // names in JSON
}

func (u Unfit) Error() string { return u.What + ": set " + strings.Join(u.Change, " or ") }
