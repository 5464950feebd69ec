package options

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Field is one option of a type.
type Field struct {
	Name    string   // as JSON has it, with underscores
	Help    string   // one line
	Kind    Kind     // of its values
	Choices []string // of a word; nil for others
	Search  *Span    // multiples of the value that a search tries; nil for none

	zero  string // a word for 0
	valid interval
	index []int // of reflect.Value.FieldByIndex
}

// Kind is the type of an option's values.
type Kind string

const (
	Bool  Kind = "bool"
	Int   Kind = "int"
	Float Kind = "float"
	Word  Kind = "name"
)

// Span is the ends of a range on a logarithmic scale.
type Span struct{ Low, High float64 }

var kinds = map[reflect.Kind]Kind{reflect.Bool: Bool, reflect.Int: Int, reflect.Float64: Float, reflect.String: Word}

// Of is the options of a struct in the order of its fields. A type that is no such struct is a mistake of its author: it panics.
// Those of a Wrapper are those of what it wraps.
func Of(o any) []Field {
	if w, ok := o.(Wrapper); ok {
		return Of(w.Wrapped())
	}
	var fields []Field
	t := reflect.TypeOf(o)
	if t == nil || t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("options: %T is no struct", o))
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		field, err := describe(f, name)
		if err != nil {
			panic(fmt.Sprintf("options: field %s of %T: %v", f.Name, o, err))
		}
		fields = append(fields, field)
	}
	return fields
}

// Wrapper is a value that has the options of another one, which it holds.
type Wrapper interface {
	// Wrapped is the value with the options.
	Wrapped() any
	// Around is the wrapper with another value of the same type inside.
	Around(wrapped any) any
}

// unwrap is the struct that has the options, and puts a changed one back into its wrappers.
func unwrap(o any) (inner any, wrap func(any) any) {
	w, ok := o.(Wrapper)
	if !ok {
		return o, func(x any) any { return x }
	}
	inner, within := unwrap(w.Wrapped())
	return inner, func(x any) any { return w.Around(within(x)) }
}

// describe reads a field's tags.
func describe(f reflect.StructField, name string) (Field, error) {
	kind, ok := kinds[f.Type.Kind()]
	if !ok {
		return Field{}, fmt.Errorf("type %v, want bool, int, float64 or string", f.Type)
	}
	out := Field{Name: name, Help: f.Tag.Get("help"), Kind: kind, zero: f.Tag.Get("zero"), index: f.Index}
	if words := f.Tag.Get("choose"); words != "" {
		out.Choices = strings.Split(words, "|")
	}
	var err error
	if out.valid, err = parseInterval(f.Tag.Get("range")); err != nil {
		return out, err
	}
	if text := f.Tag.Get("search"); text != "" {
		var s Span
		if _, err := fmt.Sscan(text, &s.Low, &s.High); err != nil || !(s.Low > 0 && s.High > s.Low) {
			return out, fmt.Errorf("search %q, want two multiples", text)
		}
		out.Search = &s
	}
	return out, nil
}

// Find is the option of a name.
func Find(o any, name string) (Field, bool) {
	for _, f := range Of(o) {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Has reports whether a type has the option.
func Has(o any, name string) bool {
	_, found := Find(o, name)
	return found
}

// text writes a value as Set reads it.
func (f Field) text(v reflect.Value) string {
	switch f.Kind {
	case Bool:
		return strconv.FormatBool(v.Bool())
	case Int:
		if v.Int() == 0 && f.zero != "" {
			return f.zero
		}
		return strconv.FormatInt(v.Int(), 10)
	case Float:
		if v.Float() == 0 && f.zero != "" {
			return f.zero
		}
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return v.String()
}
