package cmdline

import (
	"fmt"
	"sort"
	"strconv"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"drift/data/suggest"
)

// SetAll reads "flag = value" lines, of which every key must be a flag.
func SetAll(text string, flags *pflag.FlagSet) error {
	settings := map[string]any{}
	if _, err := toml.Decode(text, &settings); err != nil {
		return err
	}
	names := make([]string, 0, len(settings))
	for name := range settings {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := Set(name, settings[name], flags); err != nil {
			return err
		}
	}
	return nil
}

// UnknownError says that a file names a flag which the command does not have.
type UnknownError struct {
	Name string
	Near string // what may have been meant; empty where nothing is like it
}

func (e UnknownError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("%s is no flag of this command: did you mean %s?", e.Name, e.Near)
	}
	return fmt.Sprintf("%s is no flag of this command: see --help", e.Name)
}

// Set sets a flag to a value of TOML, unless it is set already.
func Set(name string, setting any, flags *pflag.FlagSet) error {
	flag := flags.Lookup(name)
	if flag == nil {
		return UnknownError{name, suggest.Nearest(name, Names(flags))}
	}
	if name == "config" || name == "help" {
		return fmt.Errorf("%s is no flag that a file can set: leave it out", name)
	}
	if flag.Changed {
		return nil
	}
	texts, err := texts(setting)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if list, many := flag.Value.(pflag.SliceValue); many {
		err = list.Replace(texts)
	} else if len(texts) != 1 {
		err = fmt.Errorf("got a list: give one value")
	} else {
		err = flag.Value.Set(texts[0])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	flag.Changed = true
	return nil
}

// texts writes a TOML value, or each of a list of them, as it would stand on a command line.
func texts(setting any) ([]string, error) {
	list, many := setting.([]any)
	if !many {
		list = []any{setting}
	}
	all := make([]string, len(list))
	for i, item := range list {
		switch item.(type) {
		case string, bool, int64, float64:
			all[i] = fmt.Sprint(item)
		default:
			return nil, fmt.Errorf("got %v: give a number, a string, true or false, or a list of them", item)
		}
	}
	return all, nil
}

// Names are the flags of a set.
func Names(flags *pflag.FlagSet) []string {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// Typed is a flag's text as TOML shows it best.
func Typed(kind, text string) any {
	switch kind {
	case "bool":
		return text == "true"
	case "int", "number":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case "float":
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			return x
		}
	}
	return text
}
