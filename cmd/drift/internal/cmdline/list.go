package cmdline

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// list is a flag of several values between commas, each checked when it is set. Given again it starts anew.
type list[T any] struct {
	to    *[]T
	kind  string
	parse func(string) (T, error)
}

var (
	_ pflag.Value      = list[int]{}
	_ pflag.SliceValue = list[int]{}
)

func (l list[T]) String() string {
	if l.to == nil { // pflag asks a zero value for the default
		return ""
	}
	return strings.Join(l.GetSlice(), ",")
}

func (l list[T]) Type() string { return l.kind }

func (l list[T]) Set(text string) error {
	if strings.TrimSpace(text) == "" {
		return l.Replace(nil)
	}
	return l.Replace(strings.Split(text, ","))
}

func (l list[T]) Append(text string) error { return l.Replace(append(l.GetSlice(), text)) }

func (l list[T]) Replace(texts []string) error {
	all := make([]T, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = l.parse(strings.TrimSpace(text)); err != nil {
			return err
		}
	}
	*l.to = all
	return nil
}

func (l list[T]) GetSlice() []string {
	texts := make([]string, len(*l.to))
	for i, x := range *l.to {
		texts[i] = fmt.Sprint(x)
	}
	return texts
}

// AddList defines a checked flag of several values with its default.
func AddList[T any](flags *pflag.FlagSet, to *[]T, name string, standard []T, usage, kind string, parse func(string) (T, error)) {
	*to = standard
	flags.Var(list[T]{to, kind, parse}, name, usage)
}
